"""What a service must survive, one function each: it breaks something of a stack and goes on at once,
or when that is whole enough to be broken again."""

import contextlib
import os
import random
import signal
import time

import psycopg2

from stack import children, paused, wait_until

FROZEN_S = 3  # longer than anybody is vouched for who does not move


def _send(number, pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # it was about to end by itself
            os.kill(pid, number)


def kill(*pids):
    _send(signal.SIGKILL, pids)


def kill_a_worker(stack):
    wait_until(stack.worker_pids)
    kill(random.choice(stack.worker_pids()))


def kill_all_workers(stack):
    """At the same time, as NGINX sees it: none takes a request that another one has lost."""
    workers = stack.worker_pids()
    _send(signal.SIGSTOP, workers)
    kill(*workers)


def kill_the_supervisor(stack):
    """It is started again as `make start` does."""
    kill(stack.supervisor_pid())
    stack.start()


def stop_and_start_the_service(stack):
    supervisor = stack.supervisor_pid()
    os.kill(supervisor, signal.SIGTERM)
    wait_until(lambda: stack.supervisor_pid() != supervisor)
    stack.start()


def freeze_the_supervisor(stack):
    with paused([stack.supervisor_pid()]):
        time.sleep(FROZEN_S)


def freeze_the_service(stack):
    with paused([*stack.worker_pids(), stack.supervisor_pid()]):
        time.sleep(FROZEN_S)


def reload(stack):
    stack.reload()


def reload_nginx(stack):
    os.kill(stack.nginx_pid(), signal.SIGHUP)


def kill_a_worker_of_nginx(stack):
    kill(random.choice(children(stack.nginx_pid())))


def terminate_a_session(stack):
    sessions = stack.busy_backends() or stack.backends()
    if sessions:
        stack.sql("SELECT pg_terminate_backend(%s)", random.choice(sessions))


def terminate_all_sessions(stack):
    stack.terminate_backends()


def crash_the_database(stack):
    """A server process that dies takes all others with it."""
    sessions = []
    wait_until(lambda: sessions.extend(stack.backends()) or sessions)
    victim = sessions[0]
    kill(victim)

    def is_back():
        try:
            return not os.path.exists(f"/proc/{victim}") and stack.sql("SELECT true")
        except psycopg2.OperationalError:
            return False

    wait_until(is_back)


ALL = [kill_a_worker, kill_all_workers, kill_the_supervisor, stop_and_start_the_service,
       freeze_the_supervisor, freeze_the_service, reload, reload_nginx, kill_a_worker_of_nginx,
       terminate_a_session, terminate_all_sessions, crash_the_database]
