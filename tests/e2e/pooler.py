"""PgBouncer, in front of the database of a stack."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from stack import free_port, wait_until


PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"


def version():
    told = subprocess.run([PROGRAM, "--version"], text=True, capture_output=True).stdout
    return tuple(map(int, re.search(r"(\d+)\.(\d+)", told).groups()))


@contextlib.contextmanager
def pooler(url, mode, **settings):
    """The connection string that leads through a PgBouncer of its own to the database of `url`."""
    server = parse_dsn(url)
    with tempfile.TemporaryDirectory(prefix="atelier-pooler-") as folder:
        config = Path(folder) / "pgbouncer.ini"
        options = {"listen_addr": "127.0.0.1", "listen_port": free_port(), "unix_socket_dir": "",
                   "auth_type": "any", "pool_mode": mode, "default_pool_size": 40, **settings}
        config.write_text("[databases]\nshop = " + make_dsn(**server) + "\n[pgbouncer]\n"
                          + "".join(f"{name} = {value}\n" for name, value in options.items()))
        command = [PROGRAM, str(config)]
        if os.geteuid() == 0:  # as which it does not run
            shutil.chown(folder, "postgres")
            shutil.chown(config, "postgres")
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--",
                       *command]
        address = make_dsn(host="127.0.0.1", port=options["listen_port"], dbname="shop", user=server["user"])
        with open(Path(folder) / "log", "w") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        try:
            wait_until(lambda: answers(address))
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answers(address):
    with contextlib.suppress(psycopg2.OperationalError):
        psycopg2.connect(address).close()
        return True
