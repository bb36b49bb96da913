"""A task in its plugin's own process reads the library, if it may."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from studio.protocol.errors import ErrorCode
from studio.protocol.library_row import LibraryRow
from studio.protocol.messages import LibraryFound, LibraryQuery, Permits
from tests.runtime.desk import Desk
from tests.runtime.hosts.conftest import Strangers

pytestmark = pytest.mark.skipif("sys.platform == 'win32'")

READER = """
def look(ctx, params):
    found = ctx.library.find(params.text, ["text"], 5)
    yield ctx.result(
        titles=[each.title for each in found],
        path=str(found[0].path),
        passed=found[0].verdict.passed,
        payload=ctx.library.read(found[0]).decode(),
    )
"""


def answer(desk: Desk, folder: Path) -> None:
    """Answer what is asked, as the studio does."""
    (folder / "milk.txt").write_text("Milk is out")
    verdict = {"checks": [{"name": "fresh", "passed": True}]}
    row = LibraryRow("1", "text", "Milk", "", str(folder / "milk.txt"), verdict=verdict)
    for ask in (1, 2, 3):
        query = desk.wait(lambda each, ask=ask: isinstance(each, LibraryQuery) and each.ask == ask)
        desk.send(LibraryFound(query.job, query.ask, (row,)))


def test_what_it_may_read_crosses_and_paths_do_not(
    desk: Desk, strangers: Strangers, tmp_path: Path
) -> None:
    strangers.plugin("reader", READER, permits=Permits(library=True))
    answers = threading.Thread(target=answer, args=(desk, tmp_path))
    answers.start()
    end = desk.run("reader.look", text="milk")
    assert end.error is None
    answers.join()
    assert end.result == {"titles": ["Milk"], "path": ".", "passed": True, "payload": "Milk is out"}
    query = next(each for each in desk.messages if isinstance(each, LibraryQuery))
    assert (query.query, query.kinds, query.limit) == ("milk", ("text",), 5)


def test_who_does_not_declare_it_may_not(desk: Desk, strangers: Strangers) -> None:
    strangers.plugin("reader", READER)
    end = desk.run("reader.look")
    assert end.error is not None
    assert end.error.code is ErrorCode.PERMISSION
    assert not [each for each in desk.messages if isinstance(each, LibraryQuery)]
