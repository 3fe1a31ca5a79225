"""The admin process of a service: where it listens, as it says itself. The addresses are those of QA_ADMIN_LISTEN:
unix:PATH or ADDRESS:PORT."""

import http.client
import json
import socket
from pathlib import Path

from common import output, write_anew

PATIENCE_S = 2
ADDRESSES = Path("admin")  # where the service was told to listen


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _status(address):
    """What the process says of itself; None where none listens."""
    connection = _UnixConnection(address.removeprefix("unix:")) if address.startswith("unix:") else \
        http.client.HTTPConnection(address, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/status.json")
        status = json.load(connection.getresponse())
        return status if "addresses" in status else None
    except (OSError, ValueError, TypeError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def listens(address):
    return _status(address) is not None


def note_addresses(program):
    """Writes down where a service that is started now will listen."""
    settings = output(program, "settings") or ""
    for line in settings.splitlines():
        name, _, value = line.removeprefix("#").partition("=")
        if name == "QA_ADMIN_LISTEN":
            write_anew(ADDRESSES, f"{value}\n")


def page():
    """How to look at the status page; None where that is not possible. Others may have taken a port that is ours
    by default."""
    addresses = ADDRESSES.read_text().replace(",", " ").split() if ADDRESSES.exists() else []
    for address in addresses:
        status = _status(address) if address.startswith("unix:") else None
        if status:
            ports = [other for other in status["addresses"] if not other.startswith("unix:")]
            return f"http://{ports[0]}/status" if ports else \
                f"curl --unix-socket {address.removeprefix('unix:')} http://localhost/status.txt"
    return next((f"http://{address}/status" for address in addresses if listens(address)), None)
