"""The benchmark's own arithmetic. Run it with: /usr/bin/python3 -m pytest tests/bench"""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from constant_rate import NO_ANSWER, NOT_SENT, Sample, percentiles_ms, summary  # noqa: E402
from limits import rate_after  # noqa: E402
from overload import recovery  # noqa: E402
from report import profile  # noqa: E402
from scenarios import SCENARIOS, needed_measurements, row_of  # noqa: E402
from targets import ids_by_rank, zipf_ids  # noqa: E402

ALL = {scenario.name: scenario for scenario in SCENARIOS}


def result(rate, failed=0):
    return {"rate": rate, "failed": failed, "failures": {"refused": failed} if failed else {},
            "cpu": {"nginx": 0.5}}


def row(name, *rounds):
    return row_of(ALL[name], [{key: result(rate) for key, rate in each.items()} for each in rounds])


def test_a_ratio_is_the_median_of_the_rounds_ratios():
    hot = row("hot-reads", {"hot-reads": 60, "static-file": 100},
              {"hot-reads": 50, "static-file": 50}, {"hot-reads": 10, "static-file": 100})
    assert hot["ratio"] == pytest.approx(0.6)
    assert hot["verdict"] == "met"


def test_the_limit_of_an_uncached_page_is_both_costs_together():
    page = row("random-products",
               {"random-products": 9_000, "questions-query": 15_000, "hot-reads": 30_000})
    assert page["limit"] == pytest.approx(1 / (1 / 15_000 + 1 / 30_000))
    assert page["ratio"] == pytest.approx(0.9)


def test_a_ratio_below_its_bar_is_told():
    assert row("votes-hot", {"votes-hot": 99, "one-row-update": 100})["verdict"] == "below 1.00"


def test_failed_requests_fail_a_scenario_of_whatever_speed():
    rounds = [{"hot-reads": result(100, failed=3), "static-file": result(100)}]
    assert row_of(ALL["hot-reads"], rounds)["verdict"] == "3 failed requests"


def test_pages_of_large_groups_have_a_bar_each():
    def viral(first, hundredth):
        pages = {"first": {99.0: first}, "hundredth": {99.0: hundredth}, "other": {99.0: 1}}
        return row_of(ALL["viral"], [{"viral": {
            **result(900), "percentiles_ms": pages["first"], "percentiles_ms_by_page": pages,
            "writes": 500}}])["verdict"]
    assert viral(50, 250) == "met"
    assert viral(51, 250) == "p99 of the first page above 50 ms"
    assert viral(50, 251) == "p99 of the hundredth page above 250 ms"
    assert row_of(ALL["viral"], [{"viral": {
        **result(900, failed=1), "percentiles_ms_by_page": {"first": {}, "hundredth": {}, "other": {}},
        "writes": 0}}])["verdict"].startswith("1 failed requests; p99 of the first")


def test_what_a_limit_needs_is_measured_with_its_scenario():
    names = [each.name for each in needed_measurements([ALL["random-answers"], ALL["overload"]])]
    assert names == ["random-products", "answers-query", "random-answers", "overload", "hot-reads"]


def test_the_profile_splits_the_time_of_an_answer():
    rounds = [{"hot-reads": {"rate": 1000, "cpu": {"nginx": nginx, "workers": 0.25}}}
              for nginx in (0.5, 0.1, 0.6)]
    assert list(profile({"machine": {"processors": 2}, "rounds": rounds})) == [
        ["hot-reads", "1,000", "500.0", "250.0", "0.0", "0.0", "1250.0"]]


def test_latency_counts_from_when_a_request_was_due():
    samples = [Sample(due=0, sent=1, done=1.5, status=200, kind="reads")]
    assert summary(samples, 1, 1)["percentiles_ms"][50.0] == pytest.approx(1500)


def test_every_request_without_a_good_answer_is_a_failure():
    samples = [Sample(0, 0, 1, status, "reads")
               for status in (200, 204, 304, 404, 500, 503, NO_ANSWER, NOT_SENT)]
    told = summary(samples, 8, 1)
    assert told["failed"] == 5
    assert told["rate"] == 3
    assert told["failures"] == {"404": 1, "500": 1, "503": 1, "no answer": 1, "not sent": 1}


def test_percentiles_are_values_that_were_measured():
    assert percentiles_ms([0.001 * n for n in range(1, 101)], (50, 99, 100)) == pytest.approx(
        {50.0: 51, 99.0: 100, 100.0: 100})


def test_recovery_is_the_beginning_of_the_first_calm_stretch():
    def after(bad_until):
        return [Sample(n / 100, n / 100, n / 100 + 0.001, 503 if n / 100 < bad_until else 200,
                       "reads") for n in range(300)]
    assert recovery(after(0.4), 0) == pytest.approx(0.4)
    assert recovery(after(0.4), 0.1) == pytest.approx(0.3)
    assert recovery(after(2.9), 0) is None


def test_popular_products_are_different_ones_and_all_are_reached():
    for count in (1, 7, 20_000):
        id_of = ids_by_rank(count)
        assert sorted(id_of(rank) for rank in range(1, count + 1)) == list(range(1, count + 1))


def test_rank_one_is_asked_for_as_often_as_zipf_says():
    draws = list(zipf_ids(1000, 100_000, random.Random(1)))
    share = 1 / sum(1 / rank for rank in range(1, 1001))
    assert draws.count(ids_by_rank(1000)(1)) / len(draws) == pytest.approx(share, rel=0.03)


def test_the_first_seconds_of_pgbench_do_not_count():
    output = "".join(f"progress: {second}.0 s, {rate}.0 tps, lat 0.4 ms stddev 0.2, 0 failed\n"
                     for second, rate in enumerate([10, 20, 100, 200], 1)) + "tps = 82.500000 (…)\n"
    assert rate_after(2, output) == 150
    assert rate_after(0, output) == 82.5
