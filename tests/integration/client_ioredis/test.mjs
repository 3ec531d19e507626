// npm's ioredis against a running server: node test.mjs standalone|cluster PORT
import assert from 'node:assert/strict';
import Redis from 'ioredis';

async function standalone(port) {
  const client = new Redis(port);
  await client.flushall();
  assert.equal(await client.set('k', 'v'), 'OK');
  assert.equal(await client.get('k'), 'v');
  assert.equal(await client.incrby('n', 5), 5);
  assert.deepEqual(await client.hset('h', { f: '1', g: '2' }), 2);
  assert.deepEqual(await client.hgetall('h'), { f: '1', g: '2' });
  assert.equal(await client.rpush('l', 'a', 'b'), 2);
  assert.deepEqual(await client.lrange('l', 0, -1), ['a', 'b']);
  assert.deepEqual(await client.multi().incr('n').get('k').exec(), [[null, 6], [null, 'v']]);
  assert.deepEqual(await client.pipeline().get('k').get('none').exec(), [[null, 'v'], [null, null]]);
  await client.quit();
}

// A follower learns a little later than the client that a write is committed.
async function eventually(read) {
  const deadline = Date.now() + 5000;
  let value = await read();
  while (value === null && Date.now() < deadline) value = await read();
  return value;
}

async function cluster(port) {
  const client = new Redis.Cluster([{ host: '127.0.0.1', port }], { scaleReads: 'master' });
  await Promise.all(Array.from({ length: 1000 }, (_, i) => client.set(`ioredis:${i}`, i)));
  const values = await Promise.all(Array.from({ length: 1000 }, (_, i) => client.get(`ioredis:${i}`)));
  assert.deepEqual(values, Array.from({ length: 1000 }, (_, i) => String(i)));
  assert.equal(await client.mset('{t}a', 1, '{t}b', 2), 'OK');
  assert.deepEqual(await client.multi().incr('{t}a').incr('{t}b').exec(), [[null, 2], [null, 3]]);
  assert.ok(client.nodes('master').length >= 3);

  // Every node leads some slots and follows others. ioredis sends READONLY only to nodes that lead
  // none, so that its scaleReads: 'slave' finds nobody here; who asks for it himself is answered.
  for (const node of client.nodes('master')) {
    await node.readonly();
    for (let i = 0; i < 100; ++i) assert.equal(await eventually(() => node.get(`ioredis:${i}`)), String(i));
  }
  await client.quit();
}

const [mode, port] = process.argv.slice(2);
await { standalone, cluster }[mode](Number(port));
console.log(`ioredis: ${mode} passed`);
