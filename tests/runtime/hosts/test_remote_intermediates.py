"""A task in its plugin's own process keeps intermediates, and finds those of earlier runs."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from studio.protocol.library_row import LibraryRow
from studio.protocol.messages import Keep, LibraryFound, LibraryQuery, Submit
from studio.protocol.states import JobState
from tests.runtime.desk import Desk
from tests.runtime.hosts.conftest import Strangers

pytestmark = pytest.mark.skipif("sys.platform == 'win32'")

KEEPER = """
def draw(ctx, params):
    found = ctx.intermediates.find(params.text)
    yield ctx.artifact("text", found or b"drawn", suffix=".txt")
    yield ctx.intermediates.keep(params.text, b"latents")
    yield ctx.intermediates.keep("huge", bytes((64 << 20) + 1))
    yield ctx.result(found=found is not None)
"""


def answer(desk: Desk, *paths: Path) -> threading.Thread:
    """Answer the question for what was kept, as the studio does."""

    def tell() -> None:
        query = desk.wait(lambda each: isinstance(each, LibraryQuery))
        rows = tuple(LibraryRow("", "", "", "", str(path)) for path in paths)
        desk.send(LibraryFound(query.job, query.ask, rows))

    thread = threading.Thread(target=tell)
    thread.start()
    return thread


def test_what_is_kept_crosses_both_ways_under_one_key(
    desk: Desk, strangers: Strangers, tmp_path: Path
) -> None:
    strangers.plugin("keeper", KEEPER)
    asked = answer(desk)
    end = desk.run("keeper.draw", text="a fox")
    asked.join()
    assert (end.state, end.result) == (JobState.DONE, {"found": False}), end.error
    (kept,) = [each for each in desk.messages if isinstance(each, Keep)]
    (query,) = [each for each in desk.messages if isinstance(each, LibraryQuery)]
    assert kept.key == query.kept, "and what is too large for the link is not kept"
    desk.messages.clear()
    (tmp_path / "kept").write_bytes(b"latents")
    asked = answer(desk, tmp_path / "kept")
    end = desk.run("keeper.draw", text="a fox")
    asked.join()
    assert end.result == {"found": True}, end.error
    assert next(e for e in desk.messages if isinstance(e, LibraryQuery)).kept == query.kept


def test_for_another_program_nothing_is_kept_or_found(desk: Desk, strangers: Strangers) -> None:
    strangers.plugin("keeper", KEEPER)
    desk.send(Submit("foreign", "keeper.draw", {"text": "a fox"}, 1, private=True))
    end = desk.finished("foreign")
    assert end.result == {"found": False}, end.error
    assert not [each for each in desk.messages if isinstance(each, Keep | LibraryQuery)]
