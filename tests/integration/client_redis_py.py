#!/usr/bin/env python3
"""Debian's python3-redis against a running server: client_redis_py.py standalone|cluster PORT"""

import sys

import redis
from redis.cluster import RedisCluster


def standalone(port):
    client = redis.Redis(port=port)
    client.flushall()
    assert client.set("k", "v")
    assert client.get("k") == b"v"
    assert client.incrby("n", 5) == 5
    assert client.set("k", "w", nx=True) is None
    assert client.rpush("l", "a", "b", "c") == 3 and client.lrange("l", 0, -1) == [b"a", b"b", b"c"]
    assert client.hset("h", mapping={"f": "1", "g": "2"}) == 2
    assert client.hgetall("h") == {b"f": b"1", b"g": b"2"}
    assert client.sadd("s", "a", "b") == 2 and client.smembers("s") == {b"a", b"b"}
    assert client.zadd("z", {"a": 1.5, "b": 2}) == 2
    assert client.zrange("z", 0, -1, withscores=True) == [(b"a", 1.5), (b"b", 2.0)]
    with client.pipeline(transaction=True) as pipe:
        assert pipe.incr("n").incr("n").execute() == [6, 7]
    assert client.expire("k", 100) and 0 < client.ttl("k") <= 100
    assert sorted(client.scan_iter()) == [b"h", b"k", b"l", b"n", b"s", b"z"]
    assert client.info()["redis_version"]
    assert client.config_get("maxmemory")["maxmemory"] is not None


def cluster(port):
    client = RedisCluster(host="127.0.0.1", port=port)
    assert len(client.get_nodes()) >= 3
    for i in range(1000):
        assert client.set(f"redis-py:{i}", i)
    for i in range(1000):
        assert client.get(f"redis-py:{i}") == str(i).encode()
    pipe = client.pipeline()
    for i in range(100):
        pipe.incr(f"redis-py:{i}")
    assert pipe.execute() == [i + 1 for i in range(100)]
    assert client.mset_nonatomic({"a": 1, "b": 2, "c": 3})
    assert client.mget_nonatomic("a", "b", "c") == [b"1", b"2", b"3"]
    assert client.mset({"{t}a": 1, "{t}b": 2}) and client.mget("{t}a", "{t}b") == [b"1", b"2"]
    replica_reader = RedisCluster(host="127.0.0.1", port=port, read_from_replicas=True)
    for i in range(100):
        assert replica_reader.get(f"redis-py:{i}") is not None
    # Every node leads some partitions here, but redis-py calls a node that it first met as a replica a
    # replica for ever; so all are asked. A replica of Redis counts its copies, hence at least.
    assert client.dbsize(target_nodes=RedisCluster.ALL_NODES) >= 1000


if __name__ == "__main__":
    {"standalone": standalone, "cluster": cluster}[sys.argv[1]](int(sys.argv[2]))
    print(f"redis-py {redis.__version__}: {sys.argv[1]} passed")
