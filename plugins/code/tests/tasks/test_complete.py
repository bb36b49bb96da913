"""What belongs at the cursor: what the model is shown, what of its answer is offered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.code import completion
from benchmarks.code.completion import agreed, holes
from plugins.code.tests.tasks.scripted import Context, Engine, drive
from studio.api import BadInput, ErrorCode, StudioError
from studio_code.generation import gap
from studio_code.schema import Complete
from studio_code.tasks.complete import complete

BEFORE = "def area(w, h):\n    return "


def completed(engine: Any, before: str, after: str = "", **params: Any) -> str:
    made = drive(complete, Context(engine), Complete.parse(params), before=before, after=after)
    return str(made.result["text"])


@pytest.mark.parametrize(
    ("answer", "after", "text"),
    [
        ("w * h\n", "\n", "w * h"),
        ("w * h\n\n\ndef next():\n", "\n\n\ndef other():\n    pass\n", "w * h"),
        ("w * h\nprint(area(2, 3))\nmore", "\nprint(area(2, 3))\n", "w * h"),
        ("w\n    * h", " * h\n", "w"),
        ("max(w, h))", ")\n", "max(w, h)"),
        ("  \n \n", "\n", ""),
    ],
    ids=["a line", "two blank lines", "what stands below", "within a line", "a bracket", "blank"],
)
def test_what_fits_is_offered(answer: str, after: str, text: str) -> None:
    assert completed(Engine(answer), BEFORE, after) == text


def test_writing_ends_where_no_more_would_be_offered() -> None:
    engine = Engine("w *\n" * 99)
    made = drive(
        complete, Context(engine), Complete.parse({"lines": 40}), before=BEFORE, after=" 2\n"
    )
    assert made.result["text"] == "w *"
    assert made.text("") == "w *\n", "the rest was never written"
    assert (
        completed(Engine("".join(f"a{n}()\n" for n in range(99))), BEFORE, lines=3).count("a") == 3
    )
    assert completed(Engine("x = next(lines)\n" * 99), BEFORE, lines=40).count("next") == 1


def test_a_file_and_a_line_name_the_place(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("one = 1\ntwo = \nthree = 3\n")
    for params, before in (
        ({"line": 2}, "one = 1\ntwo = "),
        ({"line": 2, "column": 1}, "one = 1\n"),
        ({"line": 99}, "one = 1\ntwo = \nthree = 3\n"),
    ):
        engine = Engine("2\n")
        drive(complete, Context(engine), Complete.parse({"file": str(file), **params}))
        assert engine.asked[0][0]["before"] == before
    with pytest.raises(BadInput, match="No file"):
        drive(complete, Context(Engine()), Complete.parse({}))


def test_weights_without_marks_are_refused_in_a_sentence() -> None:
    class Talker(Engine):
        def infill(self, before: str, after: str, reserve: int) -> Any:
            raise StudioError(ErrorCode.UNSUPPORTED, "Talker was not trained to fill a gap.")

    with pytest.raises(StudioError, match="not trained"):
        completed(Talker(), BEFORE)


def test_the_beginning_that_a_model_is_shown_stays_while_somebody_types() -> None:
    text = "".join(f"line_{n} = {n}\n" for n in range(2000))
    shown = [gap.shown_before(text[:at]) for at in range(20_000, 20_400)]
    starts = {each[:30] for each in shown}
    assert len(starts) <= 2, "so that it is known already"
    assert all(each.startswith("line_") and len(each) <= gap.MOST_BEFORE for each in shown)
    assert gap.shown_before("short") == "short"
    assert len(gap.shown_before(text, 3)) <= gap.MOST_BEFORE // 3
    assert len(gap.shown_after(text, 3)) <= gap.MOST_AFTER // 3
    assert gap.shown_after(text).endswith("\n")
    assert gap.shown_before("x" * 9000) == "x" * 5000


def test_the_bench_makes_the_same_holes_and_counts_what_would_be_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        lines = (f"value_{number}_{n} = compute({n}, {number})\n" for n in range(90))
        (tmp_path / f"{number}.py").write_text("".join(lines))
    monkeypatch.setattr(completion, "_files", lambda: sorted(tmp_path.iterdir()))
    first, again, other = holes(6, 1), holes(6, 1), holes(6, 2)
    assert first == again != other
    assert all(hole.missing.strip() and hole.before and hole.after for hole in first)
    assert (agreed("return a", "return b"), agreed("", "x"), agreed("x\n", "x")) == (7, 0, 1)


class Bench:
    """Fills each hole as it was, and goes on from the left with something else."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.at_once: list[int] = []

    def say(self, text: str) -> None:
        pass

    def weights_for(self, capability: str, prefer: str = "") -> str:
        return "coder"

    def run_all(self, task: str, wishes: Any, at_once: int = 4) -> Any:
        for place, (params, inputs) in enumerate(wishes):
            self.at_once.append(at_once)
            text = "call(" if params["left_only"] else f"call({inputs['before'][1:-3]})"
            yield place, {"text": text, "first_token_seconds": 2.0 if at_once == 1 else 9.0}


def test_the_bench_counts_both_ways_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [completion.Hole(f"a.py:{n}", f"x{n} = ", f"call({n})", "\n") for n in range(12)]
    monkeypatch.setattr(completion, "holes", lambda count, seed: found)
    monkeypatch.setenv("STUDIO_BENCH_COMPLETION_LOG", str(tmp_path / "log.jsonl"))
    bench = Bench(tmp_path)
    told = completion.measure(bench)
    assert told["filled: characters accepted"] == "86 of 86"
    assert told["left only: characters accepted"] == "60 of 86"
    assert (told["holes"], told["first token, median"]) == ("12 of 12", "2.00 s")
    assert bench.at_once == [1] * 20 + [4] * 4, "the first are waited for as by a user"
    again = Bench(tmp_path)
    assert completion.measure(again) == told
    assert again.at_once == []
