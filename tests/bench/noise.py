"""A machine that others use is not as fast in each round. The static file tells, since nothing of ours is in
it: a round that was much slower than the best one is run again."""

STATIC_FILE = "static-file"
MOST_LOST = 1 / 3
MOST_REPEATS = 2


def static_rates(rounds):
    return [each[STATIC_FILE]["rate"] for each in rounds]


def noisiest(rounds):
    """Which round lost most, if that is too much; None: all are fit to be compared."""
    rates = static_rates(rounds)
    slowest = rates.index(min(rates))
    return slowest if rates[slowest] < (1 - MOST_LOST) * max(rates) else None


def repeat_noisy_rounds(rounds, run_round):
    """Puts others in the place of rounds that lost too much. Returns which they were (from 1) and what they
    were like: the rates of the static file, theirs and the best."""
    repeats = []
    while len(repeats) < MOST_REPEATS and (position := noisiest(rounds)) is not None:
        rates = static_rates(rounds)
        repeats.append({"round": position + 1, "rate": rates[position], "best": max(rates)})
        rounds[position] = run_round(position + 1)
    return repeats
