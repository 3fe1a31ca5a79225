"""The cluster as docker-compose.cluster.yml brings it up. What each break costs is for tests/cluster/ to measure; this
tests that the containers are that cluster."""

import contextlib
import itertools

import pytest
import requests

from api import PATIENCE_S, Api, new_product
from exposition import Metrics
from project import Project, run, running, tools
from stack import wait_until

SERVERS, HOSTS = ("pg1", "pg2", "pg3"), ("api1", "api2")


class Cluster(Project):
    file = "docker-compose.cluster.yml"

    def metrics(self, host):
        return Metrics(self.ask(self.container(host), "/tmp/admin.sock", "/metrics"))

    def primaries(self):
        """Servers of which Patroni says so."""
        ask = "curl --silent --fail --output /dev/null http://127.0.0.1:8008/primary && echo yes || true"
        return [server for server in SERVERS if self.state(self.container(server))["Running"]
                and self.inside(self.container(server), "sh", "-c", ask).strip() == "yes"]


@pytest.fixture(scope="module", params=tools(), ids=" ".join)
def cluster(request):
    with running(Cluster(request.param)) as cluster:
        yield cluster


@pytest.fixture
def api(cluster):
    return Api(cluster.base_url)


def test_it_starts_with_sample_data_one_primary_and_the_demo(cluster, api):
    assert api.questions(1)
    assert api.get("/demo/").status_code == 200
    assert len(cluster.primaries()) == 1


def test_both_hosts_show_each_write_at_once(cluster, api):
    """The front takes turns."""
    product = new_product()
    question = api.add_question(product)["question_id"]
    for votes in range(1, 20):
        api.vote("questions", question)
        shown = [Api(cluster.base_url).questions(product)[0]["question_helpfulness"] for _ in range(4)]
        assert shown == [votes] * 4
    taken = [cluster.metrics(host).total("http_server_request_duration_seconds_count") for host in HOSTS]
    assert all(taken)


def test_standbys_serve_what_no_cache_has(cluster, api):
    def served():
        return sum(cluster.metrics(host).value("atelier_qa_standby_reads_total", outcome="served") for host in HOSTS)

    before, pages = served(), itertools.count(2)

    def is_served():
        """By a standby, which on a busy machine is not at once: without a lease the primary is asked."""
        api.questions(1, page=next(pages))
        return served() > before

    wait_until(is_served)


def votes_shown(api, product):
    """None while a host connects anew."""
    response = api.get("/qa/questions", params={"product_id": product})
    return response.json()["results"][0]["question_helpfulness"] if response.status_code == 200 else None


def acknowledges_a_vote(api, question):
    with contextlib.suppress(requests.ConnectionError):
        return api.put(f"/qa/questions/{question}/helpful").status_code == 204


def test_when_the_primarys_container_is_killed_another_one_takes_its_place_and_nothing_is_lost(cluster, api):
    product = new_product()
    question = api.add_question(product)["question_id"]
    api.vote("questions", question, 20)
    [primary] = cluster.primaries()
    run("docker", "kill", cluster.container(primary))
    wait_until(lambda: acknowledges_a_vote(api, question))

    def both_hosts_show_all():
        shown = [votes_shown(api, product) for _ in range(4)]
        assert all(votes is None or votes >= 21 for votes in shown)
        return None not in shown

    wait_until(both_hosts_show_all)
    [new_primary] = cluster.primaries()
    assert new_primary != primary
    run("docker", "start", cluster.container(primary))
    wait_until(lambda: cluster.is_healthy(cluster.container(primary)))
    assert cluster.primaries() == [new_primary]
    assert requests.get(cluster.base_url + "/readyz", timeout=PATIENCE_S).status_code == 200
