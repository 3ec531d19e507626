"""A small blocking client of the Redis protocol."""

import socket


class ReplyError(Exception):
    """An error reply."""


class Connection:
    def __init__(self, port, host="127.0.0.1", timeout=10.0):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, *arguments):
        self.send(*arguments)
        return self.read()

    def send(self, *arguments):
        parts = [b"*%d\r\n" % len(arguments)]
        for argument in arguments:
            data = argument if isinstance(argument, bytes) else str(argument).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self.socket.sendall(b"".join(parts))

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise ReplyError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            length = int(rest)
            return None if length < 0 else self.file.read(length + 2)[:-2]
        if kind == b"*":
            count = int(rest)
            return None if count < 0 else [self._read_element() for _ in range(count)]
        raise ConnectionError(f"not a reply: {line!r}")

    def _read_element(self):
        try:
            return self.read()
        except ReplyError as error:
            return error


def call_once(port, *arguments, timeout=10.0):
    with Connection(port, timeout=timeout) as connection:
        return connection.call(*arguments)


def info(port):
    """INFO as a dictionary of strings."""
    text = call_once(port, "INFO").decode()
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {key: value for key, value in pairs}


def slot_ranges(port):
    """CLUSTER SLOTS as a list of (first slot, last slot, [port of the leader, ports of the others])."""
    reply = call_once(port, "CLUSTER", "SLOTS")
    return [(entry[0], entry[1], [node[1] for node in entry[2:]]) for entry in reply]
