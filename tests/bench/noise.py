"""A machine that others use is not as fast in each round. The bare file tells, since nothing of ours is in
it: a round that was much slower than the best one is run again."""

BARE_FILE = "bare-file"
MOST_LOST = 1 / 3
MOST_REPEATS = 2


def bare_rates(rounds):
    return [each[BARE_FILE]["rate"] for each in rounds]


def noisiest(rounds):
    """Which round lost most, if that is too much; None: all are fit to be compared."""
    rates = bare_rates(rounds)
    slowest = rates.index(min(rates))
    return slowest if rates[slowest] < (1 - MOST_LOST) * max(rates) else None


def repeat_noisy_rounds(rounds, run_round):
    """Puts others in the place of rounds that lost too much. Returns which they were (from 1) and what they
    were like: the rates of the bare file, theirs and the best."""
    repeats = []
    while len(repeats) < MOST_REPEATS and (position := noisiest(rounds)) is not None:
        rates = bare_rates(rounds)
        repeats.append({"round": position + 1, "rate": rates[position], "best": max(rates)})
        rounds[position] = run_round(position + 1)
    return repeats
