"""The admin process: what it tells operators, whom it does not tell, and how it lives beside the workers."""

import contextlib
import json
import os
import re
import signal
import subprocess
from http.client import HTTPConnection

import pytest

import gates
import seed
import test_process
from api import PATIENCE_S, ask, assert_problem, new_product
from load import Load
from stack import UnixConnection, children, paused, wait_until, workers

PATHS = ["/live", "/ready", "/config", "/metrics", "/status", "/status.json", "/status.txt", "/status.css", "/status.js"]
READ = ("GET", "/qa/questions?product_id=1", None)


def asked(connection, target, method="GET", headers=None):
    with contextlib.closing(connection):
        return ask(connection, method, target, headers=headers)


def get(stack, target, method="GET"):
    return asked(stack.admin(), target, method)


def over_tcp(stack, target, method="GET", **headers):
    """From the port after NGINX's; `Host` is that of http.client unless it is given."""
    connection = HTTPConnection("127.0.0.1", stack.port + 1, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        connection.putrequest(method, target, skip_host="Host" in headers)
        for name, value in headers.items():
            if value is not None:
                connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        response.content = response.read()
        response.status_code = response.status
        response.json = lambda: json.loads(response.content)
        return response


def status(stack):
    return get(stack, "/status.json").json()


def invalidations(stack):
    """The lines of the metrics that tell how often all pages were invalidated, and why."""
    return [line for line in get(stack, "/metrics").content.decode().splitlines()
            if line.startswith("atelier_qa_cache_invalidations_total")]


def silence(stack):
    return float(re.search(r"^atelier_qa_supervisor_silence_seconds (\S+)$", get(stack, "/metrics").content.decode(),
                           re.M)[1])


# What it tells

@pytest.mark.parametrize("path", PATHS)
def test_every_path_responds_at_both_addresses_and_is_neither_stored_nor_read_by_other_sites(stack, path):
    for response in (get(stack, path), over_tcp(stack, path), get(stack, path, "HEAD")):
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]


def test_what_is_not_there_and_methods_that_change_something_are_problems(stack):
    for response in (get(stack, "/nonsense"), over_tcp(stack, "/qa/questions?product_id=1")):
        assert_problem(response, 404)
        assert response.headers["Cache-Control"] == "no-store"
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        response = get(stack, "/ready", method)
        assert_problem(response, 405)
        assert response.headers["Allow"] == "GET, HEAD"
    assert get(stack, "/").headers["Location"] == "/status"


def test_the_status_tells_of_the_processes_that_there_are(stack):
    stack.wait_until_whole()
    told = status(stack)
    assert (told["state"], told["is_ready"], told["fault"]) == ("serving", True, None)
    assert told["workers"] == {"wanted": 2, "ready": 2}
    assert told["supervisor"]["pid"] == stack.supervisor_pid()
    by_role = {role: [one["pid"] for one in told["processes"] if one["role"] == role]
               for role in ("worker", "admin process")}
    assert sorted(by_role["worker"]) == sorted(stack.worker_pids())
    assert by_role["admin process"] == stack.admin_pids()
    assert {one["state"] for one in told["processes"]} == {"ready"}
    assert f"127.0.0.1:{stack.port + 1}" in told["addresses"]
    text = get(stack, "/status.txt").content.decode()
    assert "serving, ready" in text
    assert all(str(pid) in text for pid in children(stack.supervisor_pid()))


def test_the_status_has_rates_and_latencies(stack, api):
    """Of the last seconds: of requests that came before the first sample nothing is told."""
    def told():
        for _ in range(50):
            assert api.get("/qa/questions?product_id=1").status_code == 200
            assert api.get("/qa/questions/0/answers").status_code == 400  # which only a worker answers
        return status(stack)["figures"]

    # Pages that are made soon after a start are not kept for long.
    wait_until(lambda: told()["hit_ratio"] and told()["p99_ms"] is not None)
    figures = told()
    assert 0 < figures["p50_ms"] <= figures["p99_ms"]
    assert 0 < figures["hit_ratio"] <= 1
    assert figures["failures_per_s"] == 0
    assert [lane["name"] for lane in figures["lanes"]] == ["reads", "large reads", "writes"]
    assert {one["for"]: one["idle"] + one["used"] for one in figures["connections"]} == {"reads": 4, "writes": 8}
    assert figures["cache"]["size_bytes"] > 0
    assert "requests a second" in get(stack, "/status.txt").content.decode()


def test_the_settings_are_told_with_their_origins_and_without_secrets(stack):
    response = get(stack, "/config")
    told = {one["name"]: (one["value"], one["from"]) for one in response.json()["settings"]}
    assert told["QA_WORKERS"] == (2, "environment")
    assert told["QA_QUEUE_LIMIT"] == (1024, "default")
    assert told["DATABASE_URL"] == ("(set)", "DATABASE_URL_FILE")
    password = (stack.folder / "secrets/service-password").read_bytes().strip()
    assert password not in response.content
    for pid in stack.admin_pids():  # which could not tell it if it wanted to
        with open(f"/proc/{pid}/environ", "rb") as environment:
            assert password not in environment.read()


def test_the_page_asks_nobody_else(stack):
    for path in ("/status", "/status.css", "/status.js"):
        addresses = re.findall(rb"(?:https?:)?//[\w.-]+", get(stack, path).content)
        assert set(addresses) <= {b"http://www.w3.org"}, path  # the name of SVG, which nobody asks


# Whom it does not tell

@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:8081"])
def test_who_names_this_host_is_answered(stack, host):
    assert over_tcp(stack, "/ready", Host=host).status_code == 200


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:8081", "localhost.attacker.example",
                                  "127.0.0.1.nip.example", "10.0.0.1", ""])
@pytest.mark.parametrize("path", ["/status.json", "/nonsense"])
def test_a_page_whose_name_leads_here_is_told_nothing(stack, host, path):
    response = over_tcp(stack, path, Host=host)
    assert response.status == 421
    assert response.json()["field"] == "Host"
    assert response.headers["Cache-Control"] == "no-store"


def test_nginx_leads_to_no_path_of_it(stack, api):
    for path in PATHS:
        assert_problem(api.get(path), 404)


def test_only_its_own_user_may_use_the_socket(stack):
    assert (stack.folder / "run/admin.sock").stat().st_mode & 0o777 == 0o600


# How it lives

def test_a_worker_that_dies_is_told_of(victim):
    [worker, _] = victim.worker_pids()
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: any(f"(process {worker}) died by signal 9" in event["what"]
                           for event in status(victim)["events"]))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_it_is_replaced_when_it_dies_or_hangs_and_no_page_is_made_anew_for_that(victim, number):
    [before] = victim.admin_pids()
    invalidated = invalidations(victim)
    assert len(invalidated) > 5
    os.kill(before, number)
    wait_until(lambda: victim.admin_pids() not in ([], [before]))
    assert status(victim)["is_ready"]
    assert invalidations(victim) == invalidated
    assert over_tcp(victim, "/ready").status_code == 200


def test_while_the_database_is_away_it_is_alive_and_not_ready(victim):
    victim.stop_database()
    try:
        wait_until(lambda: get(victim, "/ready").status_code == 503)
        assert "database" in assert_problem(get(victim, "/ready"), 503)["detail"]
        assert get(victim, "/live").status_code == 200
        assert status(victim)["workers"]["ready"] == 0
    finally:
        victim.start()
    wait_until(lambda: get(victim, "/ready").status_code == 200)


def test_a_reload_replaces_it_and_is_ready_all_the_time(victim):
    old = set(children(victim.supervisor_pid()))
    probes = [READ, ("GET", "/readyz", None)]
    with Load(victim.port, probes, clients=4) as load:
        load.wait_for(100)
        for _ in range(2):
            generation = status(victim)["generation"]
            victim.reload()
            wait_until(lambda: status(victim)["generation"] == generation + 1)
            load.wait_for(200)
        wait_until(lambda: not old & set(children(victim.supervisor_pid())))
    assert load.others(200) == []
    assert len(victim.admin_pids()) == 1
    assert status(victim)["events"][0]["what"].startswith("reloaded")


def test_a_reload_that_fails_is_told_of(victim):
    with victim.env_file("QA_ADMIN_LISTEN=127.0.0.1:1\n"):
        victim.reload()
        wait_until(lambda: [event for event in status(victim)["events"]
                            if event["what"].startswith("a reload failed")])
    assert any("QA_ADMIN_LISTEN cannot change" in line.get("reason", "") for line in victim.log())


def admin_of(service):
    return UnixConnection(service.folder / "run/admin.sock")


def test_during_a_stop_nothing_is_ready_and_it_ends_last(stack, tmp_path):
    [question] = seed.questions(stack, new_product(), [0])
    long = {f"QA_{limit}_TIMEOUT_MS": str(1000 * seconds)
            for limit, seconds in (("STATEMENT", 500), ("REQUEST", 600), ("DRAIN", 700))}
    with test_process.running(stack, tmp_path, **long) as service:
        service.wait_until_ready()
        kept = service.connection()  # to worker 0, open before it drains
        assert ask(kept, "GET", "/readyz").status_code == 200
        waiting = service.connection(1)
        with gates.on_commits(stack), gates.closed(stack, gates.COMMITS):
            waiting.request("PUT", f"/qa/questions/{question}/helpful")
            gates.wait_until_somebody_waits(stack)
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: asked(admin_of(service), "/ready").status_code == 503)
            assert_problem(ask(kept, "GET", "/readyz"), 503)
            told = asked(admin_of(service), "/status.json").json()
            assert (told["state"], told["fault"]) == ("stopping", "the service is stopping")
            assert asked(admin_of(service), "/live").status_code == 200
        assert waiting.getresponse().status == 204
        assert service.process.wait(PATIENCE_S) == 0


def test_it_sees_a_supervisor_that_stands_still(victim):
    with paused([victim.supervisor_pid()]):
        wait_until(lambda: status(victim)["supervisor"]["tick_age_s"] > 1)
        assert silence(victim) > 1
        assert get(victim, "/ready").status_code == 200
    wait_until(lambda: status(victim)["supervisor"]["tick_age_s"] < 1)
    wait_until(lambda: silence(victim) < 1)


def test_a_port_that_is_taken_is_a_warning_unless_somebody_has_set_it(stack, tmp_path):
    """The port after NGINX's is that of the stack's own admin process."""
    with test_process.running(stack, tmp_path, QA_ADMIN_LISTEN="", PORT=str(stack.port)) as service:
        service.wait_until_ready()
        assert asked(admin_of(service), "/ready").status_code == 200
        [warning] = [line for line in service.lines() if line["level"] == "warning"]
        assert f"127.0.0.1:{stack.port + 1}" in warning["reason"]
        taken = test_process.Service(stack, tmp_path, QA_STATE_DIR=str(tmp_path / "other"),
                                     QA_ADMIN_LISTEN=f"127.0.0.1:{stack.port + 1}")
        assert taken.process.wait(PATIENCE_S) == 1
        assert any("QA_ADMIN_LISTEN" in line.get("reason", "") for line in service.lines())


def test_off_is_off(stack, tmp_path):
    with test_process.running(stack, tmp_path, QA_ADMIN_LISTEN="off") as service:
        service.wait_until_ready()
        assert children(service.process.pid) == workers(service.process.pid)


def test_the_stack_tells_where_the_page_is(stack):
    assert f"  status      http://127.0.0.1:{stack.port + 1}/status\n" in stack.stack_sh("status").stdout


def test_a_stack_whose_port_another_admin_process_has_says_so(stack, tmp_path):
    told = stack.stack_sh("start", PORT=str(stack.port + 1), QA_STATE_DIR=str(tmp_path / "other"),
                          QA_SAMPLE_PRODUCTS="0")
    assert told.returncode != 0
    assert f"port {stack.port + 1} is in use by the admin process of another stack; set PORT" in told.stdout


# atelier-qa health

def health(stack, *arguments, **settings):
    """The exit status of the command, and its line."""
    environment = {**os.environ, "QA_STATE_DIR": str(stack.folder), "QA_WORKERS": "2", **settings}
    result = subprocess.run([stack.program, "health", *arguments], env=environment, capture_output=True, text=True,
                            timeout=PATIENCE_S)
    assert len((result.stdout + result.stderr).splitlines()) == 1, result
    return result.returncode, result.stdout + result.stderr


def test_health_is_that_of_all_workers_or_of_one(victim):
    assert health(victim) == health(victim, "--all") == (0, "2 of 2 workers respond\n")
    assert health(victim, "--worker", "1") == health(victim, "--worker=0") == (0, "1 of 1 workers respond\n")
    hanging = next(one["pid"] for one in status(victim)["processes"]
                   if (one["role"], one["index"]) == ("worker", 1))
    with paused([hanging]):
        code, line = health(victim)
    assert code == 1
    assert "1 of 2 workers respond; worker 1" in line and "not respond in time" in line


@pytest.mark.parametrize("arguments, settings, code, word", [
    (["--worker"], {}, 2, "--worker"), (["--worker=x"], {}, 2, "--worker"), (["--worker=2"], {}, 2, "worker 2"),
    (["--nonsense"], {}, 2, "--nonsense"), ([], {"QA_WORKERS": "3"}, 1, "worker 2"),
    ([], {"QA_LISTEN": "unix:/nowhere/worker"}, 1, "No such file"),
    ([], {"QA_LISTEN": "127.0.0.1:9"}, 1, "refused"), ([], {"QA_LISTEN": "nonsense"}, 2, "QA_LISTEN")])
def test_health_says_in_one_line_what_is_wrong(stack, arguments, settings, code, word):
    exit_status, line = health(stack, *arguments, **settings)
    assert exit_status == code and word in line
