"""Latency over offered load, then three times the best throughput, then half of it: what is beyond
the service's capacity must be refused at once, and must not linger."""

import time

from constant_rate import NOT_SENT, Attack, percentiles_ms, run_constant_rate, summary
from settings import OVERLOAD
from targets import random_products

STEPS = (0.1, 0.25, 0.5, 0.7, 0.85, 1.0, 1.2)  # of what a closed loop reaches
FURTHER_STEPS = (1.5, 2, 3, 4)  # only while the service keeps up
KEEPS_UP = 0.98
CALM_S = 0.1    # an answer after an overload that took no longer is as it should be
WINDOW_S = 0.5  # of such answers, without a break: recovered
AFTER_S = 3


def run_overload(folder, stack, closed_loop_rate, seconds):
    def targets(rate, duration):
        return random_products(stack.rows, int(rate * duration) + 1)

    ladder = []
    for step in (*STEPS, *FURTHER_STEPS):
        if step in FURTHER_STEPS and ladder[-1]["rate"] < KEEPS_UP * ladder[-1]["offered"]:
            break
        rate, step_s = max(1, round(closed_loop_rate * step)), max(2, seconds / 2)
        ladder.append(run_constant_rate(folder, stack, targets(rate, step_s), rate, step_s))
    best = max(step["rate"] for step in ladder)

    high, low = round(OVERLOAD * best), max(1, round(best / 2))
    flood = Attack(folder, "flood", stack, targets(high, seconds), high, seconds)
    after = Attack(folder, "after", stack, targets(low, AFTER_S), low, AFTER_S)
    try:
        flood.start()
        time.sleep(seconds)
        after.start()
        (flood_began, during), (after_began, later) = flood.samples(), after.samples()
    finally:
        flood.stop()
        after.stop()
    flooded = summary(during, high, seconds)
    refused = [sample.done - sample.sent for sample in during if sample.status == 503]
    others = {name: count for name, count in flooded["failures"].items()
              if name not in ("503", "not sent")}
    return {
        "ladder": ladder,
        "best": best,
        "flood": flooded,
        "rate": flooded["rate"],
        "refused": len(refused),
        "refusal_percentiles_ms": percentiles_ms(refused),
        "recovered_s": recovery(later, flood_began + seconds - after_began),
        "not_sent": sum(sample.status == NOT_SENT for sample in during),
        "failed": sum(others.values()),
        "failures": others}


def recovery(samples, end_of_flood):
    """Seconds from the end of the overload until all is well for WINDOW_S; None: never."""
    well_since = None
    for sample in samples:
        if not sample.good or sample.waited > CALM_S:
            well_since = None
        elif well_since is None:
            well_since = sample.due
        elif sample.due - well_since >= WINDOW_S:
            return round(max(0, well_since - end_of_flood), 3)
    return None
