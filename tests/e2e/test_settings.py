"""The settings of `atelier-qa serve`: listed by --help, and refused when they are wrong."""

import json
import os
import re
import subprocess

import pytest
import yaml

from stack import CHECKOUT

from api import PATIENCE_S

VARIABLES = ["DATABASE_URL", "QA_READ_DATABASE_URL", "QA_OWNER_DATABASE_URL", "QA_MODERATION_DATABASE_URL", "QA_ENV_FILE", "QA_STATE_DIR", "QA_LISTEN",
             "QA_WORKERS", "QA_READ_CONNECTIONS", "QA_WRITE_CONNECTIONS", "QA_QUEUE_LIMIT",
             "QA_OVERLOAD_AFTER_MS",
             "QA_ANSWERS_PER_QUESTION", "QA_LEASE_MS", "QA_LOCK_TIMEOUT_MS", "QA_STATEMENT_TIMEOUT_MS",
             "QA_REQUEST_TIMEOUT_MS", "QA_DRAIN_TIMEOUT_MS", "QA_PAUSE_TIMEOUT_S", "QA_LOG_LEVEL",
             "QA_LOADERIO_TOKEN"]


def listed():
    lines = (CHECKOUT / "deploy/settings.txt").read_text().splitlines()
    return [line.partition("=") for line in lines if not line.startswith("#")]


def names():
    return {name for name, _, now in listed() if not now}


OLD_NAMES = {old: now for old, _, now in listed() if now}


@pytest.fixture
def run(stack, tmp_path):
    """A function that runs the program with these arguments and changes of the environment, and
    returns what became of it; a program that goes on running fails the test."""
    def run(*arguments, **environment):
        environment = {"DATABASE_URL": stack.serving_url, "QA_STATE_DIR": str(tmp_path),
                       **environment}
        return subprocess.run([stack.program, *arguments], env={**os.environ, **environment},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE_S)
    return run


def assert_one_line(result, status, *words):
    assert result.returncode == status, result
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    for word in words:
        assert word in line


@pytest.mark.parametrize("variable", VARIABLES)
def test_help_lists_every_setting(run, variable):
    result = run("serve", "--help")
    assert result.returncode == 0
    assert result.stderr == ""
    assert variable in result.stdout.split()


def test_help_tells_defaults_and_units(run):
    text = run("serve", "--help").stdout
    for line in ("QA_LOCK_TIMEOUT_MS  --lock-timeout-ms  (default 500 ms)",
                 "QA_ANSWERS_PER_QUESTION  --answers-per-question  (default 100 answers)"):
        assert line in text


@pytest.mark.parametrize("variable, value", [
    ("QA_WORKERS", "0"), ("QA_WORKERS", "-1"), ("QA_WORKERS", "two"), ("QA_WORKERS", "1.5"),
    ("QA_WORKERS", "2x"), ("QA_WORKERS", "257"),
    ("QA_WORKERS", "99999999999999999999"), ("QA_READ_CONNECTIONS", "0"),
    ("QA_WRITE_CONNECTIONS", "none"), ("QA_QUEUE_LIMIT", "0"), ("QA_ANSWERS_PER_QUESTION", "-1"),
    ("QA_LOG_LEVEL", "loud"), ("QA_LOADERIO_TOKEN", "a/b"), ("QA_LOADERIO_TOKEN", "a b"),
    ("QA_LOCK_TIMEOUT_MS", "soon"), ("QA_LOCK_TIMEOUT_MS", "2000"),
    ("QA_STATEMENT_TIMEOUT_MS", "3000"), ("QA_STATEMENT_TIMEOUT_MS", "500"),
    ("QA_REQUEST_TIMEOUT_MS", "2000"), ("QA_LISTEN", "nonsense"), ("QA_LISTEN", "127.0.0.1:x"),
    ("QA_LOG_SLOW_MS", "-1"), ("QA_LEASE_MS", "1001"), ("QA_LEASE_MS", "none"), ("QA_SERVER_TIMING", "maybe"),
    ("QA_PREMODERATE", "ALL"), ("QA_PREMODERATE", "5"),
    ("QA_LISTEN", "127.0.0.1:65535"), ("QA_ENV_FILE", "/nonexistent")])
def test_a_wrong_setting_is_one_line_that_names_it_and_exit_status_2(run, variable, value):
    assert_one_line(run("serve", **{variable: value}), 2, variable)


@pytest.mark.parametrize("argument, word", [
    ("--workers=0", "QA_WORKERS"), ("--workers=2x", "QA_WORKERS"), ("--workers", "--workers"),
    ("--nonsense", "--nonsense"), ("nonsense", "nonsense"), ("--database-url=x", "--database-url")])
def test_a_wrong_argument_is_one_line_and_exit_status_2(run, argument, word):
    assert_one_line(run("serve", argument), 2, word)


@pytest.mark.parametrize("text, word", [("QA_WORKERS=0\n", "QA_WORKERS"), ("nonsense\n", "line 1"),
                                        ("# fine\n\nQA_LOG_LEVEL=loud\n", "QA_LOG_LEVEL")])
def test_a_wrong_env_file_is_one_line_and_exit_status_2(run, tmp_path, text, word):
    file = tmp_path / "env"
    file.write_text(text)
    assert_one_line(run("serve", QA_ENV_FILE=str(file)), 2, word)


def test_a_secret_comes_from_a_file_or_the_environment_not_both(run, tmp_path):
    file = tmp_path / "secret"
    file.write_text("postgresql://x")
    assert_one_line(run("serve", DATABASE_URL_FILE=str(file)), 2, "DATABASE_URL_FILE")
    assert_one_line(run("serve", DATABASE_URL="", DATABASE_URL_FILE="/nonexistent"), 2,
                    "DATABASE_URL_FILE")


def test_a_wrong_connection_string_is_told_without_the_password(run):
    result = run("serve", DATABASE_URL="postgresql://user:s3cret@/db?nonsense=1")
    assert_one_line(result, 2, "DATABASE_URL")
    assert "s3cret" not in result.stderr


def test_more_connections_than_the_database_has_is_refused_in_one_line(run, stack):
    limit = stack.sql("SHOW max_connections")[0][0]
    result = run("serve", QA_WORKERS=str(int(limit) // 12 + 1))
    assert result.returncode != 0
    [line] = result.stderr.splitlines()
    assert "connections" in line
    assert limit in line or "max_connections" in line


@pytest.mark.parametrize("argument", ["version", "--version", "-V"])
def test_version_is_told_with_the_revision_and_is_that_of_the_interface(run, argument):
    result = run(argument)
    assert (result.returncode, result.stderr) == (0, "")
    description = yaml.safe_load((CHECKOUT / "docs/openapi.yaml").read_text())
    assert (CHECKOUT / "VERSION").read_text().strip() == description["info"]["version"]
    revision = subprocess.run([CHECKOUT / "scripts/revision.sh"], capture_output=True, text=True)
    commit = revision.stdout.strip().removesuffix("-dirty")
    told = re.fullmatch(r"atelier-qa (\S+)(?: \(revision (\w+)(?:-dirty)?\))?\n", result.stdout)
    assert told.groups() == (description["info"]["version"], commit or None)


@pytest.mark.parametrize("command", [[], ["serve"], ["migrate"], ["import"], ["generate"],
                                     ["settings"], ["pause"], ["resume"]])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_is_given_for_each_command(run, command, flag):
    result = run(*command, flag)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: atelier-qa " + "".join(command))


def test_a_name_that_is_no_setting_is_told_with_the_nearest_one(run, tmp_path):
    word = "QA_CACHE_MEGABYTES is not a setting; did you mean QA_CACHE_MB?"
    file = tmp_path / "env"
    file.write_text("\nQA_CACHE_MEGABYTES=1\n")
    for command in ("serve", "migrate", "settings"):
        assert_one_line(run(command, QA_ENV_FILE=str(file)), 2, "line 2", word)
        # In the environment it may be somebody else's.
        told = run(command, QA_CACHE_MEGABYTES="1", QA_LISTEN="/").stderr
        assert word in told


def test_what_is_set_is_printed_without_secrets(run, tmp_path):
    file = tmp_path / "env"
    file.write_text("QA_WORKERS=3\nQA_LOG_LEVEL=debug\nQA_RATE_LIMIT=5r/s\n")
    result = run("settings", QA_ENV_FILE=str(file), QA_LOG_LEVEL="error", QA_RATE_LIMIT="")
    assert result.returncode == 0
    assert {"QA_WORKERS=3", "QA_LOG_LEVEL=error", "#QA_READ_CONNECTIONS=2", "DATABASE_URL=(set)",
            "#QA_OWNER_DATABASE_URL="} <= set(result.stdout.splitlines())
    assert run("settings", "--elsewhere", QA_ENV_FILE=str(file)).stdout == "QA_RATE_LIMIT=5r/s\n"
    assert run("settings", "--elsewhere", QA_ENV_FILE=str(file), QA_RATE_LIMIT="1r/s").stdout == ""


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["serv"], ["--nonsense"]])
def test_an_unknown_command_is_exit_status_2(run, arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stderr


def test_an_old_name_still_works_and_is_told_with_the_new_one(run):
    for old, now in OLD_NAMES.items():
        result = run("settings", **{old: "77"})
        assert result.returncode == 0
        assert f"{now}=77" in result.stdout.splitlines()
        assert result.stderr == f"{old} is the old name of {now}: it still works\n"
        warning = json.loads(run("serve", QA_LISTEN="/", **{old: "77"}).stderr.splitlines()[0])
        assert warning["level"] == "warning"
        assert old in warning["reason"] and now in warning["reason"]


CONFIGURATION = (CHECKOUT / "docs/configuration.md").read_text()
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", CONFIGURATION, re.M | re.S))


def test_the_manual_has_a_heading_for_each_setting_and_tells_each_old_name():
    assert re.findall("^### (.*)", CONFIGURATION, re.M) == list(SECTIONS)
    assert SECTIONS.keys() == names()
    assert dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", CONFIGURATION, re.M)) == OLD_NAMES


def test_the_manual_tells_the_default_and_the_range_that_the_program_has(run):
    listing = run("serve", "--help").stdout
    defaults = dict(re.findall(r"^  (\w+)  --\S+  \(default (.*)\)$", listing, re.M))
    numbers = 0
    for name, section in SECTIONS.items():
        [told] = re.findall(r"^Default: (.*)\.$", section, re.M)
        limits = re.search(name + r" must be a whole number from (\d+) to (\d+)",
                           run("settings", **{name: "x"}).stderr)
        if limits:
            numbers += 1
            [default, of_all] = told.split(". Range: ")
            assert of_all == " to ".join(limits.groups()), name
            assert defaults[name] in (default, default + " processes"), name
        elif defaults.get(name, "none") != "none":
            assert told == f"`{defaults[name]}`", name
    assert numbers > 10


# What docker-compose.yml decides by itself.
NOT_OF_COMPOSE = {"DATABASE_URL", "DATABASE_URL_FILE", "QA_READ_DATABASE_URL", "QA_READ_DATABASE_URL_FILE",
                  "QA_OWNER_DATABASE_URL",
                  "QA_OWNER_DATABASE_URL_FILE", "QA_MODERATION_DATABASE_URL", "QA_MODERATION_DATABASE_URL_FILE",
                  "QA_MODERATION_TOKENS", "QA_MODERATION_TOKENS_FILE",
                  "QA_ENV_FILE", "QA_STATE_DIR", "QA_LISTEN",
                  "QA_SHARED_FILE", "QA_ACCESS_LOG", "QA_ERROR_LOG", "QA_NGINX_USER", "QA_LOG_FILE",
                  # What docker-compose.tls.yml passes on, or sets.
                  "QA_TLS_CERTIFICATE", "QA_TLS_KEY", "QA_TLS_PORT", "QA_TLS_PUBLIC_PORT", "QA_TLS_HSTS_S"}


def test_containers_have_every_setting():
    passed_on = set(re.findall(r"\$\{(\w+):-", (CHECKOUT / "docker-compose.yml").read_text()))
    assert names() - passed_on == NOT_OF_COMPOSE
    assert OLD_NAMES.keys() <= passed_on
    example = set(re.findall(r"^#(\w+)=", (CHECKOUT / ".env.example").read_text(), re.M))
    images = {name for name in passed_on if name.endswith("IMAGE")}
    assert passed_on - images - OLD_NAMES.keys() == example


def test_every_name_that_a_script_reads_is_in_the_list():
    files = [CHECKOUT / "docker-compose.yml", *(CHECKOUT / "deploy").rglob("*.sh")]
    used = {name for file in files
            for name in re.findall(r"(?<!\w)QA_[A-Z_]+[A-Z](?!\w)", file.read_text())}
    assert used - names() - OLD_NAMES.keys() == set()


def checked(result):
    """What `serve --check` says of each."""
    lines = dict(re.findall(r"^(\w+) +(.*)$", result.stdout, re.M))
    assert list(lines) == ["settings", "database", "schema", "permissions"]
    assert (result.returncode == 0) == all(line == "yes" for line in lines.values())
    return lines


def test_a_check_of_what_is_well_says_yes_four_times_and_makes_the_run_folder(run, stack, tmp_path):
    result = run("serve", "--check", QA_STATE_DIR=str(tmp_path / "not/there"), QA_WORKERS="2",
                 QA_OWNER_DATABASE_URL=stack.owner_url)
    assert set(checked(result).values()) == {"yes"}
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "not/there/run").is_dir()


def test_a_check_tells_what_is_not_well_and_what_helps(run, stack, tmp_path):
    assert_one_line(run("serve", "--check", QA_WORKERS="none"), 2, "QA_WORKERS")
    lines = checked(run("serve", "--check", QA_LISTEN="nonsense"))
    assert "QA_LISTEN" in lines["settings"]
    assert lines["database"] == "yes"

    lines = checked(run("serve", "--check", DATABASE_URL=f"host={tmp_path}"))
    assert re.match("no: .*No such file.*DATABASE_URL", lines["database"])
    assert lines["schema"] == lines["permissions"] == "no: not looked at"
    lines = checked(run("serve", "--check", QA_WORKERS="256", QA_READ_CONNECTIONS="64"))
    assert "max_connections" in lines["database"]

    with stack.empty_database("unmigrated") as url:
        lines = checked(run("serve", "--check", DATABASE_URL=url))
        assert lines["database"] == "yes"
        assert "atelier-qa migrate" in lines["schema"]
        assert run("migrate", DATABASE_URL=url).returncode == 0
        assert set(checked(run("serve", "--check", DATABASE_URL=url)).values()) == {"yes"}
        with stack.database(url) as cursor:
            cursor.execute("DELETE FROM schema_migrations WHERE name ~ '0007'")
            cursor.connection.commit()
        lines = checked(run("serve", "--check", DATABASE_URL=url))
        assert lines["schema"].startswith("no: migrations that are missing: 1;")


def test_a_check_tells_of_missing_permissions(run, stack, tmp_path):
    stack.sql("REVOKE atelier_qa_serving FROM atelier_qa_service")
    stack.sql("GRANT CONNECT ON DATABASE atelier_qa TO atelier_qa_service")
    try:
        lines = checked(run("serve", "--check"))
    finally:
        stack.sql("REVOKE CONNECT ON DATABASE atelier_qa FROM atelier_qa_service")
        stack.sql("GRANT atelier_qa_serving TO atelier_qa_service")
    assert lines["schema"] == "yes"
    assert re.match("no: permission denied.*GRANT atelier_qa_serving TO .atelier_qa_service",
                    lines["permissions"])
    (tmp_path / "file").touch()
    lines = checked(run("serve", "--check", QA_STATE_DIR=str(tmp_path / "file")))
    assert "QA_STATE_DIR" in lines["permissions"]


@pytest.mark.parametrize("url", ["postgresql://qa:hunter2@[host", "postgresql://qa:hunter2%x@host",
                                 "password='hunter2"])
@pytest.mark.parametrize("arguments", [["serve"], ["serve", "--check"], ["migrate"],
                                       ["import", "."]])
def test_a_connection_string_that_is_none_is_never_shown(run, url, arguments):
    result = run(*arguments, DATABASE_URL=url, QA_OWNER_DATABASE_URL="")
    assert result.returncode in (1, 2)
    assert "DATABASE_URL is not a libpq connection string or URI" in result.stdout + result.stderr
    assert "hunter2" not in result.stdout + result.stderr


def test_a_burst_without_a_limit_is_told(tmp_path):
    def configure(**settings):
        return subprocess.run([CHECKOUT / "deploy/configure-nginx.sh", tmp_path], text=True,
                              env={"PATH": os.environ["PATH"], **settings}, capture_output=True)

    assert configure(QA_RATE_LIMIT="5r/s", QA_RATE_BURST="9").stderr == ""
    assert_one_line(configure(QA_RATE_BURST="9"), 0, "QA_RATE_BURST", "QA_RATE_LIMIT")
    assert_one_line(configure(QA_RATE_BURST_READS="9"), 0, "QA_RATE_BURST_READS", "QA_RATE_LIMIT_READS")
    assert_one_line(configure(QA_TLS_PORT="9"), 0, "QA_TLS_PORT", "QA_TLS_CERTIFICATE")
    for name, value in (("QA_RATE_LIMIT_READS", "5"), ("QA_RATE_LIMIT_WRITES", "0r/s"), ("QA_RATE_BURST_WRITES", "few"),
                        ("QA_SERVER_TIMING", "maybe")):
        assert_one_line(configure(**{name: value}), 2, name)
