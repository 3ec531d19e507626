#!/usr/bin/env python3
"""Sends the same calls, right and wrong ones, to two servers and compares their replies.

    tests/differential/diff_test.py --port-a 6379 --port-b 7001 --seed 1 --count 20000

Replies are compared byte for byte, in RESP2 and RESP3, alone and inside MULTI. Where an order is
free (sets, hashes, KEYS) they are sorted first, where chance decides only their shape counts, and times
to live may differ by what passes between two calls. Both servers are flushed, first and now and then.
"""

import argparse
import random
import socket
import sys

# One pattern a line. Words in angle brackets are generated, see Generator.word; "a|b" is a choice, "?x"
# comes in half of the calls, "+x" one to four times.
PATTERNS = """
set <k> <v> ?nx|xx ?get ?ex <far>|px <farms>|keepttl|pxat <farat>
set <k> <v> <setopt> <setopt> <setopt>
set <k> <i>
get <k>
getset <k> <v>
getdel <k>
getex <k> ?persist|ex <far>|px <farms>|pxat <farat>|exat <ttlsec>
setnx <k> <v>
setex <k> <ttlsec> <v>
psetex <k> <ttlsec> <v>
mset <k> <v> <k> <v> ?<k>
msetnx <k> <v> <k> <v> ?<k>
mget +<k>
append <k> <v>
strlen <k>
incr <k>
decr <k>
incrby <k> <n>
decrby <k> <n>
incrbyfloat <k> <f>
getrange <k> <n> <n>
substr <k> <i> <i>
setrange <k> <i> <v>
setrange <k> <n> <w>
del +<k>
unlink +<k>
exists +<k>
touch +<k>
type <k>
rename <k> <k>
renamenx <k> <k>
copy <k> <k> ?replace ?db ?<i>
object encoding <k>
object freq <k>
object <v> <k>
expire <k> <past>|<far> ?nx|xx|gt|lt|foo ?nx|xx|gt|lt
pexpire <k> <past>|<farms> ?nx|xx|gt|lt
expireat <k> <past>|<farat> ?nx|xx|gt|lt
pexpireat <k> <past>|<farat> ?nx|xx|gt|lt
ttl <k>
pttl <k>
expiretime <k>
pexpiretime <k>
persist <k>
keys *|k*|[ab]*|k?y1
dbsize
randomkey
scan 0 ?count ?<big> ?match ?k* ?type ?string|hash|foo
scan foo
scan 1x
flushdb foo
flushall foo bar
hset <k> <m> <v> <m> <v> ?<m>
hmset <k> <m> <v> ?<m>
hsetnx <k> <m> <v>
hset <k> <m> <n>
hget <k> <m>
hmget <k> +<m>
hgetall <k>
hkeys <k>
hvals <k>
hlen <k>
hdel <k> +<m>
hexists <k> <m>
hstrlen <k> <m>
hincrby <k> <m> <n>
hincrbyfloat <k> <m> <f>
hscan <k> 0 ?count ?<big> ?match ?*|a*
hrandfield <k> ?<i>|<n> ?withvalues|foo
lpush <k> +<v>
rpush <k> +<v>
rpush <k> <v> <v> <v> <v> <v>
lpushx <k> +<v>
rpushx <k> +<v>
lpop <k> ?<i>|<n>
rpop <k> ?<i>|<n>
lpop <k> <i> <i>
llen <k>
lrange <k> <n> <n>
lrange <k> 0 -1
lindex <k> <n>
lset <k> <n> <v>
linsert <k> before|after|foo <v> <v>
lrem <k> <n> <v>
ltrim <k> <i> <i>
lpos <k> <v> ?rank ?<n> ?count ?<n> ?maxlen ?<n>
lpos <k> <v> rank <i> count <i>
lpos <k> <v> count 0 maxlen <i>
rpoplpush <k> <k>
lmove <k> <k> left|right|foo left|right
sadd <k> +<m>
sadd <k> +<i>
srem <k> +<m>
sismember <k> <m>
smismember <k> +<m>
scard <k>
smembers <k>
spop <k> ?<i>|<n> ?<i>
srandmember <k> ?<i>|<n> ?<i>
sscan <k> 0 ?count ?<big> ?match ?*|a*
smove <k> <k> <m>
sinter +<k>
sunion +<k>
sdiff +<k>
sinterstore <k> +<k>
sunionstore <k> +<k>
sdiffstore <k> +<k>
sintercard <i> +<k> ?limit ?<n>
sintercard 2 <k> <k> ?limit ?<i>
zadd <k> <s> <m> <s> <m> ?<s>
zadd <k> ?nx|xx ?gt|lt ?ch ?incr <s> <m>
zadd <k> ?nx|xx ?gt|lt ?ch <s> <m> <s> <m>
zincrby <k> <s> <m>
zrem <k> +<m>
zscore <k> <m>
zmscore <k> +<m>
zcard <k>
zcount <k> <sr> <sr>
zrank <k> <m>
zrevrank <k> <m>
zrange <k> <n> <n> ?withscores ?rev ?limit <i> <i>
zrange <k> 0 -1 ?rev ?withscores
zrange <k> <sr> <sr> byscore ?rev ?withscores ?limit <i> <i>
zrevrange <k> <n> <n> ?withscores
zrangebyscore <k> <sr> <sr> ?withscores ?limit <i> <n>
zrevrangebyscore <k> <sr> <sr> ?withscores ?limit <i> <n>
zrange flat <lr> <lr> bylex ?rev ?withscores ?limit <i> <n>
zrangebylex flat <lr> <lr> ?limit <i> <n>
zrevrangebylex flat <lr> <lr> ?limit <i> <n>
zlexcount flat <lr> <lr>
zadd flat 0 <m> 0 <m>
zrangestore <k> <k> <n> <n> ?rev
zrangestore <k> <k> <sr> <sr> byscore ?rev ?limit <i> <n>
zpopmin <k> ?<i>|<n> ?<i>
zpopmax <k> ?<i>|<n>
zscan <k> 0 ?count ?<big> ?match ?*|a*
zremrangebyrank <k> <n> <n>
zremrangebyscore <k> <sr> <sr>
zremrangebylex flat <lr> <lr>
zrandmember <k> ?<i>|<n> ?withscores|foo
command count <i>
command getkeys set <k> <v>
command getkeys nosuch <k>
command getkeysandflags lmove <k> <k> left right
command getkeys sintercard <i> <k> <k>
command foo
nosuchcommand <v>
""".strip().splitlines()

# Replies whose order is free, as a flat list or as a list of pairs.
UNORDERED = {"smembers", "sinter", "sunion", "sdiff", "keys", "hkeys", "hvals"}
UNORDERED_PAIRS = {"hgetall"}
SCANS = {"scan", "hscan", "sscan", "zscan"}
BY_CHANCE = {"spop", "srandmember", "hrandfield", "zrandmember", "randomkey"}
NEAR = {"ttl": 1, "pttl": 500, "expiretime": 1, "pexpiretime": 500}

# What Redis says of a string tells how it was made (by INCRBYFLOAT, by COPY), not only what it is.
SHORT_ENCODINGS = (b"int", b"embstr", b"raw")


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def call(self):
        words = []
        for token in self.random.choice(PATTERNS).split(" "):
            self.expand(token, words)
        # The whole COMMAND table is compared apart, and a made-up cursor may lead anywhere.
        # In "flat" all scores are equal: Redis promises nothing for orders by name otherwise.
        flat = words[:2] == ["zadd", "flat"]
        if words[0] not in ("command", "scan") and not flat and self.random.random() < 0.08:
            self.spoil(words)
        if self.random.random() < 0.1:
            words[0] = words[0].upper()
        return words

    def expand(self, token, words):
        if token.startswith("?"):
            if self.random.random() < 0.5:
                self.expand(token[1:], words)
        elif token.startswith("+"):
            for _ in range(self.random.randint(1, 4)):
                self.expand(token[1:], words)
        elif "|" in token:
            self.expand(self.random.choice(token.split("|")), words)
        elif token.startswith("<"):
            words.append(self.word(token[1:-1]))
        else:
            words.append(token)

    def spoil(self, words):
        """Leaves one argument out, adds one, or makes one nonsense."""
        at = self.random.randrange(1, len(words) + 1)
        kind = self.random.randrange(3)
        if kind == 0 and at < len(words):
            del words[at]
        elif kind == 1:
            words.insert(at, self.word(self.random.choice("kvinfm")))
        elif at < len(words):
            words[at] = self.random.choice(["", "foo", "-0", "+1", " 1", "1 ", "0x10", "nan", "1e400"])

    def word(self, kind):
        choose = self.random.choice
        if kind == "k":
            return "key%d" % self.random.randrange(10)
        if kind == "v":
            return choose(["a", "b", "c", "", "hello", "10", "3.5", "-7", "x" * 70, "a\r\nb"])
        if kind == "w":
            return choose(["a", "bc"])
        if kind == "m":
            return choose(list("abcdefgh") + ["1", "2", "30", "m" * 80])
        if kind == "i":
            return str(self.random.randrange(-3, 8))
        if kind == "n":
            edges = [2**63 - 1, -(2**63), 2**63, 2**62, -(2**62) - 1, 2**31, -(2**63) + 1, 2**29]
            small = self.random.randrange(-6, 12)
            return str(choose(edges) if self.random.random() < 0.1 else small)
        if kind == "f":
            return choose(["1.5", "-0.25", "3", "1e3", "0.1", "5.0e-5", "inf", "-inf", "1e308", "nan", "x"])
        if kind == "s":
            return choose(["1", "2", "0", "-1", "1.5", "0.1", "1e10", "inf", "-inf", "3.0", "1e-7", "x"])
        if kind == "sr":
            return choose(["-inf", "+inf", "0", "1", "(1", "(0", "2.5", "(inf", "5", "(", "", "x", "-1"])
        if kind == "lr":
            return choose(["-", "+", "[a", "(a", "[c", "(f", "[", "(", "x", "[zz"])
        if kind == "far":
            return str(self.random.randrange(10000, 20000))
        if kind == "farms":
            return str(self.random.randrange(10000000, 20000000))
        if kind == "farat":
            return str(self.random.randrange(4000000000000, 5000000000000))
        if kind == "ttlsec":
            return choose(["1000000", "0", "-1", "x", "9223372036854775807", "9223372036854775", "4000000000"])
        if kind == "past":
            return choose(["0", "-1", "-5", str(2**63 - 1), str(-(2**63)), str(2**63), "9223372036854775", "x"])
        if kind == "big":
            return choose(["1000", "0", "x", "10000"])
        if kind == "setopt":
            return choose(["nx", "xx", "get", "keepttl", "ex", "px", "exat", "persist", "5000000", "x"])
        raise ValueError(kind)


class Reply:
    """A reply as it came (`raw`) and what is in it: bytes, or a list with its type's sign."""

    def __init__(self, raw, sign, value):
        self.raw, self.sign, self.value = raw, sign, value

    def key(self):
        return self.raw

    def shape(self):
        if isinstance(self.value, list):
            return (self.sign, tuple(item.shape() for item in self.value))
        return self.sign if self.sign != b"-" else self.raw


class Client:
    def __init__(self, port, version):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")
        if version == 3:
            self.ask(["HELLO", "3"])

    def ask(self, words):
        encoded = [w.encode() for w in words]
        wire = b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded)
        self.socket.sendall(wire)
        return self.read()

    def read(self):
        line = self.file.readline()
        if not line:
            raise SystemExit("a server closed the connection")
        sign, rest = line[:1], line[1:-2]
        if sign in b"$=" and int(rest) >= 0:
            body = self.file.read(int(rest) + 2)
            return Reply(line + body, sign, body[:-2])
        if sign in b"*~>%" and int(rest) >= 0:
            count = int(rest) * (2 if sign == b"%" else 1)
            items = [self.read() for _ in range(count)]
            return Reply(line + b"".join(i.raw for i in items), sign, items)
        return Reply(line, sign, rest)


def by_raw(items):
    return sorted(item.raw for item in items)


def agree(words, a, b):
    name = words[0].lower()
    if a.raw == b.raw:
        return True
    if a.sign != b.sign:
        return False
    lists = isinstance(a.value, list) and isinstance(b.value, list)
    if name == "object" and a.value in SHORT_ENCODINGS and b.value in SHORT_ENCODINGS:
        return True
    if name in BY_CHANCE:
        return a.shape() == b.shape()
    if name in NEAR and a.sign == b":":
        return abs(int(a.value) - int(b.value)) <= NEAR[name] and int(a.value) > 0
    if not lists or len(a.value) != len(b.value):
        return False
    if name in UNORDERED:
        return by_raw(a.value) == by_raw(b.value)
    if name in UNORDERED_PAIRS:
        return pairs(a.value) == pairs(b.value)
    return False


def pairs(items):
    return sorted((items[i].raw, items[i + 1].raw) for i in range(0, len(items), 2))


def without_subcommands(reply):
    """The reply with sets sorted. A container's subcommands are looked at by their own names."""
    if not isinstance(reply.value, list):
        return reply.raw
    items = reply.value
    if len(items) == 10 and reply.sign == b"*" and isinstance(items[9].value, list):
        # In RESP2 flags and categories are arrays too, in an order that says nothing.
        return [sorted(map(repr, parts)) if isinstance(parts, list) else parts
                for parts in map(without_subcommands, items[:9])]
    kept = [without_subcommands(item) for item in items]
    for at, item in enumerate(items):
        if item.value == b"subcommands":
            kept = kept[:at]
            break
    return sorted(map(repr, kept)) if reply.sign == b"~" else kept


def scan_all(client, words):
    """All that a scan finds until its cursor is 0 again, or the error."""
    at = 1 if words[0].lower() == "scan" else 2
    found, cursor = [], words[at] if len(words) > at else None
    while True:
        reply = client.ask(words)
        if not isinstance(reply.value, list):
            return reply.raw
        items = reply.value[1].value
        width = 2 if words[0].lower() in ("hscan", "zscan") else 1
        found += [tuple(i.raw for i in items[n : n + width]) for n in range(0, len(items), width)]
        cursor = reply.value[0].value.decode()
        if cursor == "0":
            return sorted(set(found))
        words = words[:at] + [cursor] + words[at + 1 :]


def dump(client):
    """All keys with their contents, in one order."""
    contents = {}
    for key in sorted(item.value.decode() for item in client.ask(["KEYS", "*"]).value):
        kind = client.ask(["TYPE", key]).value.decode()
        read = {
            "string": ["GET", key],
            "list": ["LRANGE", key, "0", "-1"],
            "set": ["SMEMBERS", key],
            "hash": ["HGETALL", key],
            "zset": ["ZRANGE", key, "0", "-1", "WITHSCORES"],
        }.get(kind)
        if read is None:  # It has expired since KEYS.
            continue
        reply = client.ask(read)
        value = reply.raw
        if kind == "set":
            value = by_raw(reply.value)
        if kind == "hash":
            value = pairs(reply.value)
        has_ttl = int(client.ask(["PTTL", key]).value) >= 0
        contents[key] = (kind, value, has_ttl)
    return contents


class Comparison:
    def __init__(self, options):
        self.options = options
        self.generator = Generator(options.seed)
        self.clients = {
            version: (Client(options.port_a, version), Client(options.port_b, version))
            for version in (2, 3)
        }
        self.mismatches = 0

    def both(self, version, words):
        a, b = self.clients[version]
        return a.ask(words), b.ask(words)

    def report(self, what, a, b):
        self.mismatches += 1
        print(f"MISMATCH {what}\n  a: {a!r}\n  b: {b!r}", flush=True)
        if self.mismatches >= self.options.mismatches_max:
            raise SystemExit(f"seed={self.options.seed}: stopped after {self.mismatches} mismatches")
        self.both(2, ["FLUSHALL"])

    def one(self, version, words):
        if words[0].lower() in SCANS:
            a, b = (scan_all(client, list(words)) for client in self.clients[version])
            if a != b:
                self.report(f"RESP{version} {words}", a, b)
            return
        a, b = self.both(version, words)
        if not agree(words, a, b):
            self.report(f"RESP{version} {words}", a.raw[:300], b.raw[:300])
        if words[0].lower() == "spop":  # Each server took members of its own choice.
            self.both(2, ["DEL", words[1] if len(words) > 1 else "none"])

    def transaction(self, version):
        calls = [self.generator.call() for _ in range(self.generator.random.randint(1, 4))]
        calls = [c for c in calls if c[0].lower() not in SCANS and c[0].lower() not in BY_CHANCE]
        for words in [["MULTI"], *calls]:
            a, b = self.both(version, words)
            if a.raw != b.raw:
                self.report(f"RESP{version} in MULTI {words}", a.raw, b.raw)
        a, b = self.both(version, ["EXEC"])
        if not isinstance(a.value, list) or not isinstance(b.value, list):
            if a.raw != b.raw:
                self.report(f"RESP{version} EXEC of {calls}", a.raw, b.raw)
            return
        for words, one, other in zip(calls, a.value, b.value):
            if not agree(words, one, other):
                self.report(f"RESP{version} in EXEC {words}", one.raw[:300], other.raw[:300])

    def rows(self):
        """COMMAND INFO and DOCS of every command that both have, but for subcommands only one has."""
        both = None
        for client in self.clients[2]:
            names = {item.value.decode() for item in client.ask(["COMMAND", "LIST"]).value}
            both = names if both is None else both & names
        for name in sorted(both):
            for version in self.clients:
                for what in ("INFO", "DOCS"):
                    a, b = self.both(version, ["COMMAND", what, name])
                    a, b = without_subcommands(a), without_subcommands(b)
                    if a != b:
                        self.report(f"RESP{version} COMMAND {what} {name}", a, b)

    def run(self):
        self.both(2, ["FLUSHALL"])
        if self.options.rows:
            self.rows()
        for step in range(self.options.count):
            version = self.generator.random.choice((2, 3))
            if self.generator.random.random() < 0.05:
                self.transaction(version)
            else:
                self.one(version, self.generator.call())
            if step % 250 == 249:
                a, b = (dump(client) for client in self.clients[2])
                if a != b:
                    differing = {k for k in a.keys() | b.keys() if a.get(k) != b.get(k)}
                    self.report(
                        f"contents after step {step}",
                        {k: a.get(k) for k in differing},
                        {k: b.get(k) for k in differing},
                    )
            if self.generator.random.random() < 0.002:
                self.both(2, ["FLUSHALL"])
        print(f"seed={self.options.seed} calls={self.options.count} mismatches={self.mismatches}")
        return 1 if self.mismatches else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port-a", type=int, required=True, help="the reference")
    parser.add_argument("--port-b", type=int, required=True)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--rows", action="store_true", help="compare COMMAND INFO and DOCS first")
    parser.add_argument("--mismatches-max", type=int, default=20)
    sys.exit(Comparison(parser.parse_args()).run())


main()
