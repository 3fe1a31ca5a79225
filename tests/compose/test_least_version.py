"""The oldest docker-compose that reads docker-compose.yml is the one that is stated."""

import re
import subprocess

import pytest

from project import CHECKOUT, run, tools

FILE = CHECKOUT / "docker-compose.yml"
STATED = re.search(r"docker-compose (\d+\.\d+\.\d+) or newer", FILE.read_text()).group(1)
BEFORE = "1.28.6"
HASHES = {"1.29.0": "4c62f5a381c11a4db1eeb1424039e49c785ed943bf4219f2de00a0b477e13069",
          "1.28.6": "f757ac7bbff985dd9f957a9b935dc8e5960456d6291a6e5fc1ec4cf1747a1d01"}


def numbers(version):
    return tuple(map(int, re.search(r"(\d+)\.(\d+)\.(\d+)", version).groups()))


def test_the_readme_states_the_same():
    assert f"docker-compose ≥ {STATED}" in (CHECKOUT / "README.md").read_text()


@pytest.mark.parametrize("tool", tools(), ids=" ".join)
def test_what_is_installed_is_new_enough(tool):
    assert numbers(run(*tool, "version", "--short")) >= numbers(STATED)


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A function that gives a release in Python, on the libraries of Debian's package."""
    def release(version):
        folder = tmp_path_factory.mktemp("compose")
        run("/usr/bin/python3", "-m", "venv", "--system-site-packages", str(folder))
        requirement = folder / "requirements.txt"
        requirement.write_text(f"docker-compose=={version} --hash=sha256:{HASHES[version]}\n")
        run(str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--require-hashes", "--requirement", str(requirement))
        return folder / "bin/docker-compose"

    if subprocess.run(["/usr/bin/python3", "-c", "import compose"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("Debian's docker-compose is not the one in Python")
    return release


@pytest.mark.parametrize("version, is_enough", [(STATED, True), (BEFORE, False)])
def test_the_stated_version_is_the_least(release, version, is_enough):
    result = subprocess.run([release(version), "--file", FILE, "--env-file", CHECKOUT / ".env.example",
                             "--profile", "bench", "config", "--quiet"], text=True, cwd=CHECKOUT,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert (result.returncode == 0) == is_enough, result.stdout
