"""Results of the kind weights: in the catalogue as long as the library has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio.api import StudioError
from studio.api.manifest import FamilyEntry
from studio.plugins import PluginHost
from studio.testing.scripted import Artifact

LETTERS = FamilyEntry("toy-letters", ("rating",), metadata={"format": "toy-letters/1"})


def weights(number: int = 1) -> bytes:
    header = json.dumps({"__metadata__": {"format": "toy-letters/1", "n": str(number)}}).encode()
    return len(header).to_bytes(8, "little") + header


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of the toy can be loaded."""
    monkeypatch.setattr(PluginHost, "families", lambda self: [LETTERS])


@pytest.fixture
def trained(desk: Any) -> Any:
    """The studio has trained something."""
    best = {"recommended": {"warmth": 0.8, "not a name": 1, "nested": {}}}
    made = Artifact("weights", weights(), ".safetensors", title="Letters of mine", meta=best)
    job = desk.submit(made)
    desk.finish(job)
    desk.until(lambda: ids(desk))  # the folder is brought to the library by a thread of its own
    return job.artifacts[0]


def ids(desk: Any) -> list[str]:
    return [row.id for row in desk.studio.weights.list("rating")]


def test_a_result_can_be_used_at_once_and_takes_no_room(desk: Any, trained: Any) -> None:
    (row,) = desk.studio.weights.list("rating")
    assert row.id.startswith("letters-of-mine-")
    assert (row.title, row.family) == ("Letters of mine", "toy-letters")
    assert row.path.samefile(trained.path)
    assert desk.studio.weights.recommended(row.id) == {"warmth": 0.8}


def test_it_goes_into_the_bin_and_comes_back_with_its_result(desk: Any, trained: Any) -> None:
    before = ids(desk)
    desk.studio.library.bin(trained.id)
    desk.until(lambda: not ids(desk))
    desk.studio.library.restore(trained.id)
    desk.until(lambda: ids(desk) == before)
    desk.studio.library.erase([trained.id])
    desk.until(lambda: not ids(desk))
    assert not list(desk.studio.paths.weights.iterdir())


def test_only_the_gallery_removes_it(desk: Any, trained: Any) -> None:
    (row,) = desk.studio.weights.list("rating")
    with pytest.raises(StudioError, match="Gallery"):
        desk.studio.weights_manager.remove(row)


def test_a_whole_language_model_is_one_at_once(desk: Any) -> None:
    made = Artifact("weights", b"GGUF" + bytes(60), ".gguf", title="Mine, merged")
    desk.finish(desk.submit(made))
    desk.until(lambda: desk.studio.weights.list("fine-tuned"))
    (row,) = desk.studio.weights.list("fine-tuned")
    assert (row.format, row.capabilities) == ("gguf", ("text", "fine-tuned"))


def test_a_file_of_the_users_of_that_name_stays(desk: Any) -> None:
    folder = desk.studio.paths.weights
    folder.mkdir(parents=True)
    (folder / "mine.safetensors").write_bytes(weights(2))
    made = Artifact("weights", weights(), ".safetensors", title="x", meta={"weights": "mine"})
    desk.finish(desk.submit(made))
    desk.until(lambda: len(ids(desk)) == 2)
    assert (folder / "mine.safetensors").read_bytes() == weights(2)


def test_it_takes_the_id_of_no_other_model(desk: Any) -> None:
    folder = desk.studio.paths.weights
    folder.mkdir(parents=True)
    (folder / "mine.gguf").write_bytes(b"GGUF" + bytes(60))
    desk.studio.weights.rescan()
    before = desk.studio.weights.get("mine").path
    offered = next(iter(desk.studio.weights.offers())).id
    for number, id in enumerate(("mine", offered), start=1):
        made = Artifact("weights", weights(number), ".safetensors", title="x", meta={"weights": id})
        desk.finish(desk.submit(made))
        desk.until(lambda number=number: len(ids(desk)) == number)
    assert desk.studio.weights.get("mine").path == before
    assert not {"mine", offered} & set(ids(desk))
