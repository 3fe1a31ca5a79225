"""A line for each test, and the table of all."""

_rows = []
COLUMNS = {"test": "what was broken", "writes": "writes", "acknowledged": "acknowledged", "refused": "refused",
           "unknown": "unknown", "lost": "lost", "twice": "twice", "stale": "stale", "phantoms": "phantoms",
           "writes_away_s": "no write for, s", "reads_failed": "reads failed", "reads_away_s": "no read for, s",
           "checked": "pages checked", "hits": "hits of caches"}


def add(test, figures):
    row = {"test": test, **vars(figures), "lost": figures.lost_votes + figures.lost_posts,
           "twice": figures.votes_too_many + figures.twice_posts}
    _rows.append(row)
    print("\n" + ", ".join(f"{name} {row[name]}" for name in COLUMNS) + f", reads failed with {figures.failed_with}")


def write(path):
    if not _rows:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [list(COLUMNS.values()), ["---"] * len(COLUMNS),
             *([str(row[name]) for name in COLUMNS] for row in _rows)]
    path.write_text("".join(f"| {' | '.join(line)} |\n" for line in lines))
