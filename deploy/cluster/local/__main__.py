"""The commands of deploy/cluster.sh."""

import os
import subprocess
import sys
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2]
sys.path.append(str(DEPLOY / "stack"))

from common import Failure, Stopped, heed_stop_signals, say  # noqa: E402
from example import Example  # noqa: E402
import daemons  # noqa: E402

USAGE = "usage: cluster.sh start | stop | status | switchover | in HOST COMMAND... | atelier-qa HOST COMMAND... |" \
    " patronictl ... | psql ..."


def tell_where(example):
    address = f"http://localhost:{example.port}"
    hosts = "\n".join(f"  {host}        deploy/cluster.sh in {host} curl http://127.0.0.1:{example.port_of(host)}/readyz"
                      for host in daemons.APIS)
    say(f"""
  demo page   {address}/demo/
  the API     curl '{address}/qa/questions?product_id=1'
  API hosts   http://localhost:{example.port + 1}/
{hosts}
  database    deploy/cluster.sh patronictl list
  logs        {example.state}/log/, {example.state}/api1/log/
  stop        {example.stop_command()}
""")


def start(example):
    try:
        example.start()
    except BaseException:
        say("Stopping what was started")
        example.stop()
        raise
    say("The cluster is running.")
    tell_where(example)


def stop(example):
    example.stop()
    say("The cluster is stopped.")


def status(example):
    for daemon in example.daemons():
        say(f"{daemon.name}: {daemon.main() or 'not running'}")
    for host in daemons.APIS:
        say(f"{host}: {'ready' if example.is_host_ready(host) else 'not ready'}")
    return example.patronictl(["list"])


def do(example, command, arguments):
    alone = {"start": start, "stop": stop, "status": status, "switchover": Example.switch_over}
    if command in alone and not arguments:
        return alone[command](example)
    if command == "in" and len(arguments) > 1:
        return example.run_inside(arguments[0], arguments[1:])
    if command == "atelier-qa" and len(arguments) > 1 and arguments[0] in daemons.APIS:
        return example.atelier_qa(arguments[0], arguments[1:])
    if command == "patronictl":
        return example.patronictl(arguments)
    if command == "psql":
        return example.psql(arguments)
    raise Failure(USAGE)


def main(command, *arguments):
    os.umask(0o022)
    os.environ["LC_ALL"] = "C.UTF-8"
    heed_stop_signals()
    try:
        return do(Example(os.environ, DEPLOY), command, arguments) or 0
    except Stopped as stopped:
        return stopped.status
    except Failure as failure:
        sys.stderr.write(f"The cluster: {failure.message}\n")
        return 1
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"The cluster: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [""])))
