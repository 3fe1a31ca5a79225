"""A link between the service and PostgreSQL that falsifies what the server says."""

import contextlib
import os
import socket
import tempfile
import threading

from psycopg2.extensions import make_dsn, parse_dsn

# What libpq's own errors look like, such as out of memory while it reads a row: no SQLSTATE.
ERROR_WITHOUT_STATE = b"SERROR\0Mout of memory\0\0"


class Link:
    """While `falsifies`, the server's result of the next statement of that name becomes an error
    without SQLSTATE; while `cuts`, the connection breaks instead. The server itself has run it."""

    def __init__(self, statement):
        self.falsifies = False
        self.cuts = False
        self.spared = 0  # that many come before the one that is meant
        self.falsified = 0
        self._bind = statement.encode() + b"\0"

    def serve(self, listener, server_path):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client, server_path), daemon=True).start()

    def _relay(self, client, server_path):
        server = socket.socket(socket.AF_UNIX)
        server.connect(server_path)
        wanted = threading.Event()

        def towards_server():
            with contextlib.suppress(OSError):
                while data := client.recv(65_536):
                    if (self.falsifies or self.cuts) and self._bind in data:
                        if self.spared == 0:
                            self.falsifies = False
                            wanted.set()
                        self.spared = max(0, self.spared - 1)
                    server.sendall(data)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=towards_server, daemon=True).start()
        buffer = b""
        with contextlib.suppress(OSError):
            while data := server.recv(65_536):
                buffer += data
                while len(buffer) >= 5 and len(buffer) > (length := int.from_bytes(buffer[1:5], "big")):
                    message, buffer = buffer[:length + 1], buffer[length + 1:]
                    client.sendall(self._seen(message, wanted))
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _seen(self, message, wanted):
        kind = message[:1]
        if not wanted.is_set() or kind not in b"DC":
            return message
        if kind == b"D":
            return b""
        wanted.clear()
        if self.cuts:
            raise ConnectionError("as the test wants it")
        self.falsified += 1
        return b"E" + (len(ERROR_WITHOUT_STATE) + 4).to_bytes(4, "big") + ERROR_WITHOUT_STATE


@contextlib.contextmanager
def link(url, statement):
    """A connection string that leads through a Link, and the Link."""
    server = parse_dsn(url)
    with tempfile.TemporaryDirectory(prefix="atelier-link-") as folder, \
            socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.join(folder, ".s.PGSQL.5432"))
        listener.listen(64)
        between = Link(statement)
        thread = threading.Thread(target=between.serve, daemon=True,
                                  args=(listener, os.path.join(server["host"], ".s.PGSQL.5432")))
        thread.start()
        try:
            yield make_dsn(**{**server, "host": folder}), between
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
