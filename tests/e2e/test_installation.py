"""What `make install` installs, without the checkout; and the manual, which is what `--help` prints."""

import fcntl
import http.client
import os
import re
import shutil
import signal
import subprocess

import pytest

from api import PATIENCE_S, without
from stack import CHECKOUT, free_port, wait_until
from test_tls import make_certificate

no_program = pytest.mark.same_with_sanitizers("a shell script, man and systemd")

HELP = CHECKOUT / "src/cli/help"
COMMANDS = sorted(path.stem for path in HELP.glob("*.txt") if path.stem != "atelier-qa")


def make(*arguments):
    """As from a shell, and alone in the checkout, like the build of a stack."""
    sanitize = [f"SANITIZE={os.environ['SANITIZE']}"] if os.environ.get("SANITIZE") else []
    with (CHECKOUT / "Makefile").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", "--silent", *sanitize, *arguments], cwd=CHECKOUT, check=True,
                       env={**without(os.environ, "MAKELEVEL"), "MAKEFLAGS": ""}, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def installed(stack, tmp_path_factory):
    """The folder that everything is installed under."""
    prefix = tmp_path_factory.mktemp("prefix")
    for folder in (prefix, *prefix.parents[:2]):
        folder.chmod(0o755)
    make("install", f"PREFIX={prefix}")
    return prefix


def install(command, **variables):
    """What `make` calls, where everything is built already."""
    build = CHECKOUT / "build" / ("sanitize" if os.environ.get("SANITIZE") else "release")
    subprocess.run([CHECKOUT / "scripts/install.sh", command], check=True,
                   env={"PATH": os.environ["PATH"], "BUILD": str(build), **variables})


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def run(program, *arguments, **environment):
    return subprocess.run([program, *arguments], env={"PATH": os.environ["PATH"], **environment}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S)


# The manual


def words(text):
    return re.sub(r"^([A-Z][A-Za-z ]*):$", r"\1", text, flags=re.M).split()


def unescaped(text):
    for escape, sign in ((r"\-", "-"), (r"\(aq", "'"), (r"\(ga", "`"), (r"\(ha", "^"), (r"\(ti", "~"), (r"\e", "\\")):
        text = text.replace(escape, sign)
    return text


def words_of_page(page):
    """What a manual page says, but for the parts that it has beside the help's text."""
    text = page.split(".SH SYNOPSIS\n")[1].split(".SH SEE ALSO\n")[0].replace(".SH DESCRIPTION\n", "")
    text = re.sub(r"^\.SH (.*)$", lambda heading: heading[1].capitalize(), text, flags=re.M)
    text = re.sub(r"^\.[A-Z]+$|^\.(?:nf|fi)$|\\f[BR]|^\\&", "", text, flags=re.M)
    return unescaped(text).split()


@pytest.mark.parametrize("command", ["atelier-qa", *COMMANDS])
def test_a_manual_page_says_what_the_help_does(installed, command):
    name = command if command == "atelier-qa" else f"atelier-qa-{command}"
    page = (installed / f"share/man/man1/{name}.1").read_text()
    told = run(installed / "bin/atelier-qa", *([] if command == "atelier-qa" else [command]), "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert words_of_page(page) == words(told.stdout.removeprefix("Usage: "))
    purpose = (HELP / f"{command}.txt").read_text().splitlines()[0]
    assert f".SH NAME\n{name} - {purpose}\n" in unescaped(page)
    others = {"atelier-qa", *(f"atelier-qa-{one}" for one in COMMANDS)} - {name}
    assert set(re.findall(r"^\.BR (\S+) \(1\),?$", unescaped(page), re.M)) == others


@no_program
@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed")
@pytest.mark.parametrize("command", ["atelier-qa", *(f"atelier-qa-{command}" for command in COMMANDS)])
def test_man_has_nothing_to_say_against_a_page(installed, command):
    result = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", installed / f"share/man/man1/{command}.1"],
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MANROFFSEQ": ""}, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, check=True)
    assert result.stderr == ""


def test_each_command_has_a_manual_and_is_listed_with_what_it_is_for(installed):
    source = (CHECKOUT / "src/main.c").read_text()
    assert sorted(set(re.findall(r'\{"([a-z-]+)",', source)) - {"worker", "admin", "validator"}) == COMMANDS
    listing = run(installed / "bin/atelier-qa", "--help").stdout
    for command in COMMANDS:
        purpose = (HELP / f"{command}.txt").read_text().splitlines()[0]
        assert re.search(rf"^  {command} +{re.escape(purpose)}$", listing, re.M)
        assert run(installed / "bin/atelier-qa", "help", command).stdout == \
            run(installed / "bin/atelier-qa", command, "-h").stdout


def test_the_help_tells_the_range_that_the_program_has(installed):
    told = run(installed / "bin/atelier-qa", "generate", "--help").stdout
    for option in ("--products", "--seed"):
        limits = re.search(r"from (\d+) to (\d+)",
                           run(installed / "bin/atelier-qa", "generate", "x", option, "-1").stderr)
        assert re.search(rf"^  {option} \w\n      {limits[1]} to {limits[2]}, default \d", told, re.M)


def completions(installed, *words):
    """What Bash offers for the last of the words."""
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' \
             '_atelier_qa "$1" "${COMP_WORDS[COMP_CWORD]}"; printf "%s\\n" "${COMPREPLY[@]}"'
    result = run("bash", "-c", script, "bash", installed / "share/bash-completion/completions/atelier-qa",
                 installed / "bin/atelier-qa", *words)
    return set(result.stdout.split())


def test_bash_completes_commands_options_and_settings(installed):
    assert completions(installed, "") == {*COMMANDS, "help", "--help", "--version"}
    assert completions(installed, "se") == {"serve", "settings"}
    assert completions(installed, "help", "mig") == {"migrate"}
    assert completions(installed, "serve", "--wo") == {"--workers="}
    assert completions(installed, "import", "--re") == {"--rejects", "--replace"}


# What is installed


@pytest.mark.skipif(bool(os.environ.get("SANITIZE")), reason="NGINX's module needs a sanitizer's library")
def test_what_is_installed_serves_by_itself(stack, installed, tmp_path):
    """The schema is brought up to date, the service serves, and NGINX before it, from there alone."""
    port = free_port()
    settings = installed / "etc/atelier-qa/settings.env"
    text = settings.read_text().replace("/run/atelier-qa\n", f"{tmp_path}\n")
    settings.write_text(f"{text}PORT={port}\nQA_WORKERS=1\nDATABASE_URL_FILE={tmp_path}/url\n"
                        "QA_PAUSE_TIMEOUT_S=20\nQA_SERVER_TIMING=true\n")
    (tmp_path / "url").write_text(stack.serving_url)
    environment = {"PATH": f"{os.environ['PATH']}:/usr/sbin", "QA_ENV_FILE": str(settings)}
    if os.geteuid() == 0:  # whose NGINX would run its workers as somebody who cannot come near
        environment["QA_NGINX_USER"] = "root root"
    program = installed / "bin/atelier-qa"
    assert run(program, "migrate", **environment, QA_OWNER_DATABASE_URL=stack.owner_url).returncode == 0
    with (tmp_path / "log").open("w") as log, \
            subprocess.Popen([program, "serve"], env=environment, cwd="/", stderr=log) as service:
        try:
            wait_until((tmp_path / "run/worker0.sock").is_socket)
            (tmp_path / "url").unlink()  # who prepares NGINX need not be able to read it
            told = run(installed / "lib/atelier-qa/prepare-nginx.sh", str(tmp_path / "nginx"), **environment)
            assert (told.returncode, told.stderr) == (0, "")
            configuration = (tmp_path / "nginx/http.conf").read_text()
            assert "proxy_read_timeout 25s;" in configuration and "$server_timing" in configuration
            nginx = subprocess.Popen(["nginx", "-p", f"{tmp_path}/nginx/", "-c", "nginx.conf", "-e", "stderr",
                                      "-g", "daemon off;"], env=environment)
            try:
                wait_until(lambda: all(ask(port, path) == 200 for path in (
                    "/readyz", "/qa/questions?product_id=1", "/demo/", "/widget/1.0.0/product-questions.js", "/docs/", "/qa/openapi.yaml")))
                wait_until(lambda: ask(port, "/qa/questions?product_id=1") == 200
                           and '"ring":"hit"' in (tmp_path / "nginx/access.log").read_text())
            finally:
                nginx.send_signal(signal.SIGQUIT)
                nginx.wait()
        finally:
            service.terminate()
    assert service.returncode == 0


def test_a_renewed_certificate_is_taken_with_the_settings_of_what_is_installed(installed, tmp_path):
    certificate, key, pair = tmp_path / "shop.pem", tmp_path / "shop.key", tmp_path / "tls.pem"
    settings = tmp_path / "settings.env"

    def take():
        return run(installed / "lib/atelier-qa/prepare-nginx.sh", str(tmp_path), "--certificate",
                   QA_ENV_FILE=str(settings))

    settings.write_text(f"QA_STATE_DIR={tmp_path}\n")
    assert take().returncode == 0  # there is no TLS
    settings.write_text(f"QA_STATE_DIR={tmp_path}\nQA_TLS_CERTIFICATE={certificate}\nQA_TLS_KEY={key}\n")
    make_certificate(certificate, key)
    assert take().returncode == 0
    assert pair.read_text() == certificate.read_text() + "\n" + key.read_text()
    first = pair.read_text()
    make_certificate(certificate, tmp_path / "another.key")
    assert (take().returncode, pair.read_text()) == (1, first)
    assert {path.name for path in tmp_path.iterdir()} == {"shop.pem", "shop.key", "another.key", "settings.env", "tls.pem",
                                                          pair.readlink().name}


def ask(port, path):
    """The status of a response; None where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


@no_program
def test_a_package_has_the_same_files_and_units_that_name_where_they_will_be(installed, tmp_path):
    install("install", DESTDIR=str(tmp_path), PREFIX="/usr")
    assert {name.removeprefix("usr/") for name in files(tmp_path)} == set(files(installed))
    for path in (tmp_path / "usr/lib/systemd/system").iterdir():
        assert not re.search("@[a-z]+@", path.read_text())
    unit = (tmp_path / "usr/lib/systemd/system/atelier-qa.service").read_text()
    assert "ExecStart=/usr/bin/atelier-qa serve\n" in unit and "=/etc/atelier-qa/settings.env\n" in unit


@no_program
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_understands_the_units(installed):
    units = sorted((installed / "lib/systemd/system").iterdir())
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert [line for line in result.stdout.splitlines() if "atelier-qa" in line] == []


@no_program
def test_what_is_removed_leaves_only_settings(installed, tmp_path):
    install("install", PREFIX=str(tmp_path))
    (tmp_path / "etc/atelier-qa/settings.env").write_text("PORT=1\n")
    install("install", PREFIX=str(tmp_path))
    install("uninstall", PREFIX=str(tmp_path), BUILD="build/nothing")  # as from a fresh checkout
    assert files(tmp_path) == ["etc/atelier-qa/settings.env"]
    assert (tmp_path / "etc/atelier-qa/settings.env").read_text() == "PORT=1\n"
