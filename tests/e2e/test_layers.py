"""scripts/check-layers.sh notices what breaks the layering."""

import subprocess

import pytest

from api import PATIENCE_S
from stack import CHECKOUT

pytestmark = pytest.mark.same_with_sanitizers("a shell script")


def check(folder):
    return subprocess.run([CHECKOUT / "scripts/check-layers.sh", folder],
                          capture_output=True, text=True, timeout=PATIENCE_S)


@pytest.fixture
def tree(tmp_path):
    """A function that writes files, given as path and what each includes; a layered tree to begin with."""
    def write(**files):
        for path, included in files.items():
            file = tmp_path / path.replace("__", "/").replace("_C", ".c").replace("_H", ".h")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(f"{line}\n" for line in included))
        return tmp_path
    write(src__db__pool_C=['#include "db/pool.h"', '#include "ops/clock.h"', "#include <event2/event.h>"],
          include__db__pool_H=["#include <stddef.h>", "#include <sys/types.h>"],
          src__ops__log_C=['#include "ops/log.h"'],
          include__ops__log_H=['#include "ops/clock.h"'], include__ops__clock_H=[])
    return write


def test_a_layered_tree_passes(tree):
    result = check(tree())
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("include", ['#include "db/pool.h"', "#include <db/pool.h>",
                                     ' # include "db/pool.h" // why'])
@pytest.mark.parametrize("path", ["src__ops__log_C", "include__ops__clock_H", "include__ops__utf8_H"])
def test_an_include_that_points_up_is_an_offence_also_of_a_header_without_source(tree, path, include):
    result = check(tree(**{path: [include]}))
    assert result.returncode == 1
    assert "includes db/pool, which is above it" in result.stderr


@pytest.mark.parametrize("files", [
    {"include__ops__clock_H": ['#include "ops/log.h"']},
    {"include__ops__a1_H": ['#include "ops/b2.h"'], "include__ops__b2_H": ['#include "ops/a1.h"']},
    {"src__ops__log_C": ['#include "ops/a.h"'], "include__ops__a_H": ['#include "ops/log.h"']},
    {"nginx__a_C": ['#include "b.h"'], "nginx__b_C": ['#include "a.h"', '#include "ops/log.h"']},
])
def test_a_circle_is_an_offence_also_of_headers_without_sources(tree, files):
    result = check(tree(**files))
    assert result.returncode == 1
    assert "loop" in result.stderr


@pytest.mark.parametrize("files, offence", [
    ({"src__data__csv_C": [], "include__data__csv_H": []}, "data/ is no layer"),
    ({"src__ops__log_C": ['#include "nginx/a.h"']}, "ops/log includes nginx/a, which is above it"),
    ({"src__ops__log_C": ['#include "data/csv.h"']}, "ops/log includes data/csv, which is in no layer"),
    ({"src__ops__alone_C": []}, "src/ops/alone.c has no header"),
])
def test_what_is_outside_the_layout_is_an_offence(tree, files, offence):
    result = check(tree(**files))
    assert result.returncode == 1
    assert offence in result.stderr
