"""Running other programs: bounded in time, and never longer than this one lives."""

import os
import resource
import signal
import subprocess
import sys


class BenchError(Exception):
    """Something that ends the benchmark, told in a sentence."""


def stop_on_signals():
    """SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that all that was started is stopped."""
    def unwind(number, _):
        sys.exit(128 + number)
    signal.signal(signal.SIGTERM, unwind)
    signal.signal(signal.SIGHUP, unwind)


def allow_many_files():
    """Thousands of connections need more files than the usual limit of 1024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65_536), most))


def bound_to_us(command):
    """The command, which the kernel ends when this process ends, even by kill -9."""
    return ["setpriv", "--pdeathsig", "TERM", "--", *map(str, command)]


def start_apart(command, **options):
    """A server that is bound to us, in a session of its own, as the parts of the stack are: Linux shares the
    processors among sessions, so that on a busy machine one that is in the generator's is served sooner."""
    return subprocess.Popen(bound_to_us(command), stdin=subprocess.DEVNULL, start_new_session=True, **options)


def output_of(command, timeout_s=30, environment=None, **options):
    """What a command prints; its failure is ours."""
    try:
        result = subprocess.run(bound_to_us(command), timeout=timeout_s, text=True, check=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                env={**os.environ, **(environment or {})},
                                **{"stderr": subprocess.PIPE, **options})
    except subprocess.CalledProcessError as error:
        said = f"{error.stdout}\n{error.stderr}".strip()[-2000:]
        raise BenchError(f"{command[0]} failed, status {error.returncode}: {said}") from error
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{command[0]} took longer than {timeout_s} s") from error
    return result.stdout
