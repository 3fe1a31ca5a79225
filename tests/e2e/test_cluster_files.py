"""The files of deploy/cluster/ and docker-compose.cluster.yml, without starting any of it: `make cluster-test` does
that. The programs that read them check them where they are installed."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from stack import CHECKOUT

FOLDER = CHECKOUT / "deploy/cluster"
COMPOSE = CHECKOUT / "docker-compose.cluster.yml"
for folder in ("deploy/stack", "deploy/cluster/local"):
    sys.path.append(str(CHECKOUT / folder))

import daemons  # noqa: E402

pytestmark = pytest.mark.same_with_sanitizers("configuration of other programs")


@pytest.fixture(scope="module")
def local():
    """What a local cluster gives each daemon: name to environment."""
    network = SimpleNamespace(address=lambda _: "127.0.0.2", own_address=lambda _: "127.0.0.1")
    cluster = SimpleNamespace(state="/state", network=network, password=lambda name: name, postgresql="/bin",
                              port_of=lambda _: 8080, settings_of=lambda _: {})
    return {"etcd": daemons.etcd(cluster, "pg1").environment, "pg": daemons.patroni(cluster, "pg1").environment,
            "haproxy": daemons.database_proxy(cluster, "api1").environment,
            "front": daemons.front(cluster).environment}


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


def haproxy(configuration, environment):
    path = f"{Path('/usr/sbin')}:/usr/bin:/bin"
    if not shutil.which("haproxy", path=path):
        pytest.skip("haproxy is not installed; deploy/install-packages.sh cluster")
    return subprocess.run(["haproxy", "-c", "-f", FOLDER / configuration], env={**environment, "PATH": path},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def test_haproxy_takes_the_files_without_a_warning(local):
    own = {"QA_FRONT_BIND": "127.0.0.1:8080", "QA_STATE_BIND": "127.0.0.1:8081",
           "QA_LOST_WRITE": str(FOLDER / "lost-write.http")}
    for result in (haproxy("database.cfg", local["haproxy"]), haproxy("front.cfg", {**local["front"], **own})):
        assert result.returncode == 0, result.stdout
        assert "WARNING" not in result.stdout, result.stdout


def test_patroni_takes_its_file(local, tmp_path):
    """But for etcd, which it wants to reach, and rules for clients, which are not those of the bootstrap alone."""
    if not shutil.which("patroni"):
        pytest.skip("patroni is not installed; deploy/install-packages.sh cluster")
    result = subprocess.run(["patroni", "--validate-config", FOLDER / "patroni.yml"], cwd=tmp_path,
                            env={**local["pg"], "PATRONI_POSTGRESQL_BIN_DIR": _postgresql(), "PATH": "/usr/bin:/bin"},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    complaints = [line for line in result.stdout.splitlines() if "is not reachable" not in line]
    assert complaints in ([], ["bootstrap.pg_hba  is not defined."])


def _postgresql():
    return str(max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2])))


def test_a_failover_is_planned_so_that_two_primaries_never_overlap():
    """Patroni's rule: a primary has given up before its place is taken."""
    dcs = yaml.safe_load((FOLDER / "patroni.yml").read_text())["bootstrap"]["dcs"]
    assert dcs["loop_wait"] + 2 * dcs["retry_timeout"] < dcs["ttl"] <= 20
    assert dcs["synchronous_mode"]


@pytest.mark.parametrize("kind, service", [("etcd", "etcd1"), ("pg", "pg2"), ("haproxy", "haproxy1"),
                                           ("front", "front")])
def test_containers_and_local_daemons_are_told_the_same(local, services, kind, service):
    told = set(services[service]["environment"])
    if kind == "pg":
        told |= set(re.findall("^(PATRONI_[A-Z_]+)=", (FOLDER / "patroni.sh").read_text(), re.M))
    more = {"QA_FRONT_BIND", "QA_STATE_BIND"} if kind == "front" else set()  # sockets that are handed over
    assert told == set(local[kind]) | more


def test_docker_compose_takes_the_file():
    if not shutil.which("docker-compose"):
        pytest.skip("docker-compose is not installed")
    result = subprocess.run(["docker-compose", "-f", COMPOSE, "config", "--quiet"], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    assert result.returncode == 0 and not result.stdout, result.stdout


def test_what_the_front_says_itself_has_the_form_of_the_service():
    """And a write whose answer was lost gets 504, not 502, which means that nothing was written."""
    head, body = (FOLDER / "lost-write.http").read_bytes().split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 504 ")
    assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
    own = re.findall("http-error status ([0-9]+) content-type application/problem\\+json string '(.*?)'",
                     (FOLDER / "front.cfg").read_text())
    assert {int(status) for status, _ in own} == {400, 408, 502, 503, 504}
    for status, problem in [*own, (504, body.decode())]:
        fields = json.loads(problem)
        assert fields["status"] == int(status) and fields["detail"] and fields["type"] == "about:blank"


def test_the_front_waits_longer_than_the_hosts():
    """Whose NGINX waits for the longest pause and five seconds."""
    from example import API_SETTINGS
    [seconds] = re.findall(r"timeout server (\d+)s", (FOLDER / "front.cfg").read_text())
    assert int(seconds) >= int(API_SETTINGS["QA_PAUSE_TIMEOUT_S"]) + 5 + 3
