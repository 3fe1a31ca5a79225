"""What a scenario is held against: PostgreSQL alone, by pgbench."""

import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from commands import output_of
from settings import CHECKOUT, PAGE_COUNT, PGBENCH_CLIENTS

QUERIES = CHECKOUT / "sql/queries"
# As in the service's own sessions (src/db/connection.c).
SESSION = ("-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off"
           " -c jit=off -c TimeZone=UTC")

SELECT_1 = "SELECT 1;\n"
ONE_ROW_UPDATE = """\
\\set answer random(1, :answers)
UPDATE answers SET helpful = helpful + 1 WHERE id = :answer;
"""
INSERT_ANSWER = (Path(__file__).parent / "insert_answer.sql").read_text(encoding="utf-8")


def service_query(name, draw, parameters):
    """The service's own statement for pgbench: its $1, $2 ... become variables."""
    statement = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    lines = [f"\\set parameter1 {draw}"]
    lines += [f"\\set parameter{number} {value}" for number, value in enumerate(parameters, 2)]
    statement = re.sub(r"^\s*--.*\n", "", statement, flags=re.M).strip()
    return "\n".join([*lines, re.sub(r"\$(\d)", r":parameter\1", statement) + ";", ""])


# Product; count, offset, most answers of each question. Question; page, count, offset.
QUESTIONS_QUERY = service_query("list_questions", "random(1, :products)", (PAGE_COUNT, 0, 100))
ANSWERS_QUERY = service_query("list_answers", "random(1, :questions)", (1, PAGE_COUNT, 0))


def run_pgbench(stack, script, seconds, warm_up=0):
    """Prepared statements of the serving role, as the service uses them; durable as the service is.
    What the first `warm_up` seconds reach does not count: each new server process first maps the
    gigabytes of shared buffers, page by page, which the service's connections have done long ago."""
    # At least two seconds, since pgbench does not always tell the figure of the last one.
    warm_up, seconds = round(warm_up), max(2, round(seconds))
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        variables = [f"-D{name}={stack.rows[name]}" for name in ("products", "questions", "answers")]
        output = output_of(
            ["pgbench", "-n", "-M", "prepared", "-c", PGBENCH_CLIENTS, "-j", 2, "-T",
             warm_up + seconds, "-P", 1, *variables, "-f", file.name], warm_up + seconds + 60,
            {**stack.service_role(), "PGOPTIONS": SESSION}, stderr=subprocess.STDOUT)
    failed = re.search(r"failed transactions: (\d+)", output)
    return {"rate": rate_after(warm_up, output), "failed": int(failed[1]) if failed else 0,
            "failures": {}}


def rate_after(warm_up, output):
    """From pgbench's figures of each second, or, where all count, its own total."""
    if not warm_up:
        return float(re.search(r"^tps = ([\d.]+)", output, re.M)[1])
    return statistics.mean(
        float(rate) for second, rate in re.findall(r"^progress: ([\d.]+) s, ([\d.]+) tps", output, re.M)
        if float(second) > warm_up + 0.5)
