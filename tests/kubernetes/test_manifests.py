"""What kustomize makes of deploy/kubernetes/, held to the schemas of Kubernetes' versions: `make test-kubernetes`."""

import subprocess
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "deploy/kubernetes/example"
TOOLS = CHECKOUT / "build/tools"
SCHEMAS = CHECKOUT / "build/kubernetes-schemas"
VERSIONS = sorted(folder.name.removeprefix("v") for folder in SCHEMAS.glob("v1.*"))
FOLDERS = [EXAMPLE / "migrate", EXAMPLE / "serve"]
LAYOUT = "{{ .NormalizedKubernetesVersion }}/{{ .ResourceKind }}{{ .KindSuffix }}.json"


def build(folder):
    return subprocess.run([TOOLS / "kustomize", "build", folder], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def conform(manifests, version):
    return subprocess.run([TOOLS / "kubeconform", "-strict", "-summary", "-kubernetes-version", version,
                           "-schema-location", f"{SCHEMAS}/{LAYOUT}"], input=manifests, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def one(manifests, kind):
    [found] = [document for document in yaml.safe_load_all(manifests) if document["kind"] == kind]
    return found


@pytest.fixture(scope="module")
def with_one_pod():
    """The example with the component that it names in a comment."""
    copy = CHECKOUT / "build/kubernetes-one-pod"
    copy.mkdir(parents=True, exist_ok=True)
    text = (EXAMPLE / "serve/kustomization.yaml").read_text()
    text = text.replace("#components:", "components:").replace("#  - ../../one-pod", "  - ../../one-pod")
    (copy / "kustomization.yaml").write_text(text.replace("../../", "../../deploy/kubernetes/"))
    return build(copy)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_manifests_are_what_kubernetes_takes(folder, version):
    result = conform(build(folder), version)
    print(result.stdout)
    assert result.returncode == 0, result.stdout
    assert "Invalid: 0, Errors: 0, Skipped: 0" in result.stdout


def test_one_pod_is_what_kubernetes_takes(with_one_pod):
    result = conform(with_one_pod, VERSIONS[-1])
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("right, wrong", [("readOnlyRootFilesystem: true", "readonlyRootFilesystem: true"),
                                          ("failureThreshold: 150", "failureThreshold: many"),
                                          ("maxSurge: 1", "maxSurge: {}")])
def test_what_is_wrong_is_noticed(right, wrong):
    manifests = build(EXAMPLE / "serve")
    assert right in manifests
    assert conform(manifests.replace(right, wrong), VERSIONS[-1]).returncode != 0


def test_the_settings_and_secrets_of_a_pod_are_made():
    manifests = build(EXAMPLE / "serve")
    made = {(document["kind"], document["metadata"]["name"]) for document in yaml.safe_load_all(manifests)}
    pod = one(manifests, "Deployment")["spec"]["template"]["spec"]
    for container in pod["initContainers"] + pod["containers"]:
        for source in container["envFrom"]:
            assert ("ConfigMap", source["configMapRef"]["name"]) in made
    [secret] = [volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume]
    assert ("Secret", secret) in made


def test_the_images_are_those_that_the_example_names():
    for folder in FOLDERS:
        for document in yaml.safe_load_all(build(folder)):
            pod = document.get("spec", {}).get("template", {}).get("spec", {})
            for container in pod.get("initContainers", []) + pod.get("containers", []):
                assert container["image"].startswith("registry.example/atelier-qa")


def test_a_pod_with_a_cache_is_never_beside_another(with_one_pod):
    deployment = one(with_one_pod, "Deployment")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    [settings] = [document["data"] for document in yaml.safe_load_all(with_one_pod)
                  if document["kind"] == "ConfigMap" and "QA_CACHE_MB" in document["data"]]
    assert int(settings["QA_CACHE_MB"]) > 0
    assert settings["QA_WORKERS"] == "2"
