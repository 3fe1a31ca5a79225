"""The containers as docker-compose.yml brings them up. The tests are in an order: those at the end
add, kill and remove containers."""

import re

import pytest
import requests

from api import EMAIL, PATIENCE_S, new_product
from load import Load
from project import WORKERS, run
from stack import wait_until

KILL_THE_SUPERVISOR = """for process in /proc/[0-9]*; do
    if grep -qs 'PPid:.1$' $process/status && grep -qs 'Name:.atelier-qa' $process/status; then
        kill -9 ${process#/proc/}
    fi
done"""
ONE_SHOTS = ("secrets", "roles", "schema")


def wait_for_workers(project, containers):
    wait_until(lambda: len(project.workers()) == WORKERS * containers)


def reads(products):
    return [("GET", f"/qa/questions?product_id={product}", None) for product in products]


def votes(questions):
    return [("PUT", f"/qa/questions/{question}/helpful", b"") for question in questions]


@pytest.fixture
def questions(api):
    """Questions that only this test votes for, so many that votes seldom meet."""
    product = new_product()
    return [api.add_question(product)["question_id"] for _ in range(100)]


def votes_committed(project, questions):
    ids = ",".join(map(str, questions))
    return int(project.sql(f"SELECT sum(helpful) FROM questions WHERE id IN ({ids})"))


def assert_votes_counted_once(project, questions, load):
    """Each 204 is one vote, and each 504 is one or none; nothing else is any."""
    answered = [outcome[2] for outcome in load.outcomes if outcome[0] == "PUT"]
    least, most = answered.count(204), answered.count(204) + answered.count(504)
    assert least <= votes_committed(project, questions) <= most
    assert least > 0


def assert_no_request_fails(project, questions, change, containers):
    """While `change` is made, until that many containers serve."""
    with Load(project.port, reads(range(1, 200)) + votes(questions)) as load:
        load.wait_for(200)
        change()
        wait_for_workers(project, containers)
        load.wait_for(200)
    assert load.others(200, 204) == []
    assert_votes_counted_once(project, questions, load)


# One container

def test_sample_data_are_there_and_another_up_changes_nothing(project, api):
    assert api.questions(1)
    for service in ONE_SHOTS:
        container = project.container(service)
        assert project.state(container)["ExitCode"] == 0
    count = project.sql("SELECT count(*) FROM questions")
    running = [project.containers(service) for service in ("postgres", "service", "nginx")]
    question = api.add_question(new_product())
    project.compose("up", "--detach")
    assert [project.containers(service) for service in ("postgres", "service", "nginx")] == running
    assert int(project.sql("SELECT count(*) FROM questions")) == int(count) + 1
    assert api.answers(question["question_id"]) == []


def test_writes_are_read_back_through_every_worker(project, api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    answer = api.add_answer(question, photos=["https://img.example/1.jpg"])["answer_id"]
    api.vote("questions", question, times=3)
    api.vote("answers", answer)
    pages = project.ask_each_worker(f"/qa/questions?product_id={product}")
    assert len(pages) == WORKERS
    for page in pages:
        [shown] = page["results"]
        assert shown["question_helpfulness"] == 3
        assert shown["answers"][str(answer)]["helpfulness"] == 1
    api.report("answers", answer)
    for page in project.ask_each_worker(f"/qa/questions/{question}/answers"):
        assert page["results"] == []


def test_the_demo_page_its_widget_and_the_photos_of_the_sample_are_served(api):
    [module] = re.findall(r'src="\.\.(/widget/[^"]+)"', api.get("/demo/").text)
    assert "customElements.define" in api.get(module).text
    photos = [photo for question in api.questions(1) for answer in question["answers"].values()
              for photo in answer["photos"]]
    assert photos and all(api.get(photo).status_code == 200 for photo in photos)


def test_no_container_of_ours_runs_as_root_or_has_secrets_that_it_does_not_need(project):
    for service in ("service", "nginx"):
        container = project.container(service)
        assert project.inside(container, "id", "-u").strip() == "10001"
        assert project.inside(container, "sh", "-c", "ls /secrets").strip() == ""
        settings = project.inspect(container)["HostConfig"]
        assert settings["ReadonlyRootfs"] and settings["CapDrop"] == ["ALL"]
        assert settings["Memory"] and settings["PidsLimit"]
    container = project.container("service")
    assert "atelier_qa_service" in project.inside(container, "cat", "/service-secrets/url")
    environment = str(project.inspect(container)["Config"]["Env"])
    assert "password" not in environment.lower()


def test_the_serving_role_has_few_privileges(project):
    assert project.sql("SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles"
                       " WHERE rolname = 'atelier_qa_service'") == "f"
    assert project.sql("SELECT has_column_privilege('atelier_qa_service', 'questions', 'asker_email',"
                       " 'SELECT')") == "f"


def test_only_nginx_is_reached_from_outside(project):
    def published_ports(container):
        return [ports for ports in project.inspect(container)["NetworkSettings"]["Ports"].values()
                if ports]

    published = {service: published_ports(container)
                 for service in ("postgres", "service", "nginx")
                 for container in project.containers(service)}
    assert published["nginx"] and not published["service"] and not published["postgres"]
    assert run("docker", "network", "inspect", f"{project.name}_database", "--format",
               "{{.Internal}}").strip() == "true"


def test_no_image_has_a_program_that_fetches_from_elsewhere(project):
    for service in ("service", "nginx"):
        for container in project.containers(service):
            found = project.inside(container, "sh", "-c", "command -v curl wget nc socat telnet ssh python3 || echo none")
            assert found.strip() == "none"


def test_the_service_tells_its_health_and_how_it_does_from_within(project):
    request = r'"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"'
    for container in project.containers("service"):
        told = project.inside(container, "/usr/local/lib/atelier-qa/containers/is-alive.sh")
        assert re.fullmatch(r"(\d+) of \1 workers respond\n", told)
        response = project.inside(container, "bash", "-c",
                                  f"exec 3<>/dev/tcp/127.0.0.1/8081; printf {request} >&3; cat <&3")
        assert response.startswith("HTTP/1.1 200 ")


def test_the_program_as_process_1_serves_reaps_and_drains(project):
    """The image without docker-compose.yml's scripts: on TCP, by its own entry point."""
    container = run("docker", "run", "--detach", "--network", f"{project.name}_database",
                    "--volume", f"{project.name}_service-secrets:/service-secrets:ro",
                    "--env", "DATABASE_URL_FILE=/service-secrets/url", "--env", "QA_WORKERS=1",
                    project.images["QA_IMAGE"]).strip()
    try:
        wait_until(lambda: project.is_healthy(container))
        assert project.inside(container, "cat", "/proc/1/comm").strip() == "atelier-qa"
        project.inside(container, "sh", "-c", "(sleep 0.1 & sleep 0.1 &)")  # orphans
        states = "cat /proc/[0-9]*/stat | cut -d' ' -f2,3"
        wait_until(lambda: "sleep" not in project.inside(container, "sh", "-c", states))
        run("docker", "stop", "--time", "30", container)
        assert project.state(container)["ExitCode"] == 0
        log = both_streams(container)
        assert '"stopping"' in log and '"stopped"' in log and '"error"' not in log
    finally:
        run("docker", "rm", "--force", "--volumes", container)


def both_streams(container):
    """Both streams of a container's log."""
    return run("sh", "-c", f"docker logs {container} 2>&1")


def test_no_e_mail_address_is_in_a_log(project, api):
    api.add_question(new_product())
    assert EMAIL not in project.compose("logs", "--no-color")


def test_load_tests_run_against_the_containers(project):
    project.compose("--profile", "bench", "run", "--rm", "-T", "-e", "SUMMARY_DIR=/tmp", "k6", "run",
                    "--quiet", "--no-usage-report", "/k6/smoke.js")


# Several containers

def test_no_request_fails_while_containers_are_added(project, questions):
    assert_no_request_fails(project, questions, lambda: project.scale(3), 3)


def test_a_write_is_seen_by_every_container_at_once(project, api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    target = f"/qa/questions?product_id={product}"
    for vote in range(1, 31):
        api.vote("questions", question)
        for _ in range(WORKERS * 3):  # each on a new connection, and so through any worker
            [shown] = requests.get(project.base_url + target, timeout=PATIENCE_S).json()["results"]
            assert shown["question_helpfulness"] == vote
    pages = project.ask_each_worker(target)
    assert len(pages) == WORKERS * 3
    assert [page["results"][0]["question_helpfulness"] for page in pages] == [30] * WORKERS * 3


def test_what_a_moderator_hides_is_seen_by_no_container_any_more(project, api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    target = f"/qa/questions?product_id={product}"
    assert all(len(page["results"]) == 1 for page in project.ask_each_worker(target))
    project.compose("run", "-T", "--rm", "--no-deps", "--entrypoint", "atelier-qa", "schema",
                    "moderate", "hide", f"questions/{question}")
    assert api.questions(product) == []
    assert all(page["results"] == [] for page in project.ask_each_worker(target))


def test_nginx_responds_with_pages_that_the_containers_share(project):
    with Load(project.port, reads(range(1, 20))) as load:
        load.wait_for(400)
    nginx = project.container("nginx")
    log = run("docker", "logs", "--tail", "200", nginx)
    assert log.count('"ring":"hit"') > 100


def test_all_containers_have_their_share(project):
    with Load(project.port, [("GET", "/readyz", None)]) as load:
        load.wait_for(3000)
    nginx = project.container("nginx")
    log = run("docker", "logs", "--tail", "2000", nginx)
    # The log names slots, of which each worker has as many as any other.
    used = {line.split("slots/")[1].split(".sock")[0] for line in log.splitlines() if "slots/" in line}
    owner = {slot: project.inside(nginx, "readlink", f"nginx/slots/{slot}.sock").strip()
             for slot in used}
    assert sorted(set(owner.values())) == project.workers()


def test_no_read_fails_when_a_container_is_killed(project, questions):
    victim = project.containers("service")[1]
    with Load(project.port, reads(range(1, 200)) + votes(questions)) as load:
        load.wait_for(200)
        run("docker", "kill", victim)
        wait_for_workers(project, 2)
        load.wait_for(500)
        run("docker", "start", victim)
        wait_for_workers(project, 3)
        load.wait_for(200)
    assert [outcome for outcome in load.others(200) if outcome[0] == "GET"] == []
    assert [outcome for outcome in load.others(204, 502, 504) if outcome[0] == "PUT"] == []
    assert_votes_counted_once(project, questions, load)


def test_a_container_that_crashes_comes_back_by_itself(project):
    container = project.containers("service")[0]
    started = project.state(container)["StartedAt"]
    with Load(project.port, reads(range(1, 200))) as load:
        # Detached: the command ends with the container.
        run("docker", "exec", "--detach", container, "sh", "-c", KILL_THE_SUPERVISOR)
        wait_until(lambda: project.state(container)["StartedAt"] != started)
        wait_for_workers(project, 3)
        load.wait_for(200)
    assert load.others(200) == []


def test_no_request_fails_while_a_container_is_restarted(project, questions):
    [first, *_] = project.containers("service")
    assert_no_request_fails(project, questions,
                            lambda: run("docker", "restart", "--time", "30", first), 3)


def test_no_request_fails_while_containers_are_removed(project, questions):
    assert_no_request_fails(project, questions, lambda: project.scale(1), 1)


def test_the_database_may_go_and_come_back(project, api):
    question = {"body": "?", "name": "a", "email": EMAIL, "product_id": new_product()}

    def status():
        return api.post("/qa/questions", json=question).status_code

    postgres = project.container("postgres")
    run("docker", "stop", "--time", "60", postgres)
    try:
        assert status() == 503
    finally:
        run("docker", "start", postgres)
    # NGINX goes round: every worker has its connections again.
    wait_until(lambda: all(status() == 201 for _ in range(8)))


def test_in_a_pause_the_database_restarts_and_no_request_fails(project, questions):
    def restart():
        project.compose("exec", "-T", "service", "atelier-qa", "pause")
        run("docker", "restart", "--time", "60", project.container("postgres"))
        wait_until(lambda: project.is_healthy(project.container("postgres")))
        project.compose("exec", "-T", "service", "atelier-qa", "resume")

    with project.changed(QA_PAUSE_TIMEOUT_S="60"):
        wait_for_workers(project, 1)
        assert_no_request_fails(project, questions, restart, 1)


def test_data_and_passwords_outlive_the_containers(project, api):
    question = api.add_question(new_product())["question_id"]
    project.compose("down")
    project.compose("up", "--detach")
    project.wait_until_ready()
    api.vote("questions", question)
    assert votes_committed(project, [question]) == 1
