"""TLS in containers, as docker-compose.tls.yml turns it on: with a folder as certbot has it, where links lead to the
files of the last renewal."""

import contextlib
import os
import ssl
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tls"))

from api import assert_problem, new_product  # noqa: E402
from certificates import client, make_certificate  # noqa: E402
from load import Load  # noqa: E402
from project import run  # noqa: E402
from stack import free_port, wait_until  # noqa: E402

SECONDS_OF_HSTS = 300

Front = namedtuple("Front", "project container port folder authority")


@pytest.fixture(scope="module")
def front(project, tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("letsencrypt"), free_port()
    for made in ("ours", "archive/shop", "live/shop"):
        (folder / made).mkdir(parents=True)
    folder.chmod(0o755)  # the container's user has to read it
    renew(folder)
    with project.changed("docker-compose.tls.yml", QA_TLS_PORT=str(port), TLS_FOLDER=str(folder),
                         TLS_CERTIFICATE="live/shop/fullchain.pem", TLS_KEY="live/shop/privkey.pem",
                         QA_TLS_HSTS_S=str(SECONDS_OF_HSTS)):
        yield Front(project, project.container("nginx"), port, folder, folder / "ours/authority.pem")


@pytest.fixture
def by_tls(front):
    return client(front.port, front.authority)


def link(folder, name, archived):
    """Has live/shop/NAME lead there, in one step."""
    (folder / "new").symlink_to(archived)
    (folder / "new").rename(folder / "live/shop" / name)


def archive(folder):
    """A new pair beside those of before; their names."""
    make_certificate(folder / "ours")
    number = len(list((folder / "archive/shop").iterdir()))
    pair = {"fullchain.pem": f"fullchain{number}.pem", "privkey.pem": f"privkey{number}.pem"}
    for made, archived in zip(("certificate.pem", "key.pem"), pair.values()):
        (folder / "ours" / made).rename(folder / "archive/shop" / archived)
    return pair


def renew(folder):
    for name, archived in archive(folder).items():
        link(folder, name, f"../../archive/shop/{archived}")


def certificate(front):
    return (front.folder / "live/shop/fullchain.pem").read_text().strip()


def presented(front):
    return ssl.get_server_certificate(("localhost", front.port)).strip()


def processes_of_nginx(front):
    return front.project.inside(front.container, "sh", "-c",
                                'read -r pid <nginx/nginx.pid && cat "/proc/$pid/task/$pid/children"').split()


def log(front):
    return subprocess.run(["docker", "logs", front.container], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=True).stdout


@contextlib.contextmanager
def nobody_notices(front):
    """Clients of kept and of new connections get all that they ask for, from processes that stay."""
    before = processes_of_nginx(front)
    reads = [("GET", f"/qa/questions?product_id={product}", None) for product in range(1, 100)]
    with Load(front.port, reads, tls=ssl.create_default_context(cafile=front.authority)) as load:
        load.wait_for(100)
        yield
        load.wait_for(100)
    assert load.others(200) == []
    assert processes_of_nginx(front) == before


def test_pages_and_writes_by_tls(front, by_tls):
    product = new_product()
    by_tls.vote("questions", by_tls.add_question(product)["question_id"])
    page = by_tls.get(f"/qa/questions?product_id={product}")
    assert page.json()["results"][0]["question_helpfulness"] == 1
    assert page.headers["Strict-Transport-Security"] == f"max-age={SECONDS_OF_HSTS}"
    assert presented(front) == certificate(front)
    assert by_tls.get("/demo/").status_code == 200


def test_reads_without_tls_are_led_to_the_published_port_and_writes_are_refused(front, api, by_tls):
    target = "/qa/questions?product_id=1"
    led = api.get(target, allow_redirects=False)
    assert (led.status_code, led.headers["Location"]) == (308, f"https://127.0.0.1:{front.port}{target}")
    question = by_tls.add_question(new_product())["question_id"]
    assert_problem(api.put(f"/qa/questions/{question}/helpful"), 403)
    assert front.project.sql(f"SELECT helpful FROM questions WHERE id = {question}") == "0"
    for probe in ("/healthz", "/readyz"):
        assert api.get(probe).status_code == 200
    wait_until(lambda: front.project.is_healthy(front.container))


def test_the_container_can_change_nothing_of_the_certificate_and_its_copy_is_nobody_elses(front):
    settings = front.project.inspect(front.container)["HostConfig"]
    assert settings["ReadonlyRootfs"] and settings["CapDrop"] == ["ALL"]
    [mount] = [mount for mount in front.project.inspect(front.container)["Mounts"] if mount["Destination"] == "/tls"]
    assert not mount["RW"]
    assert front.project.inside(front.container, "stat", "--dereference", "--format=%a %u",
                                "nginx/tls.pem").strip() == "600 10001"


def test_a_renewed_certificate_is_taken_without_a_signal_and_nobody_notices(front):
    with nobody_notices(front):
        renew(front.folder)
        wait_until(lambda: presented(front) == certificate(front))


def test_sighup_has_it_taken_also_where_the_files_look_unchanged(front):
    renewed = archive(front.folder)
    with nobody_notices(front):
        for name, archived in renewed.items():
            path = front.folder / "live/shop" / name
            time = path.stat().st_mtime_ns
            path.write_bytes((front.folder / "archive/shop" / archived).read_bytes())
            os.utime(path, ns=(time, time))
        run("docker", "kill", "--signal=HUP", front.container)
        wait_until(lambda: presented(front) == certificate(front))


def test_a_renewal_is_not_taken_before_all_of_it_is_there(front, by_tls):
    before = presented(front)
    renewed = archive(front.folder)
    link(front.folder, "fullchain.pem", f"../../archive/shop/{renewed['fullchain.pem']}")
    wait_until(lambda: "privkey.pem is not the key of /tls/live/shop/fullchain.pem" in log(front))
    assert presented(front) == before
    assert by_tls.get("/healthz").status_code == 200
    link(front.folder, "privkey.pem", f"../../archive/shop/{renewed['privkey.pem']}")
    wait_until(lambda: presented(front) == certificate(front))


def test_a_container_without_its_certificate_says_so_and_ends(front):
    result = subprocess.run(["docker", "run", "--rm", "--network=none", "--env=QA_TLS_CERTIFICATE=/tls/none.pem",
                             "--env=QA_TLS_KEY=/tls/none.key", front.project.images["QA_NGINX_IMAGE"]],
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 2
    assert "QA_TLS_CERTIFICATE: atelier-qa cannot read /tls/none.pem" in result.stdout
