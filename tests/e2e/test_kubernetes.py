"""deploy/kubernetes/ fits the service and the containers. What kustomize makes of it, and Kubernetes' schemas, are
tested by `make test-kubernetes`."""

import re
from http.client import HTTPConnection

import pytest
import yaml

from api import PATIENCE_S
from stack import CHECKOUT

pytestmark = pytest.mark.same_with_sanitizers("text")

KUBERNETES = CHECKOUT / "deploy/kubernetes"
STRICT = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
STRICT_POD = {"runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001,
              "seccompProfile": {"type": "RuntimeDefault"}}


def pod(path):
    return yaml.safe_load((KUBERNETES / path).read_text())["spec"]["template"]["spec"]


SERVER = pod("base/deployment.yaml")
PODS = {"server": SERVER, "migration": pod("migrate/job.yaml")}
[SERVICE] = SERVER["initContainers"]
[NGINX] = SERVER["containers"]


def containers(of):
    return of.get("initContainers", []) + of["containers"]


def settings(path):
    lines = (KUBERNETES / path).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("name", PODS)
def test_a_container_may_do_no_more_than_under_docker_compose(name):
    assert PODS[name]["securityContext"] == STRICT_POD
    assert PODS[name]["automountServiceAccountToken"] is False
    for container in containers(PODS[name]):
        assert container["securityContext"] == STRICT
        assert container["resources"]["limits"]["memory"]
    for volume in PODS[name]["volumes"]:
        kind, = volume.keys() - {"name"}
        assert kind == "secret" or volume["emptyDir"]["medium"] == "Memory" and volume["emptyDir"]["sizeLimit"]


@pytest.mark.parametrize("name", PODS)
def test_no_password_is_in_an_environment(name):
    for container in containers(PODS[name]):
        for variable in container.get("env", []):
            assert variable["name"].endswith("_FILE")


def test_every_setting_exists():
    known = re.findall(r"^[A-Z_]+", (CHECKOUT / "deploy/settings.txt").read_text(), re.MULTILINE)
    named = settings("base/service.env").keys() | settings("base/nginx.env").keys()
    named |= {variable["name"].removesuffix("_FILE") for of in PODS.values() for container in containers(of)
              for variable in container.get("env", [])}
    assert named <= set(known)


def test_pods_that_do_not_share_their_memory_have_no_cache():
    deployment = yaml.safe_load((KUBERNETES / "base/deployment.yaml").read_text())
    assert deployment["spec"]["replicas"] > 1
    assert settings("base/service.env")["QA_CACHE_MB"] == "0"


def port_of(container, probe):
    [port] = [port["containerPort"] for port in container["ports"] if port["name"] == probe["httpGet"]["port"]]
    return port


@pytest.mark.parametrize("container", [SERVICE, NGINX], ids=["service", "nginx"])
def test_a_probe_asks_for_what_is_there(stack, container):
    """At the ports of a stack, which stand to each other as those of a pod."""
    probes = [container[name] for name in container if name.endswith("Probe")]
    assert len(probes) == 2
    for probe in probes:
        connection = HTTPConnection("127.0.0.1", stack.port + port_of(container, probe) - 8080, timeout=PATIENCE_S)
        connection.request("GET", probe["httpGet"]["path"])
        assert connection.getresponse().status == 200
        connection.close()


def test_a_pod_has_time_to_end():
    shutdown = re.search(r"^worker_shutdown_timeout (\d+)s;", (CHECKOUT / "deploy/nginx.conf").read_text(), re.MULTILINE)
    leave = re.search(r"^seconds_to_leave=(\d+)", (CHECKOUT / "deploy/containers/serve.sh").read_text(), re.MULTILINE)
    drain_and_kill = 8 + 2  # QA_DRAIN_TIMEOUT_MS, and the supervisor's patience
    needed = (NGINX["lifecycle"]["preStop"]["sleep"]["seconds"] + int(shutdown.group(1)) + int(leave.group(1))
              + drain_and_kill)
    assert SERVER["terminationGracePeriodSeconds"] > needed


def test_the_admin_port_is_not_published():
    service = yaml.safe_load((KUBERNETES / "base/service.yaml").read_text())
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http"]
