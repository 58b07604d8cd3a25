"""docs/safety.md names tests that are there, one at least for every fault that it speaks of."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "safety.md").read_text("utf-8")
FAULTS = {*range(1, 21), 39, 40, 41}
ROW = re.compile(r"^\| (\d+) [^|]*\|(.*)\|$", re.M)
NAMED = re.compile(r"`([\w/]*\w+\.py)?(?:::|…)?(\w*…?\w*…?)`")


def rows() -> dict[int, str]:
    return {int(number): tests for number, tests in ROW.findall(PAGE)}


def test_every_fault_of_corrections_has_a_test() -> None:
    assert set(rows()) == FAULTS
    assert all(".py" in tests for tests in rows().values())


def test_every_test_that_is_named_is_there() -> None:
    for tests in rows().values():
        text = ""
        for file, name in NAMED.findall(tests):
            text = (TESTS / file).read_text("utf-8") if file else text
            pattern = re.escape(name).replace("…", r"\w*")
            assert re.search(rf"def {pattern}\(|{pattern}", text), (file, name)
            assert not name.startswith("test_") or re.search(rf"def {pattern}\(", text), name
