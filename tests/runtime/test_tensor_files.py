"""Weights of a plugin's own: known by their header, read whole, and damage is a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.api import Loader, StudioError, finished
from studio.api.worker.context import Parks
from studio.api.worker.tensor_files import (
    Header,
    SafetensorsLoader,
    damage_reported,
    damaged,
    read_header,
    read_tensors,
    write_tensors,
)

pytestmark = pytest.mark.torch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.safetensors"
    tensors = {f"layer{n}": torch.full((2,), float(n), dtype=torch.half) for n in range(20)}
    save_file({**tensors, "rows": torch.tensor([1, 2])}, path, {"format": "own/1", "seen": "7"})
    return path


class Sum:
    """A model of one number."""

    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        self.value = torch.stack([each.sum() for each in tensors.values()]).sum()

    def to(self, device: str) -> None:
        self.value = self.value.to(device)


def _facts(header: Header) -> dict[str, int]:
    return {"seen": int(header.metadata["seen"])}


LOADER = SafetensorsLoader(
    family="own",
    title="Sums",
    capabilities=("sum",),
    mark={"format": "own/1"},
    working_bytes=100,
    describe=_facts,
    build=lambda header, tensors, device: Sum(tensors),
)


def test_only_its_own_form_is_known(file: Path, tmp_path: Path) -> None:
    header = read_header(file)
    assert header is not None
    assert header.metadata == {"format": "own/1", "seen": "7"}
    assert (len(header.shapes), header.shapes["layer3"]) == (21, (2,))
    assert LOADER.recognise(file).facts == {"seen": 7}
    for mark, known in (({"format": "own/2"}, False), ({"seen": ""}, True), ({"kind": ""}, False)):
        assert (replace(LOADER, mark=mark).recognise(file) is not None) is known
    assert LOADER.recognise(tmp_path / "gone.safetensors") is None
    assert LOADER.recognise(tmp_path) is None
    assert LOADER.recognise(file.rename(file.with_suffix(".bin"))) is None


def test_floats_come_in_full_precision_and_reading_can_be_stopped(file: Path) -> None:
    reading, shares = read_tensors(file, "cpu"), []
    try:
        while True:
            shares.append(next(reading))
    except StopIteration as end:
        state = end.value
    assert shares == [8 / 21, 16 / 21]
    assert (state["layer3"].dtype, state["rows"].dtype) == (torch.float32, torch.int64)
    assert state["layer3"].tolist() == [3.0, 3.0]


def test_damage_is_a_sentence_that_names_the_file(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-8])
    assert read_header(file) is None
    with pytest.raises(StudioError, match=r"own\.safetensors cannot be used: "):
        list(read_tensors(file, "cpu"))
    with pytest.raises(StudioError, match="missing"), damage_reported(file):
        raise KeyError("missing")


def test_a_family_is_loaded_moved_and_let_go_of(file: Path) -> None:
    loader: Loader = LOADER
    assert isinstance(loader, Parks)
    assert loader.measure(file).weights_bytes == 2 * file.stat().st_size
    model = finished(LOADER.load(file, "cpu"))
    assert model.value == 2 * sum(range(20)) + 3
    LOADER.unpark(model, "meta")
    assert model.value.is_meta
    model = finished(LOADER.load(file, "cpu"))
    LOADER.park(model)
    assert not model.value.is_meta
    LOADER.unload(model)
    assert model.value.is_meta, "whoever still holds it holds no memory"


def test_a_file_of_another_family_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    write_tensors(path, "other/1", {"a": torch.ones(3)}, {})
    with pytest.raises(StudioError, match=r"other\.safetensors cannot be used: its header"):
        finished(LOADER.load(path, "cpu"))


def test_a_header_or_tensors_that_do_not_fit_are_told_as_damage(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    write_tensors(path, "own/1", {"a": torch.ones(3)}, {"seen": "many"})
    for call in (LOADER.recognise, lambda path: finished(LOADER.load(path, "cpu"))):
        with pytest.raises(StudioError, match="invalid literal"):
            call(path)

    def unfit(header: Header, tensors: dict[str, torch.Tensor], device: str) -> Sum:
        if "rows" in tensors:
            raise damaged(header.path, "it has rows")
        return Sum(tensors)

    with pytest.raises(StudioError, match="it has rows"):
        finished(replace(LOADER, build=unfit).load(file, "cpu"))


def test_floats_are_written_in_half_precision(tmp_path: Path) -> None:
    path = tmp_path / "new.safetensors"
    write_tensors(path, "own/1", {"a": torch.ones(2, 2).mT, "n": torch.tensor([7])}, {"seen": "3"})
    assert load_file(path)["a"].dtype == torch.half
    assert load_file(path)["n"].dtype == torch.int64
    assert LOADER.recognise(path).facts == {"seen": 3}


def test_equal_tensors_are_equal_files_in_full_precision_where_asked(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.safetensors" for number in range(8)]
    for file in files:
        told = {name: name for name in "zyxwvu"}
        write_tensors(file, "own/1", {"a": torch.full((3,), 0.1)}, told, half=False)
    assert len({file.read_bytes() for file in files}) == 1
    assert load_file(files[0])["a"].equal(torch.full((3,), 0.1))


def test_a_disk_that_refuses_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_tensors(tmp_path / "none" / "a.safetensors", "own/1", {"a": torch.ones(3)}, {})
