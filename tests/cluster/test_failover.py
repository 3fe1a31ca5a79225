"""A part of the cluster breaks under 500 writes a second: no acknowledged write is lost, none is applied twice, no
page is older than a write that was acknowledged before, and no page shows what the database does not keep."""

import pytest

import daemons
import report
from traffic import Traffic

WITHIN_S = 30  # writes are acknowledged again
BREAK_AT_S = 8
ALWAYS_S = 5  # of a longer time without a page one would say that reads are away


def assert_nothing_is_lost(test, figures):
    report.add(test, figures)
    assert figures.lost_votes == figures.lost_posts == 0
    assert figures.votes_too_many == figures.twice_posts == figures.refused_and_there == 0
    assert figures.stale == figures.wrong == figures.phantoms == 0, figures.told
    assert not figures.faults
    assert figures.acknowledged > 0 and figures.checked > 0 and figures.hits > 0
    assert figures.writes_away_s <= WITHIN_S


def assert_reads_go_on(test, figures):
    assert_nothing_is_lost(test, figures)
    assert figures.reads_away_s <= ALWAYS_S


# ---- The primary: until another server takes its place there is none ----


def test_a_killed_primary_is_replaced(cluster):
    with Traffic(cluster, 55) as traffic:
        traffic.wait(BREAK_AT_S)
        cluster.kill(cluster.primary())
    assert_nothing_is_lost("primary killed", traffic.figures)


def test_a_frozen_primary_is_replaced_and_does_no_harm_when_it_thaws(cluster):
    with Traffic(cluster, 65) as traffic:
        traffic.wait(BREAK_AT_S)
        with cluster.frozen(cluster.primary()):
            traffic.wait(50)
    assert_nothing_is_lost("primary frozen, thaws", traffic.figures)


def test_a_primary_that_is_cut_off_is_replaced_and_does_no_harm_when_it_is_back(cluster):
    if not cluster.network.can_cut:
        pytest.skip("network namespaces need root")
    with Traffic(cluster, 65) as traffic:
        traffic.wait(BREAK_AT_S)
        with cluster.cut_off(cluster.primary()):
            traffic.wait(50)
    assert_nothing_is_lost("primary cut off, comes back", traffic.figures)


def test_nothing_is_written_to_a_primary_whose_patroni_was_killed(cluster):
    """Its PostgreSQL lives and would take writes."""
    with Traffic(cluster, 55) as traffic:
        traffic.wait(BREAK_AT_S)
        cluster.kill_main(cluster.primary())
    assert_nothing_is_lost("Patroni alone of the primary killed", traffic.figures)


# ---- All else: there is a primary all the time ----


def test_commits_wait_for_another_standby_when_theirs_is_killed(cluster):
    with Traffic(cluster, 40) as traffic:
        traffic.wait(BREAK_AT_S)
        cluster.kill(cluster.standby())
    assert_reads_go_on("synchronous standby killed", traffic.figures)


def test_commits_wait_for_another_standby_when_theirs_is_frozen(cluster):
    with Traffic(cluster, 50) as traffic:
        traffic.wait(BREAK_AT_S)
        with cluster.frozen(cluster.standby()):
            traffic.wait(42)
    assert_reads_go_on("synchronous standby frozen", traffic.figures)


ETCD = ("etcd1", "etcd2", "etcd3")


def test_writes_go_on_without_etcd(cluster):
    with Traffic(cluster, 40) as traffic:
        traffic.wait(BREAK_AT_S)
        cluster.kill(*ETCD)
    assert_reads_go_on("etcd away", traffic.figures)


def test_nothing_is_lost_when_etcd_comes_back(cluster):
    """Patroni before 3.1.1 may demote the primary then: docs/cluster.md."""
    with Traffic(cluster, 65) as traffic:
        traffic.wait(BREAK_AT_S)
        cluster.kill(*ETCD)
        traffic.wait(33)
        cluster.launch(*ETCD)
    assert_nothing_is_lost("etcd away for 25 s, comes back", traffic.figures)


def test_the_other_host_serves_when_one_is_killed(cluster):
    with Traffic(cluster, 30) as traffic:
        traffic.wait(BREAK_AT_S)
        cluster.kill_api(daemons.APIS[0])
    assert_reads_go_on("API host killed", traffic.figures)


def test_the_other_host_serves_when_one_is_cut_off(cluster):
    if not cluster.network.can_cut:
        pytest.skip("network namespaces need root")
    with Traffic(cluster, 40) as traffic:
        traffic.wait(BREAK_AT_S)
        with cluster.cut_off(daemons.APIS[0]):
            traffic.wait(28)
    assert_reads_go_on("API host cut off, comes back", traffic.figures)


def test_the_other_host_serves_when_one_has_lost_its_way_to_the_database(cluster):
    with Traffic(cluster, 30) as traffic:
        traffic.wait(BREAK_AT_S)
        cluster.kill("haproxy1")
    assert_reads_go_on("HAProxy of an API host killed", traffic.figures)


# ---- On purpose ----


def test_requests_wait_while_the_primary_is_switched_over(cluster):
    before = cluster.primary()
    with Traffic(cluster, 40) as traffic:
        traffic.wait(BREAK_AT_S)
        cluster.switch_over()
        assert cluster.primary() != before
    assert_nothing_is_lost("switch-over with a pause", traffic.figures)
    assert traffic.figures.reads_failed == 0, traffic.figures.failed_with
