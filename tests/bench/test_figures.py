"""The benchmark's own arithmetic. Run it with: /usr/bin/python3 -m pytest tests/bench"""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from constant_rate import NO_ANSWER, NOT_SENT, Sample, percentiles_ms, summary  # noqa: E402
from limits import rate_after  # noqa: E402
from noise import MOST_REPEATS, noisiest, repeat_noisy_rounds  # noqa: E402
from overload import recovery  # noqa: E402
from report import noise_facts, notes, profile  # noqa: E402
from scenarios import (MEASUREMENTS, SCENARIOS, chosen_scenarios, needed_measurements,  # noqa: E402
                       row_of)
from steady import minutes_of  # noqa: E402
from targets import ids_by_rank, zipf_ids  # noqa: E402
from tls import figures_of  # noqa: E402

ALL = {scenario.name: scenario for scenario in SCENARIOS}


def result(rate, failed=0):
    return {"rate": rate, "failed": failed, "failures": {"refused": failed} if failed else {},
            "cpu": {"nginx": 0.5}}


def row(name, *rounds):
    return row_of(ALL[name], [{key: result(rate) for key, rate in each.items()} for each in rounds])


def test_a_ratio_is_the_median_of_the_rounds_ratios():
    hot = row("hot-reads", {"hot-reads": 60, "static-file": 100, "bare-file": 120},
              {"hot-reads": 50, "static-file": 50, "bare-file": 80},
              {"hot-reads": 10, "static-file": 100, "bare-file": 100})
    assert hot["ratio"] == pytest.approx(0.6)
    assert hot["verdict"] == "below 0.95"
    assert hot["bare_ratios"] == pytest.approx([0.5, 0.625, 0.1])
    assert "Hot reads, 10,000 products: 0.50, 0.62, 0.10 of a bare file" in notes({"rows": [hot]})[1]


def test_the_limit_of_an_uncached_page_is_both_costs_together():
    page = row("random-products",
               {"random-products": 11_000, "questions-query": 15_000, "hot-reads-proxied": 30_000})
    assert page["limit"] == pytest.approx(1 / (1 / 15_000 + 1 / 30_000))
    assert page["ratio"] == pytest.approx(1.1)


def test_a_ratio_below_its_bar_is_told():
    assert row("votes-hot", {"votes-hot": 99, "one-row-update": 100})["verdict"] == "below 1.00"


def test_failed_requests_fail_a_scenario_of_whatever_speed():
    rounds = [{"hot-reads": result(100, failed=3), "static-file": result(100), "bare-file": result(200)}]
    assert row_of(ALL["hot-reads"], rounds)["verdict"] == "3 failed requests"


def test_failed_requests_of_a_limit_are_told_since_they_make_it_low():
    rounds = [{"hot-reads": result(100), "static-file": result(100, failed=2), "bare-file": result(200)}]
    assert row_of(ALL["hot-reads"], rounds)["verdict"] == "2 failed requests of its limit"


def test_the_time_of_a_hit_is_that_of_nginx_and_workers():
    rounds = [{"hot-reads": {**result(3000), "cpu": {"nginx": 0.5, "workers": 0.0, "generator": 1}},
               "hot-reads-proxied": {**result(1500), "cpu": {"nginx": 0.5, "workers": 0.5}}}]
    row = row_of(ALL["hit-time"], rounds)
    assert (row["value"], row["limit"], row["ratio"], row["verdict"]) == (6000, 1500, 4, "met")


def test_workers_that_hold_much_memory_are_told():
    def zipf(mib):
        return row_of(ALL["zipf-reads"], [{"zipf-reads": {**result(100), "private_mib": mib},
                                           "static-file": result(100), "bare-file": result(200)}])["verdict"]
    assert zipf(15) == "met"
    assert zipf(15.1) == "workers above 15 MiB"


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
    assert names == ["random-products", "answers-query", "random-answers", "overload", "hot-reads-proxied",
                     "bare-file"]


def test_a_scenario_is_chosen_by_its_name_or_by_the_first_word_of_several():
    def names(*only):
        return [scenario.name for scenario in chosen_scenarios(only)]
    assert names("hot-reads") == ["hot-reads"]
    assert names("peer", "viral") == ["peer-cached", "peer-uncached", "viral"]
    with pytest.raises(ValueError, match="no pee;"):
        names("pee", "viral")


def test_the_steady_state_is_measured_only_where_it_is_asked_for_and_then_by_itself():
    assert "steady" not in [scenario.name for scenario in chosen_scenarios(())]
    assert needed_measurements(chosen_scenarios(("steady",))) == []
    assert len(needed_measurements(chosen_scenarios(()))) == len(MEASUREMENTS)


def test_long_traffic_is_run_in_minutes():
    assert minutes_of(150) == [60, 60, 30]
    assert minutes_of(60) == [60]
    assert minutes_of(2) == [2]


def test_random_products_after_traffic_are_held_against_those_before_it():
    def steady(rate, failed=0):
        minutes = [{"percentiles_ms": {99.0: ms}} for ms in (3, 9, 4)]
        return row_of(ALL["steady"], [{"steady": {
            **result(rate, failed), "before": 100, "minutes": minutes, "bare_rates": [500, 400],
            "tables": [{"product_pages": {"mib": mib, "rows": 10, "dead_rows": 5}} for mib in (1, 2, 2)]}}])
    assert steady(90)["verdict"] == "met"
    assert steady(89)["verdict"] == "below 0.90"
    assert steady(90, failed=1)["verdict"] == "1 failed requests"
    [_, note] = notes({"rows": [steady(90)]})
    assert "Mixed traffic of 3 minutes: p99 of a minute 4.0 ms (median), 9.0 ms (worst)." in note
    assert "product_pages: 1 MiB with 10 rows and 5 dead ones, 2 MiB with" in note


# ---- Noise ----

def rounds_of(*rates):
    return [{"bare-file": result(rate)} for rate in rates]


def test_a_round_that_lost_more_than_a_third_is_noisy():
    assert noisiest(rounds_of(100, 67, 90)) is None
    assert noisiest(rounds_of(100, 66, 60)) == 2
    assert noisiest(rounds_of(100)) is None


def test_a_noisy_round_is_replaced_and_told():
    rounds, again = rounds_of(100, 50, 90), iter(rounds_of(80))
    assert repeat_noisy_rounds(rounds, lambda number: next(again)) == [
        {"round": 2, "rate": 50, "best": 100}]
    assert [each["bare-file"]["rate"] for each in rounds] == [100, 80, 90]
    assert list(noise_facts({"rounds": rounds, "repeats": [{"round": 2, "rate": 50, "best": 100}]})) == [
        "- bare files a second in each round: 100 80 90; round 2 was run again, since it had 50 where the "
        "best had 100"]


def test_rounds_are_repeated_twice_at_most_and_what_is_still_noisy_is_told():
    rounds, run = rounds_of(100, 50), []

    def run_again(number):
        run.append(number)
        return rounds_of(40)[0]
    repeats = repeat_noisy_rounds(rounds, run_again)
    assert run == [2] * MOST_REPEATS
    [fact] = noise_facts({"rounds": rounds, "repeats": repeats})
    assert fact.endswith("; round 2 is still noisy")


def test_rounds_that_are_alike_are_not_repeated():
    assert repeat_noisy_rounds(rounds_of(100, 90), None) == []
    [fact] = noise_facts({"rounds": rounds_of(100, 90), "repeats": []})
    assert fact == "- bare files a second in each round: 100 90; no round was run again"

def test_the_profile_splits_the_time_of_an_answer():
    rounds = [{"hot-reads": {"rate": 1000, "cpu": {"nginx": nginx, "workers": 0.25}}}
              for nginx in (0.5, 0.1, 0.6)]
    assert list(profile({"machine": {"processors": 2}, "rounds": rounds})) == [
        ["hot-reads", "1,000", "500.0", "250.0", "0.0", "0.0", "1250.0"]]


# ---- Latency ----

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


H2LOAD = """
finished in 2.00s, 21345.50 req/s, 60.12MB/s
requests: 42691 total, 42755 started, 42691 done, 42680 succeeded, 11 failed, 4 errored, 3 timeout
status codes: 42678 2xx, 2 3xx, 4 4xx, 3 5xx
"""


def test_what_h2load_prints_is_understood():
    figures = figures_of(H2LOAD)
    assert (figures["rate"], figures["requests"]) == (21345.5, 42691)
    assert figures["failures"] == {"refused": 7, "broken": 4, "moved": 2}
    assert figures["failed"] == 13
