"""What `make` tells a newcomer: which packages are missing, and, after all steps of `make test`,
which of them failed."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from api import without
from stack import wait_until

pytestmark = pytest.mark.same_with_sanitizers("make and shell scripts")

CHECKOUT = Path(__file__).resolve().parents[2]


def make(target, **environment):
    """As from a shell, also where `make` runs the tests."""
    return subprocess.run(["make", target], cwd=CHECKOUT, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**without(os.environ, "MAKELEVEL"), "MAKEFLAGS": "", **environment})


@pytest.mark.parametrize("target, packages, others", [
    ("unit", ["libpq-dev", "check"], ["nginx", "python3-pytest", "prometheus"]),
    ("e2e", ["libpq-dev", "nginx", "python3-pytest"], ["check", "clang", "docker.io", "chromium", "prometheus"])])
def test_packages_that_are_missing_are_named_and_how_to_install_them(tmp_path, target, packages, others):
    """As on a machine without libraries and with no package installed."""
    (tmp_path / "updates").mkdir()
    (tmp_path / "status").touch()
    result = make(target, DPKG_ADMINDIR=str(tmp_path), PKG_CONFIG_LIBDIR=str(tmp_path))
    assert result.returncode != 0
    [names] = re.findall("These Debian packages are missing: (.*)", result.stdout)
    assert set(packages) <= set(names.split())
    assert not set(others) & set(names.split())  # they are for other targets
    assert f"To install them: deploy/install-packages.sh {target}\n" in result.stdout
    assert len(result.stdout.splitlines()) < 5


@pytest.fixture
def small_checkout(tmp_path):
    """With the script that runs the steps, and steps that need no package."""
    for folder in ("scripts", "deploy"):
        (tmp_path / folder).mkdir()
    shutil.copy(CHECKOUT / "scripts/test.sh", tmp_path / "scripts")
    (tmp_path / "deploy/install-packages.sh").write_text("#!/bin/sh\n")
    (tmp_path / "deploy/install-packages.sh").chmod(0o755)
    (tmp_path / "Makefile").write_text("lint:\n\t@echo linted\n"
                                       "unit:\n\t@echo broken; exit 3\n"
                                       "model e2e:\n\t@touch begun-$@; exec sleep 1000\n")
    return tmp_path


def run(checkout, *steps):
    return subprocess.run([checkout / "scripts/test.sh", *steps], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def test_a_step_that_fails_does_not_keep_the_others_from_being_run(small_checkout):
    result = run(small_checkout, "unit", "lint")
    assert result.returncode == 1
    assert "\nbroken\n" in result.stdout and "\nlinted\n" in result.stdout
    _, summary = result.stdout.split("==== Summary\n")
    assert re.fullmatch(r"packages +0:\d\d min  passed\n"
                        r"unit +0:\d\d min  FAILED with exit status 2\n"
                        r"lint +0:\d\d min  passed\n"
                        r"in all +0:\d\d min\n", summary)


def test_when_all_steps_pass_so_does_the_whole(small_checkout):
    assert run(small_checkout, "lint").returncode == 0
    assert run(small_checkout, "no-such-step").returncode == 2


@pytest.mark.parametrize("steps", [["model", "lint"], ["e2e", "e2e-sanitize", "model", "lint"]], ids=len)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_steps_under_way_and_the_summary_says_so(small_checkout, number, steps):
    with subprocess.Popen([small_checkout / "scripts/test.sh", *steps], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as process:
        wait_until((small_checkout / "begun-model").exists)
        wait_until(lambda: "e2e" not in steps or (small_checkout / "begun-e2e").exists())
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.terminate()
        output, _ = process.communicate()
    assert process.returncode == 128 + number
    assert output.split("==== Summary\n")[1].splitlines()[1] == "interrupted"
    assert "linted" not in output


def test_the_black_box_tests_of_both_builds_run_side_by_side_and_what_computes_beside_them(small_checkout):
    """Each waits for the others to have begun; the output of each is in one piece."""
    (small_checkout / "Makefile").write_text(
        "me = $(if $(SANITIZE),two,one)\nother = $(if $(SANITIZE),one,two)\n"
        "tools:\n"
        "e2e:\n\t@touch $(me); timeout 100 sh -c 'until [ -e $(other) -a -e three ]; do sleep 0.1; done'\n"
        "\t@echo $(me) here; sleep 0.2; echo $(me) there; exit $(if $(SANITIZE),3,0)\n"
        "lint:\n\t@touch three; timeout 100 sh -c 'until [ -e one -a -e two ]; do sleep 0.1; done'\n"
        "\t@echo three here; sleep 0.2; echo three there with nice $$(nice)\n")
    result = subprocess.run([small_checkout / "scripts/test.sh", "tools", "lint", "e2e", "e2e-sanitize"],
                            env=without(os.environ, "SANITIZE"), stdin=subprocess.DEVNULL,
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 1
    assert "one here\none there\n" in result.stdout and "two here\ntwo there\n" in result.stdout
    assert "three here\nthree there with nice 19\n" in result.stdout
    assert re.search("^lint .*passed", result.stdout, re.M)
    assert re.search("^e2e-sanitize .*FAILED", result.stdout, re.M)
    assert re.search("^e2e .*passed", result.stdout, re.M)
