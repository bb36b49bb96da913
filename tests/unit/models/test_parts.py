"""A model in several files is one row: listed, fetched, copied, verified and removed as a whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api import finished
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.models import additions
from studio.models.download import hub, hub_edition
from studio.models.download.https import Line
from studio.models.download.hub import Address
from studio.models.manager import WeightsManager
from studio.models.other_programs import other_programs
from studio.protocol.errors import StudioError
from studio.protocol.weights_files import parts_of
from studio.runtime.pool.digests import Digests
from studio.runtime.weights_check import process as inside
from tests.runtime.engines.gguf_builder import in_parts
from tests.unit.models.download.toy_hub import ToyHub, toy_hub

FILES = in_parts()
NAMES = list(FILES)
BYTES = sum(map(len, FILES.values()))


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightsManager:
    monkeypatch.setattr(StudioPaths, "weights_folders", lambda self: (self.weights,))
    monkeypatch.setattr(
        additions, "check_header", lambda path: additions.HeaderCheck(**inside.glance(path))
    )
    home = tmp_path / "home"
    home.mkdir()
    return WeightsManager(StudioPaths(home), Settings(home / "settings.json"))


def put(folder: Path, names: list[str] = NAMES) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(FILES[name])
    return folder


def test_names_alone_say_what_belongs_together() -> None:
    assert [p.name for p in parts_of(Path("a/x-00002-of-00002.gguf"))] == [
        "x-00001-of-00002.gguf", "x-00002-of-00002.gguf"
    ]  # fmt: skip
    for name in ("x.gguf", "x-1-of-2.gguf", "x-00003-of-00002.gguf", "x-00001-of-99999.gguf"):
        assert parts_of(Path(name)) == [Path(name)]


def test_it_is_added_by_any_file_copied_verified_and_removed_as_one(
    manager: WeightsManager, tmp_path: Path
) -> None:
    there = put(tmp_path / "there")
    manager.add(there / NAMES[1])
    (row,) = manager.catalogue.list()
    assert (row.id, row.path, row.bytes, row.problem) == ("big", there / NAMES[0], BYTES, "")
    manager.remove(row)
    assert len(list(there.iterdir())) == 3
    added = manager.add(there / NAMES[2], copy=True)
    assert added.header is not None
    assert added.header.bytes == BYTES
    assert added.path == manager.folder / "big" / NAMES[0]
    (row,) = manager.catalogue.list()
    assert manager.at(added.path.with_name(NAMES[2])) == row
    digest = manager.catalogue.verify("big").digest
    assert finished(Digests().compute(row.path)) == digest, "both processes mean the same digest"
    manager.remove(row)
    assert not row.path.parent.exists()
    assert [binned.bytes for binned in manager.bin.contents()] == [BYTES]
    manager.put_back(row)
    assert manager.catalogue.verify("big").digest == digest


def test_what_is_missing_is_named(manager: WeightsManager) -> None:
    put(manager.folder, NAMES[1:])
    (row,) = manager.catalogue.list()
    assert (row.id, row.capabilities) == ("big", ())
    assert f"is split into 3 files, but {NAMES[0]} is missing" in row.problem
    with pytest.raises(StudioError, match="is missing"):
        manager.add(manager.folder / NAMES[2])


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_stores_of_other_programs(tmp_path: Path) -> None:
    put(tmp_path / ".lmstudio" / "models" / "ada" / "big")
    cache = tmp_path / ".cache" / "huggingface" / "hub" / "models--ada--big"
    snapshot = cache / "snapshots" / "c0ffee" / "Q8"
    snapshot.mkdir(parents=True)
    for number, name in enumerate(put(cache / "blobs").iterdir()):
        (snapshot / name.name).symlink_to(name.rename(name.with_name(f"b{number}")))
    rows = [row for each in other_programs(tmp_path, {}) for row in each.rows()]
    assert [(row.id, row.bytes, row.problem) for row in rows] == [
        ("lmstudio-big", BYTES, ""), ("huggingface-ada-big-big", BYTES, "")
    ]  # fmt: skip
    assert rows[1].path == snapshot / NAMES[0], "the link, whose name leads to the others"
    (snapshot / NAMES[1]).unlink()
    (snapshot / NAMES[1]).symlink_to(put(tmp_path / "outside") / NAMES[1])
    (row,) = (
        row for each in other_programs(tmp_path, {}) for row in each.rows() if "hug" in row.id
    )
    assert "points outside" in row.problem


def test_of_several_files_of_ollama_nobody_knows_the_order(tmp_path: Path) -> None:
    store = tmp_path / ".ollama" / "models"
    layers = []
    for number, data in enumerate(FILES.values()):
        digest = f"{number}" * 64
        (blobs := store / "blobs").mkdir(parents=True, exist_ok=True)
        (blobs / f"sha256-{digest}").write_bytes(data)
        kind = "application/vnd.ollama.image.model"
        layers.append({"mediaType": kind, "digest": f"sha256:{digest}"})
    manifest = store / "manifests" / "registry.ollama.ai" / "library" / "big" / "latest"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"layers": layers}))
    (row,) = (row for each in other_programs(tmp_path, {}) for row in each.rows())
    assert (row.title, row.capabilities) == ("big:latest", ())
    assert "splits big:latest into 3 files" in row.problem


@pytest.fixture
def server() -> Iterator[ToyHub]:
    with toy_hub() as server:
        server.files = {f"Q8/{name}": data for name, data in FILES.items()}
        server.large = set(server.files)
        yield server


@pytest.mark.loopback
def test_the_hub_offers_and_fetches_it_whole(
    manager: WeightsManager, server: ToyHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_edition, "check_header", additions.check_header)
    line = Line(server.address)
    found = hub.look_up(Address.parse("ada/tiny"), line)
    (edition,) = found.editions
    assert (edition.name, edition.bytes, edition.missing) == (f"Q8/{NAMES[0]}", BYTES, "")
    order = hub_edition.Order(found, found.edition(f"Q8/{NAMES[1]}"))
    path = hub_edition.fetch(order, line, manager.folder)
    assert path == manager.folder / "big" / NAMES[0]
    (row,) = manager.catalogue.list()
    assert (row.id, row.title, row.bytes, row.context) == ("big", "big", BYTES, 64)
    assert manager.catalogue.verify("big").passed is True
    manager.remove(row)
    hub_edition.fetch(order, line, manager.folder)
    del server.files[f"Q8/{NAMES[2]}"]
    found = hub.look_up(Address.parse("ada/tiny"), line)
    with pytest.raises(StudioError, match=f"Q8/{NAMES[2]} is missing."):
        hub_edition.fetch(hub_edition.Order(found, found.editions[0]), line, manager.folder)
