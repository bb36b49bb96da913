"""A task reads the library: what it finds, and who may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from studio.api import JobRequest, Kind, NewArtifact, SavedArtifact
from studio.api.manifest import Permissions
from studio.protocol.errors import ErrorCode
from studio.protocol.link import Received
from studio.protocol.messages import LibraryFound, LibraryQuery
from studio.testing.plugins import importable, run_task
from tests.plugins.calling.conftest import HERE, Desk

pytestmark = pytest.mark.torch

EXAMPLES = HERE.parent / "examples"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with Desk.opened(tmp_path / "home", EXAMPLES, monkeypatch, ("diary",), []) as desk:
        for title in ("Milk", "Bread"):
            new = NewArtifact(Kind.TEXT, f"{title} is out".encode(), ".txt", title, f"Buy {title}")
            desk.studio.library.add_artifact(new)
        yield desk


def test_a_task_finds_and_reads_results(desk: Desk) -> None:
    assert desk.run("diary.search").result == {"titles": ["Bread", "Milk"], "begins": "Bread is o"}
    assert desk.run("diary.search", words="milk").result["titles"] == ["Milk"]
    assert desk.run("diary.search", kind="image").result == {"titles": [], "begins": ""}


def test_a_job_of_another_program_may_not(desk: Desk) -> None:
    job = desk.studio.submit(JobRequest("diary.search", {}, private=True))
    desk.until(lambda: not job.is_live)
    assert job.error is not None
    assert job.error.code is ErrorCode.PERMISSION
    assert "another program" in job.error.message


@pytest.mark.parametrize("may", [True, False])
def test_the_studio_does_not_trust_a_runtime_that_asks_for_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, may: bool
) -> None:
    sent: list[object] = []
    job = desk.submit("diary.search")
    permissions = Permissions(library=may)
    plugin = desk.studio.plugins.plugin("diary")
    assert plugin.manifest is not None
    plugin.manifest = msgspec.structs.replace(plugin.manifest, permissions=permissions)
    monkeypatch.setattr(desk.studio.runtime, "send", lambda message, blobs=(): sent.append(message))
    desk.studio._heard(Received(LibraryQuery(job.id, 7)))
    desk.until(lambda: any(isinstance(each, LibraryFound) for each in sent))
    (found,) = [each for each in sent if isinstance(each, LibraryFound)]
    assert (len(found.rows), found.error is None) == ((2, True) if may else (0, False))
    monkeypatch.undo()
    job.cancel()


def test_the_kit_has_a_library_to_pretend() -> None:
    rows = [SavedArtifact("1", "text", "Milk", "", Path(), data=b"Milk is out")]
    with importable(EXAMPLES):
        from studio_diary.schema import Search
        from studio_diary.worker import search

        made = run_task(search, Search.parse({"words": "milk"}), library=rows)
    assert made.result == {"titles": ["Milk"], "begins": "Milk is ou"}
