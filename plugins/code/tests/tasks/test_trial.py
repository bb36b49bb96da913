"""A change is tried by a program in the real sandbox; what it breaks by is written otherwise."""

from __future__ import annotations

import pytest

from plugins.code.tests.tasks.scripted import Context, Engine, Made, drive
from studio.sandbox.sandbox import Sandbox
from studio_code.schema import Edit
from studio_code.tasks.edit import edit

NAMES = "def names(rows):\n    return sorted(row.{} for row in rows)\n"
PROGRAM = "[1j, 2j]) == [{0}, {0}]\n"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    found = Sandbox()
    if not found.tier:
        pytest.skip(found.reason)
    return found


def tried(sandbox: Sandbox, *answers: str) -> tuple[Engine, Made]:
    engine = Engine(*answers)
    params = {"prompt": "Add a function names(rows).", "steps": "Do it [shop/a.py]", "seed": 1}
    texts = {"shop/a.py": "", "shop/__init__.py": ""}
    context = [{"path": path, "text": text} for path, text in texts.items()]
    return engine, drive(edit, Context(engine, sandbox), Edit.parse(params), context=context)


def test_a_change_that_breaks_when_it_is_tried_is_written_otherwise(sandbox: Sandbox) -> None:
    draws = (NAMES.format("name"), NAMES.format("real"), NAMES.format("imag"))
    engine, made = tried(sandbox, NAMES.format("name"), PROGRAM.format(5.0), *draws)
    (one,) = made.result["edits"]
    assert one["text"] == NAMES.format("real"), "the first that does not break"
    trial = made.result["trial"]
    assert trial["program"].startswith("from shop.a import names\n\nassert names([1j")
    assert trial["outcome"] == "failed", "what the program expects is told and changes nothing"
    assert "sorted(row.name for row in rows)` fails: Attr" in engine.asked[2][0]["content"]


def test_a_program_that_tells_nothing_is_written_once_more(sandbox: Sandbox) -> None:
    """Its own fault and what is raised on purpose are no faults of a change."""
    raising = "def names(rows):\n    raise ValueError(rows)\n"
    for useless in ("1, 2, 3)\n", "1)\n"):
        engine, made = tried(sandbox, raising, useless, useless)
        assert made.result["trial"]["outcome"] == "unusable"
        assert made.result["edits"][0]["text"] == raising
        assert "That is not right" in engine.asked[2][-2]["content"]
    _engine, made = tried(sandbox, NAMES.format("real"), "[]) == []\n")
    assert made.result["trial"]["outcome"] == "passed"
