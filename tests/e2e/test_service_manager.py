"""The program under a service manager such as systemd, which is told what the service does, and which passes
on sockets that it has opened."""

import contextlib
import os
import shutil
import signal
import socket
import threading

import pytest

from api import PATIENCE_S, ask
from stack import UnixConnection, children, wait_until
from test_process import Service, is_ready, running


class Manager:
    """The socket to which the service sends its messages."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(PATIENCE_S)
        self._socket.bind(address)
        if address[0] != "\0":
            os.chmod(address, 0o777)  # as systemd's, which its services may write to

    def wait_for(self, name):
        """The next message that has this name, and that nothing but signs of life precede."""
        while True:
            message = dict(line.split("=", 1) for line in self._socket.recv(4096).decode().split("\n"))
            if name in message:
                return message
            assert message.keys() <= {"WATCHDOG", "STATUS"}, message

    def close(self):
        self._socket.close()


def is_refused(connection):
    try:
        ask(connection, "GET", "/healthz")
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("is_abstract", [False, True], ids=["a path", "an abstract name"])
def test_the_manager_is_told_what_the_service_does(stack, tmp_path, is_abstract):
    name = str(tmp_path / "manager")
    with contextlib.closing(Manager(f"\0{name}" if is_abstract else name)) as manager, \
            running(stack, tmp_path, NOTIFY_SOCKET=f"@{name}" if is_abstract else name,
                    WATCHDOG_USEC="2000000") as service:
        assert manager.wait_for("READY") == {"READY": "1", "STATUS": "2 of 2 workers are ready"}
        assert all(is_ready(service.connection(number)) for number in range(2))
        before = children(service.process.pid)
        assert manager.wait_for("WATCHDOG") == {"WATCHDOG": "1"}

        service.process.send_signal(signal.SIGHUP)
        reloading = manager.wait_for("RELOADING")
        assert reloading["RELOADING"] == "1" and int(reloading["MONOTONIC_USEC"]) > 0
        assert manager.wait_for("READY")["READY"] == "1"
        wait_until(lambda: not set(before) & set(children(service.process.pid)))

        worker, *_ = children(service.process.pid)
        environment = open(f"/proc/{worker}/environ", "rb").read()
        assert b"NOTIFY_SOCKET" not in environment and b"WATCHDOG" not in environment

        service.process.terminate()
        assert manager.wait_for("STOPPING")["STOPPING"] == "1"
        assert service.process.wait(PATIENCE_S) == 0


def test_a_reload_that_fails_is_told_to_be_over(stack, tmp_path):
    (tmp_path / "env").touch()
    with contextlib.closing(Manager(str(tmp_path / "manager"))) as manager, \
            running(stack, tmp_path, NOTIFY_SOCKET=str(tmp_path / "manager"),
                    QA_ENV_FILE=str(tmp_path / "env")) as service:
        manager.wait_for("READY")
        (tmp_path / "env").write_text("QA_WORKERS=none\n")
        service.process.send_signal(signal.SIGHUP)
        manager.wait_for("RELOADING")
        manager.wait_for("READY")


# Passes sockets on as systemd does: under the numbers from 3 on, to the process that LISTEN_PID names.
PASS_ON = 'exec 3<&"$1" 4<&"$2"; shift 2; LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=a:b exec "$@"'


@contextlib.contextmanager
def listening(*paths):
    """The descriptors of new sockets there."""
    with contextlib.ExitStack() as sockets:
        descriptors = []
        for path in paths:
            path.parent.mkdir(exist_ok=True)
            one = sockets.enter_context(socket.socket(socket.AF_UNIX))
            one.bind(str(path))
            one.listen(4096)
            descriptors.append(one.fileno())
        yield descriptors


@contextlib.contextmanager
def inheriting(stack, folder, descriptors, **settings):
    """A service to which these are passed on."""
    for descriptor in descriptors:
        os.set_inheritable(descriptor, True)
    # By a shell, since the number of the process that becomes the program must be known before.
    prefix = ["bash", "-c", PASS_ON, "bash", *map(str, descriptors)]
    service = Service(stack, folder, prefix=prefix, close_fds=False, **settings)
    try:
        yield service
    finally:
        service.process.kill()
        service.process.wait()


@contextlib.contextmanager
def asking(path, failures):
    """A client that asks again and again, each time on a new connection."""
    stopped = threading.Event()
    answers = []

    def ask_on():
        while not stopped.is_set():
            try:
                assert ask(UnixConnection(path), "GET", "/healthz").status_code == 200
                answers.append(1)
            except (OSError, AssertionError) as failure:
                failures.append(failure)

    client = threading.Thread(target=ask_on)
    client.start()
    try:
        yield answers
    finally:
        stopped.set()
        client.join()


def test_a_restart_of_a_service_that_inherits_its_sockets_refuses_nobody(stack, tmp_path):
    paths = [tmp_path / f"run/worker{number}.sock" for number in range(2)]
    failures = []
    with listening(*reversed(paths)) as descriptors, contextlib.ExitStack() as services:
        service = services.enter_context(inheriting(stack, tmp_path, descriptors))
        service.wait_until_ready()
        with asking(paths[0], failures) as answers:
            service.process.terminate()
            assert service.process.wait(PATIENCE_S) == 0
            assert all(path.is_socket() for path in paths)
            before = len(answers)
            another = services.enter_context(inheriting(stack, tmp_path, descriptors))
            another.wait_until_ready()
            wait_until(lambda: len(answers) > before)
        assert not [line for line in another.lines() if line["level"] == "warning"]
    assert failures == []


def test_a_reload_keeps_inherited_sockets_that_it_does_not_need(stack, tmp_path):
    paths = [tmp_path / f"run/worker{number}.sock" for number in range(2)]
    env_file = tmp_path / "env"
    with listening(*paths) as descriptors:
        env_file.write_text("QA_WORKERS=1\n")
        with inheriting(stack, tmp_path, descriptors, QA_ENV_FILE=str(env_file), QA_WORKERS="") as service:
            wait_until(lambda: is_ready(service.connection(0)))
            env_file.write_text("QA_WORKERS=2\n")
            service.process.send_signal(signal.SIGHUP)
            wait_until(lambda: is_ready(service.connection(1)))


@pytest.mark.parametrize("names", [("worker0.sock", "other.sock"), ("worker0.sock", "worker00.sock")])
def test_a_socket_that_no_worker_has_is_refused_in_one_line(stack, tmp_path, names):
    with listening(*(tmp_path / "run" / name for name in names)) as descriptors, \
            inheriting(stack, tmp_path, descriptors) as service:
        assert service.process.wait(PATIENCE_S) == 1
        [line] = [line for line in service.lines() if line["level"] == "error"]
        assert line["message"] == "the service cannot start"
        assert f"descriptor 4, '{tmp_path}/run/{names[1]}'" in line["reason"] and "QA_LISTEN" in line["reason"]


def test_workers_without_an_inherited_socket_are_warned_of(stack, tmp_path):
    with listening(*(tmp_path / f"run/worker{number}.sock" for number in range(2))) as descriptors, \
            inheriting(stack, tmp_path, descriptors, QA_WORKERS="3") as service:
        wait_until(lambda: is_ready(service.connection(2)))
        [line] = [line for line in service.lines() if line["level"] == "warning"]
        assert line["others"] == 1


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd is not installed")
def test_the_first_connection_starts_the_service_by_systemds_own_tool(stack, tmp_path):
    (tmp_path / "run").mkdir()
    listen = [f"--listen={tmp_path}/run/worker{number}.sock" for number in range(2)]
    names = ("DATABASE_URL", "QA_WORKERS", "QA_STATE_DIR", "QA_ADMIN_LISTEN", "PATH")
    environment = [f"--setenv={name}" for name in names]
    service = Service(stack, tmp_path, prefix=["systemd-socket-activate", *listen, *environment])
    try:
        wait_until((tmp_path / "run/worker1.sock").is_socket)
        wait_until(lambda: not is_refused(service.connection(0)))
        service.wait_until_ready()
    finally:
        service.process.kill()
        service.process.wait()
        wait_until(service.no_worker_is_left)
