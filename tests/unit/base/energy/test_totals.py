"""Energy in the records: shares, calls, days; and a database that is made again has it all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.base.energy.amount import Amount
from studio.library import Artifact, Library


def amount(joules: float) -> Amount:
    return Amount(joules, joules / 2, joules * 2, joules, "estimated", joules / 10)


class Shelf:
    """A picture book: one run made two results and called for a picture, which called a model."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.caller = self.record("book", 100.0)
        self.called = self.record("image", 40.0, self.caller)
        self.deeper = self.record("chat", 8.0, self.called)
        self.book, self.index = self.made(self.caller), self.made(self.caller)
        self.picture = self.made(self.called)
        self.alone = self.made(self.record("music", 7.0))

    def record(self, plugin: str, joules: float, caller: str = "") -> str:
        records = self.library.records
        made = records.add(f"{plugin}.make", {}, plugin=plugin, caller=caller)
        records.complete(made.id, seconds=1.0, energy=amount(joules))
        return made.id

    def made(self, record: str) -> Artifact:
        new = NewArtifact("text", record.encode() + bytes([len(self.library.find())]), ".txt")
        return self.library.add_artifact(new, record=record)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with Library.open(tmp_path_factory.mktemp("energy") / "library") as library:
        yield Shelf(library)


def joules(found: Amount | None) -> float:
    assert found is not None
    return found.joules


def test_a_record_has_its_own_and_that_of_its_calls(shelf: Shelf) -> None:
    own, whole = shelf.library.energy.of_record(shelf.caller)
    assert (joules(own), joules(whole)) == (100.0, 148.0)
    own, whole = shelf.library.energy.of_record(shelf.deeper)
    assert (joules(own), joules(whole)) == (8.0, 8.0)
    assert shelf.library.record(shelf.deeper).caller == shelf.called


def test_results_of_one_run_share_it_and_nothing_counts_twice(shelf: Shelf) -> None:
    energy = shelf.library.energy
    assert energy.of_artifacts([shelf.book.id]).joules == (100 + 40 + 8) / 2
    assert energy.of_artifacts([shelf.book.id, shelf.index.id]).joules == 148.0
    assert energy.of_artifacts([shelf.picture.id]).joules == 48.0
    everything = [shelf.book.id, shelf.index.id, shelf.picture.id, shelf.alone.id]
    assert energy.of_artifacts(everything).joules == 155.0
    assert energy.of_artifacts([]).joules == 0.0


def test_a_collection_sums_what_is_in_it(shelf: Shelf) -> None:
    collections = shelf.library.collections
    made = collections.create("Best")
    collections.put(made.id, [shelf.picture.id, shelf.alone.id])
    found = shelf.library.energy.of_collection(made.id)
    assert (found.joules, found.low, found.high) == (55.0, 27.5, 110.0)


def test_sums_by_plugin_and_day(shelf: Shelf) -> None:
    by_plugin = shelf.library.energy.by_plugin()
    assert {name: each.joules for name, each in by_plugin.items()} == {
        "book": 100.0, "image": 40.0, "chat": 8.0, "music": 7.0,
    }  # fmt: skip
    assert by_plugin["book"].busy == 10.0
    ((_, day),) = shelf.library.energy.by_day().items()
    assert day.joules == 155.0
    assert shelf.library.energy.by_day(since=time.time() + 10) == {}


def test_what_was_not_measured_is_not_told_as_nothing(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        record = library.add_record("a.b", {})
        assert library.energy.of_record(record.id) == (None, None)
        assert library.energy.by_plugin() == {}


def test_a_database_that_is_made_again_has_callers_and_energy(shelf: Shelf) -> None:
    before = [shelf.library.record(id) for id in (shelf.caller, shelf.called, shelf.deeper)]
    shelf.library.rebuild()
    assert [shelf.library.record(each.id) for each in before] == before
    assert before[1].energy == amount(40.0)
