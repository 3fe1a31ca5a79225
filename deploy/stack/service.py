"""The service: its program, the schema that it needs, its process."""

import os
import shutil
import sys
import time
from pathlib import Path

from common import SECONDS_TO_READY, Failure, pause, run, start
from nginx import port_is_taken
from parts import SERVICE

OWNERS = ("QA_OWNER_DATABASE_URL", "QA_OWNER_DATABASE_URL_FILE")  # which are not its business


def install(program):
    """A copy of our own, which a later build does not disturb."""
    new = Path("bin/atelier-qa.new")
    new.unlink(missing_ok=True)
    shutil.copyfile(program, new)
    new.chmod(0o755)
    new.rename("bin/atelier-qa")


def migrate(bare):
    with open("log/migrate.log", "w", encoding="utf-8") as log:
        status = run(*bare, "bin/atelier-qa", "migrate", stdout=log, stderr=log, start_new_session=True)
    if status != 0:
        sys.stderr.write(Path("log/migrate.log").read_text())
        raise Failure(f"the migration failed, see {os.getcwd()}/log/migrate.log")


def remove_leftovers(folder):
    """What a service that was killed left: NGINX would log an error for each socket that nobody has. And the
    pages of versions that had them in a file, as large as their cache."""
    for pattern in ("worker*.sock", "generations.[0-9]", "versions.[0-3]"):
        for leftover in Path(folder).glob(pattern):
            leftover.unlink()


def launch(bare, has_log_file):
    """`has_log_file`: whether a setting names one."""
    # The process writes its own id, so that no moment is left in which it runs unrecorded.
    write_id = 'echo $$ >../service.pid && exec "$@"'
    pid_file = Path(SERVICE.pid_file)
    environment = {name: value for name, value in os.environ.items() if name not in OWNERS}
    if not has_log_file:  # which may be rotated while it runs, unlike what is only its standard error
        environment["QA_LOG_FILE"] = os.path.abspath(SERVICE.log)
    with open(SERVICE.log, "ab") as log:
        start("setsid", "--fork", *bare, "sh", "-c", write_id, "-", os.path.abspath("bin/atelier-qa"), "serve",
              cwd="bin", stdout=log, stderr=log, env=environment)
    deadline = time.monotonic() + SECONDS_TO_READY
    while not (pid_file.exists() and pid_file.read_text()):
        if time.monotonic() > deadline:
            raise Failure(f"the service does not start, see {os.getcwd()}/{SERVICE.log}")
        pause(0.02)


def workers_listen():
    """Whether the workers have their sockets: NGINX logs an error for each that it cannot reach."""
    listen, last = os.environ["QA_LISTEN"], int(os.environ["QA_WORKERS"]) - 1
    if not listen.startswith("unix:"):
        return port_is_taken(int(listen.rpartition(":")[2]) + last)
    return Path(f"{listen.removeprefix('unix:')}{last}.sock").is_socket()
