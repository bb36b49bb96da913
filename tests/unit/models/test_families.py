"""Weights of the families that plugins declare: found without a sidecar, and the best that fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.api.manifest import FamilyEntry
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.models import WeightsCatalogue
from studio.models.manager import WeightsManager
from studio.protocol.errors import StudioError

LETTERS = FamilyEntry("toy-letters", ("rating",), metadata={"format": "toy-letters/1"})
NOTES = FamilyEntry("toy-notes", ("notes",), suffixes=(".notes",))


def tensors(path: Path, **metadata: str) -> Path:
    header = json.dumps({"__metadata__": metadata}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    return path


def test_a_file_is_known_by_its_header(tmp_path: Path) -> None:
    tensors(tmp_path / "Mine.safetensors", format="toy-letters/1")
    tensors(tmp_path / "other.safetensors", format="toy-letters/2")
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 40)
    assert WeightsCatalogue([tmp_path]).list() == [], "the control: nobody else knows them"
    catalogue = WeightsCatalogue([tmp_path], families=lambda: [LETTERS])
    (row,) = catalogue.list()
    assert (row.id, row.family, row.capabilities) == ("mine", "toy-letters", ("rating",))
    assert catalogue.default_for("rating").id == "mine"
    (entry,) = catalogue.entries()
    assert (entry.family, entry.capabilities) == ("toy-letters", ("rating",))


def test_a_file_is_known_by_a_suffix_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "song.notes").write_bytes(b"la")
    (tmp_path / "empty.notes").touch()
    (row,) = WeightsCatalogue([tmp_path], families=lambda: [NOTES]).list("notes")
    assert (row.id, row.format, row.bytes) == ("song", "notes", 2)


def test_a_plugin_that_is_switched_on_or_off_takes_its_family_along(tmp_path: Path) -> None:
    (tmp_path / "song.notes").write_bytes(b"la")
    families: list[FamilyEntry] = []
    catalogue = WeightsCatalogue([tmp_path], families=lambda: families)
    assert catalogue.list() == []
    families.append(NOTES)
    assert [row.id for row in catalogue.list()] == ["song"]
    families.clear()
    assert catalogue.list() == []


def test_a_file_is_added_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StudioPaths, "weights_folders", lambda self: (self.weights,))
    (tmp_path / "song.notes").write_bytes(b"la")
    paths, settings = StudioPaths(tmp_path / "home"), Settings(tmp_path / "settings.json")
    with pytest.raises(StudioError):  # the control: nobody else knows it
        WeightsManager(paths, settings).add(tmp_path / "song.notes")
    manager = WeightsManager(paths, settings, lambda: [NOTES])
    manager.add(tmp_path / "song.notes")
    (row,) = manager.catalogue.list("notes")
    assert (row.id, row.origin, row.problem) == ("song", "added", "")


def test_an_adapter_is_a_language_model_but_nobodys_first_choice(tmp_path: Path) -> None:
    tensors(tmp_path / "a.safetensors", format="text-adapter/1", base="z")
    (tmp_path / "z.gguf").write_bytes(b"GGUF" + bytes(60))
    catalogue = WeightsCatalogue([tmp_path])
    assert [row.id for row in catalogue.list("text")] == ["z", "a"]
    (adapter,) = catalogue.list("fine-tuned")
    assert (adapter.id, adapter.family) == ("a", "text-adapter")
