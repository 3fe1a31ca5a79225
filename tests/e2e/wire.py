"""Clients on raw sockets, for tests that need thousands of requests, or many at the same moment."""

import json
import select
import socket

from api import PATIENCE_S


def request(method, target, fields=None, **headers):
    """The bytes of a request; `fields` is the JSON of its body, `If_None_Match` a header."""
    body = b"" if fields is None else json.dumps(fields).encode()
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    if method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # names in lower case
        self.body = body

    def json(self):
        return json.loads(self.body)


class Client:
    """A connection that is kept alive, and made anew after it broke: to NGINX, when `address` is a
    port, or to a worker, when it is the path of its socket."""

    def __init__(self, address, timeout=PATIENCE_S):
        self._address = address
        self._timeout = timeout
        self._socket = None
        self._has_body = True  # the reply that is awaited

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, sent):
        """A `Reply`; OSError when there is none, since the connection broke."""
        self.send(sent)
        return self.receive()

    def send(self, sent):
        self.connect()
        self._has_body = not sent.startswith(b"HEAD ")
        try:
            self._socket.sendall(sent)
        except OSError:
            self.close()
            raise

    def receive(self):
        try:
            return self._read_reply()
        except OSError:
            self.close()
            raise

    def connect(self):
        if self._socket:
            return
        if isinstance(self._address, int):
            self._socket = socket.create_connection(("127.0.0.1", self._address), self._timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(self._timeout)
            self._socket.connect(str(self._address))

    def has_reply(self):
        """Whether a reply is there, or has begun to come."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def close(self):
        if self._socket:
            self._socket.close()
            self._socket = None

    def _read(self):
        data = self._socket.recv(262_144)
        if not data:
            raise ConnectionError("closed by the other side")
        return data

    def _read_reply(self):
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._read()
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value
                   for name, value in (line.split(": ", 1) for line in lines if ": " in line)}
        status = int(first.split()[1])
        body = data[end + 4:]
        if self._has_body and status not in (204, 304):
            while len(body) < int(headers["content-length"]):
                body += self._read()
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Reply(status, headers, body)


def worker_sockets(stack):
    """The paths of the workers' own sockets."""
    return sorted((stack.folder / "run").resolve().glob("worker*.sock"))


def wait_until_taken_in(worker):
    """Until a worker has taken in all that was sent to it before, and has sent what it had to say to
    that without waiting for anything."""
    with Client(worker) as client:
        for _ in range(3):
            assert client.ask(request("GET", "/healthz")).status == 200


def send_at_once(clients, requests):
    """A request on each connection; the replies are then to be received from each."""
    for client in clients:
        client.connect()
    for client, sent in zip(clients, requests):
        client.send(sent)
