"""Plugins that misbehave: each is named, its job fails in a sentence, and the rest goes on."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api import BadInput, Check, Verdict
from studio.protocol.errors import Cancelled, ErrorCode, StudioError
from studio.protocol.messages import PluginFault, Produced, Progress
from studio.protocol.states import JobState
from tests.runtime.desk import Desk, Toy

pytestmark = pytest.mark.torch


def healthy(ctx: Any, params: Toy) -> Iterator[Any]:
    yield ctx.result(well=True)


def raises(ctx: Any, params: Toy) -> Iterator[Any]:
    yield None
    raise ZeroDivisionError("one over nothing")


def raises_at_once(ctx: Any, params: Toy) -> Iterator[Any]:
    raise KeyError("missing")


def exits(ctx: Any, params: Toy) -> Iterator[Any]:
    yield None
    sys.exit(3)


def interrupts(ctx: Any, params: Toy) -> Iterator[Any]:
    yield None
    raise KeyboardInterrupt


def gives_up(ctx: Any, params: Toy) -> Iterator[Any]:
    yield None
    raise Cancelled


def is_no_generator(ctx: Any, params: Toy) -> Any:
    return 5


def yields_rubbish(ctx: Any, params: Toy) -> Iterator[Any]:
    yield {"done": 1}


def yields_text_as_payload(ctx: Any, params: Toy) -> Iterator[Any]:
    yield ctx.artifact("text", "not bytes", suffix=".txt")


def yields_bad_preview(ctx: Any, params: Toy) -> Iterator[Any]:
    import numpy

    yield ctx.progress(1, 2, preview=numpy.zeros((4, 4), dtype="float32"))


def yields_objects(ctx: Any, params: Toy) -> Iterator[Any]:
    yield ctx.result(thing=object())


def recurses(ctx: Any, params: Toy) -> Iterator[Any]:
    yield None
    recurses(ctx, params).__next__()
    yield from recurses(ctx, params)


class Own(BaseException):
    """Neither an ``Exception`` nor anything Python knows, and it cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError


def raises_its_own_kind(ctx: Any, params: Toy) -> Iterator[Any]:
    yield None
    raise Own


def speaks_no_utf8(ctx: Any, params: Toy) -> Iterator[Any]:
    yield None
    raise ValueError("half a pair: \ud800")


def fails_in_its_own_words(ctx: Any, params: Toy) -> Iterator[Any]:
    raise StudioError("NO_SUCH_CODE", "long words " * 10**6 + "\ud800", 5)  # type: ignore[arg-type]
    yield


BAD = [
    (raises_its_own_kind, "Own"),
    (speaks_no_utf8, "half a pair: ?"),
    (fails_in_its_own_words, "long words"),
    (raises, "one over nothing"),
    (raises_at_once, "missing"),
    (exits, "tried to quit the runtime"),
    (interrupts, "KeyboardInterrupt"),
    (gives_up, "cancelled its own task"),
    (is_no_generator, "returned an int"),
    (yields_rubbish, "a dict, which is not an event"),
    (yields_text_as_payload, "the payload of a result is text"),
    (yields_bad_preview, "(4, 4)"),
    (yields_objects, "not plain data"),
    (recurses, "RecursionError"),
]


@pytest.mark.parametrize(("task", "says"), BAD, ids=lambda each: getattr(each, "__name__", ""))
def test_a_bad_task_is_named_and_the_rest_goes_on(
    desk: Desk, task: Callable[..., Any], says: str
) -> None:
    desk.plugin("bad", {"task": task})
    desk.plugin("good", {"task": healthy})
    end = desk.run("bad.task")
    assert end.state is JobState.FAILED
    assert end.error is not None
    assert end.error.code is ErrorCode.PLUGIN_FAILED
    assert end.error.plugin == "bad"
    assert says in end.error.message
    if task is not fails_in_its_own_words:
        assert "“bad”" in end.error.message, "its plugin is named"
    assert "Traceback" not in end.error.message + end.error.hint
    assert desk.run("good.task").result == {"well": True}


def test_an_expected_error_keeps_its_words(desk: Desk) -> None:
    def picky(ctx: Any, params: Toy) -> Iterator[Any]:
        raise BadInput("The width must be even.", "Choose 512.")
        yield

    desk.plugin("toy", {"picky": picky})
    error = desk.run("toy.picky").error
    assert error is not None
    assert (error.code, error.message, error.hint) == (
        ErrorCode.BAD_INPUT,
        "The width must be even.",
        "Choose 512.",
    )


def test_bad_parameters_and_unknown_tasks_are_refused_in_words(desk: Desk) -> None:
    desk.plugin("toy", {"task": healthy})
    unknown = desk.run("toy.task", colour="red").error
    assert unknown is not None
    assert unknown.code is ErrorCode.BAD_INPUT
    assert "colour" in unknown.message
    nobody = desk.run("nobody.task").error
    assert nobody is not None
    assert nobody.code is ErrorCode.NOT_FOUND
    assert "nobody.task" in nobody.message


def test_memory_that_runs_out_is_typed_and_given_back(desk: Desk) -> None:
    import torch

    kept: list[weakref.ref[Any]] = []

    class Big:
        pass

    def greedy(ctx: Any, params: Toy) -> Iterator[Any]:
        big = Big()
        kept.append(weakref.ref(big))
        yield None
        torch.empty(2**58)  # the allocator of the processor refuses
        yield big

    desk.plugin("toy", {"greedy": greedy})
    error = desk.run("toy.greedy").error
    assert error is not None
    assert error.code is ErrorCode.OUT_OF_MEMORY
    assert "toy.greedy" in error.message
    assert error.hint
    desk.run("toy.greedy")  # the lane has moved on from the first
    gc.collect()
    assert kept[0]() is None


def test_a_plugin_that_raises_at_import_is_named_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "raises_at_import.py").write_text("raise RuntimeError('no such library')\n")
    (tmp_path / "exits_at_import.py").write_text("import sys\nsys.exit('bye')\n")
    monkeypatch.syspath_prepend(tmp_path)
    desk.entry("broken", "raises_at_import", "task")
    desk.entry("leaving", "exits_at_import", "task")
    desk.entry("absent", "there_is_no_such_module", "task")
    desk.plugin("good", {"task": healthy})
    for plugin in ("broken", "leaving", "absent"):
        first, second = desk.run(f"{plugin}.task"), desk.run(f"{plugin}.task")
        assert first.error is not None
        assert first.error.plugin == plugin
        assert "the import of its worker" in first.error.message
        assert second.error == first.error
        faults = [each for each in desk.messages if isinstance(each, PluginFault)]
        assert [each.plugin for each in faults].count(plugin) == 1
    assert desk.run("good.task").state is JobState.DONE


def test_a_plugin_that_raises_in_a_hook_is_named(desk: Desk) -> None:
    def studio_loaders() -> Any:
        raise OSError("no loaders today")

    desk.plugin("hooky", {"task": healthy}, studio_loaders=studio_loaders)
    desk.plugin("wrong", {"task": healthy}, studio_loaders=lambda: [object()])
    desk.plugin("good", {"task": healthy})
    for plugin in ("hooky", "wrong"):
        error = desk.run(f"{plugin}.task").error
        assert error is not None
        assert "the hook studio_loaders" in error.message
    assert desk.run("good.task").state is JobState.DONE


def test_results_without_a_verdict_are_checked_by_their_plugin(desk: Desk) -> None:
    def makes(ctx: Any, params: Toy) -> Iterator[Any]:
        yield ctx.artifact("text", b"words", suffix=".txt")
        yield ctx.artifact("text", b"", suffix=".txt")
        yield ctx.artifact("text", b"", suffix=".txt", verdict=Verdict((Check("mine", True),)))
        yield ctx.artifact("code", b"", suffix=".py")

    def is_not_empty(payload: bytes) -> Verdict:
        return Verdict((Check("not empty", bool(payload)),))

    desk.plugin("toy", {"makes": makes}, studio_checks=lambda: {"text": is_not_empty})
    assert desk.run("toy.makes").state is JobState.DONE
    made = [each.verdict for each in desk.messages if isinstance(each, Produced)]
    found = [[(c["name"], c["passed"]) for c in each.get("checks", ())] for each in made]
    assert found == [[("not empty", True)], [("not empty", False)], [("mine", True)], []]


def test_a_check_that_raises_is_named_and_costs_no_result(desk: Desk) -> None:
    def makes(ctx: Any, params: Toy) -> Iterator[Any]:
        yield ctx.artifact("text", b"words", suffix=".txt")

    def refuses(payload: bytes) -> Any:
        raise ZeroDivisionError("checked too hard")

    desk.plugin("toy", {"makes": makes}, studio_checks=lambda: {"text": refuses})
    for _ in range(2):  # nor does it switch the plugin off
        assert desk.run("toy.makes").state is JobState.DONE
    assert sum(isinstance(each, Produced) for each in desk.messages) == 2
    fault = desk.wait(lambda each: isinstance(each, PluginFault))
    assert "checked too hard" in fault.error.message
    assert fault.where == "its check of text"


def test_a_task_that_the_worker_lacks_is_the_plugins_fault(desk: Desk) -> None:
    desk.plugin("toy", {"task": healthy})
    desk.entry("toy2", "toys_of_toy", "other")
    error = desk.run("toy2.other").error
    assert error is not None
    assert error.plugin == "toy2"


def test_what_fits_no_frame_fails_its_job_alone(desk: Desk) -> None:
    def huge(ctx: Any, params: Toy) -> Iterator[Any]:
        yield ctx.result(text="x" * (9 * 1024**2))

    def huge_text(ctx: Any, params: Toy) -> Iterator[Any]:
        yield ctx.text("x" * (9 * 1024**2))

    desk.plugin("toy", {"huge": huge, "huge_text": huge_text, "good": healthy})
    for task in ("toy.huge", "toy.huge_text"):
        end = desk.run(task)
        assert end.state is JobState.FAILED
        assert end.error is not None
    assert desk.run("toy.good").state is JobState.DONE


def test_numbers_of_numpy_and_paths_are_plain_data(desk: Desk) -> None:
    import numpy

    def numbers(ctx: Any, params: Toy) -> Iterator[Any]:
        yield ctx.progress(numpy.float32(1), numpy.int64(2))
        yield ctx.result(mean=numpy.float32(0.5), count=numpy.int64(3), where=Path("a/b"))

    desk.plugin("toy", {"numbers": numbers})
    end = desk.run("toy.numbers")
    assert end.result == {"mean": 0.5, "count": 3, "where": str(Path("a/b"))}
    assert desk.of(end.job, Progress)[0].done == 1


def test_the_scratch_folder_goes_with_its_job(desk: Desk) -> None:
    seen: list[Path] = []

    def writes(ctx: Any, params: Toy) -> Iterator[Any]:
        (ctx.scratch / "part").write_text("x")
        seen.append(ctx.scratch)
        yield None
        raise ValueError("no")

    desk.plugin("toy", {"writes": writes})
    desk.run("toy.writes")
    assert seen
    assert not seen[0].exists()


def test_a_bad_preview_that_was_held_back_does_not_swallow_the_end(desk: Desk) -> None:
    def flickers(ctx: Any, params: Toy) -> Iterator[Any]:
        yield ctx.progress(1, 3)
        yield ctx.progress(2, 3, preview="no picture")  # too soon after the first to be sent

    desk.plugin("toy", {"flickers": flickers})
    assert desk.run("toy.flickers").state.is_terminal
    assert desk.run("toy.flickers").state.is_terminal
