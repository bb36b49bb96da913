"""A training learns, says how much, hands over weights that make something, and is stopped well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

import studio_lab
from studio.api import BadInput, EnergyUse, Event, Kind, TaskContext, finished
from studio.api.manifest import read_manifest
from studio.api.plot import Plot
from studio.models.families import of_family
from studio.testing.plugins import Made, run_task
from studio_lab import weights
from studio_lab.schema import Sample, Train
from studio_lab.tasks.sample import sample
from studio_lab.tasks.train import train

pytestmark = pytest.mark.torch


def trained(steps: int, seed: int = 1, **params: object) -> Made:
    asked = Train.parse({"steps": steps, "precision": "float32", "measured": 0, **params})
    return run_task(train, asked, seed=seed)


@pytest.fixture(scope="module")
def made() -> Made:
    return trained(150)


def test_it_learns_what_it_has_not_seen(made: Made) -> None:
    assert made.result["measures"]["bound"] < trained(5).result["measures"]["bound"] - 0.3


def test_what_has_hardly_learned_is_measured_and_not_called_good() -> None:
    made = trained(5, measured=40)
    samples = made.result["samples"]
    assert "baseline" in samples["findings"]
    assert "A plain baseline is better." in samples["sentence"]
    bound = samples["measures"]["bound (nats per dimension)"]["value"]
    assert bound == pytest.approx(made.result["measures"]["bound"], rel=1e-6), "one figure"
    (table,) = [each for each in made.artifacts if each.kind == Kind.TABLE]
    assert "Gaussian components" in table.read().decode()
    titles = [each.title for each in made.artifacts if each.kind == Kind.IMAGE]
    assert titles[0] == "Samples: Handwritten digits", "each above its nearest training example"


def test_weights_are_handed_over_that_make_something(made: Made, tmp_path: Path) -> None:
    kinds = {each.kind: each for each in made.artifacts}
    path = tmp_path / "trained.safetensors"
    path.write_bytes(kinds[Kind.WEIGHTS].read())
    families = read_manifest(Path(studio_lab.__file__).with_name("manifest.toml")).families
    found = of_family(path, families)
    assert found is not None
    assert "lab-pictures" in found.capabilities, "Pictures lists it"
    facts = weights.loader().recognise(path)
    assert facts is not None
    assert facts.facts["data"] == "Handwritten digits"
    assert kinds[Kind.WEIGHTS].meta["weights"] == made.result["weights"]
    model = finished(weights.loader().load(path, "cpu"))
    asked = Sample.parse({"weights": "it", "count": 4, "single": True})
    drawn = run_task(sample, asked, models={"it": model})
    assert [each.kind for each in drawn.artifacts] == [Kind.IMAGE] * 4


def test_a_gan_is_followed_by_losses_classes_and_joules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio_lab.tasks.train._SHOWN_SECONDS", 0.0)
    asked = Train.parse({"architecture": "gan", "steps": 12, "precision": "float32"})
    joules = [1.0, 3.0, 6.0]
    made = run_task(
        train, asked, seed=1, energy=[EnergyUse(each, each, each, 0) for each in joules]
    )
    plots = [Plot.decode(each.read()) for each in made.artifacts if each.kind == Kind.PLOT]
    charts = {plot.title: plot for plot in plots}
    assert [each.name for each in charts["Loss"].series] == ["discriminator", "generator"]
    assert all(0 <= share <= 1 for share in charts["Mode coverage"].series[0].y)
    assert not {"Energy", "Examples per second"} & charts.keys(), "they are not of the training"
    shown = {plot.title: plot for event in made.progress for plot in event.plots}
    seen = shown["Energy"].series[0].y
    assert seen
    assert seen == joules[: len(seen)]


def learning(ctx: TaskContext, params: Train) -> Iterator[Event]:
    """Train, and tell nothing before the first step is done."""
    steps = train(ctx, params)
    while "loss" not in str(event := next(steps)):
        pass
    yield event
    yield from steps


def test_what_was_stopped_keeps_its_best_weights() -> None:
    asked = Train.parse({"steps": 100_000, "precision": "float32"})
    made = run_task(learning, asked, seed=1, stop_after=3)
    assert made.cancelled
    first, *plots = made.artifacts
    assert first.kind == Kind.WEIGHTS
    assert {each.kind for each in plots} == {Kind.PLOT}


@pytest.mark.parametrize(
    ("architecture", "kind", "text"),
    [("normalising_flow", Kind.TABLE, "alcohol,"), ("recurrent", Kind.TEXT, "---")],
)
def test_other_data_come_out_as_what_they_are(architecture: str, kind: str, text: str) -> None:
    made = trained(2, architecture=architecture, batch=4)
    (found,) = [each for each in made.artifacts if each.kind == kind]
    assert text in found.text


@pytest.mark.slow
def test_molecules_come_out_as_molecules() -> None:
    made = trained(2, architecture="recurrent", batch=4, example="molecules")
    (found,) = [each for each in made.artifacts if each.kind == Kind.MOLECULES]
    assert found.read().startswith(b"smiles,name,parent,operation,seed\n")


@pytest.mark.slow
def test_tunes_come_out_as_one_that_opens() -> None:
    formats = pytest.importorskip("studio_music.score.formats")
    made = trained(1, architecture="recurrent", batch=4, example="chorales")
    (found,) = [each for each in made.artifacts if each.kind == Kind.SCORE]
    piece = formats.read(found.read(), found.suffix).piece
    assert sum(len(track.notes) for track in piece.tracks) > 16


@pytest.mark.slow
def test_sounds_come_out_as_one_that_plays(tmp_path: Path) -> None:
    checks = pytest.importorskip("studio_music.audio.sound_checks")
    at = np.arange(8000) / 16_000
    for number in range(16):
        sound = np.sin(at * 2000 * (1 + number)) * 20_000
        wavfile.write(tmp_path / f"{number}.wav", 16_000, sound.astype(np.int16))
    made = trained(1, data=str(tmp_path), side=16)
    (found,) = [each for each in made.artifacts if each.kind == Kind.AUDIO]
    assert checks.check_file(found.read()).passed


def pictures(folder: Path, count: int, same: bool = False, sizes: tuple[int, ...] = (20,)) -> Path:
    draws = np.random.default_rng(0)
    for number in range(count):
        side = sizes[number % len(sizes)]
        shown = np.zeros((side, side, 3)) if same else draws.integers(256, size=(side, side, 3))
        Image.fromarray(shown.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize(
    ("count", "same", "architecture", "told"),
    [
        (2, False, "vae", "has 2 pictures; training needs at least 16"),
        (20, True, "vae", "All 20 pictures .* are the same"),
        (20, False, "classifier", "has one class"),
    ],
)
def test_pictures_that_nothing_can_be_learned_from_are_a_sentence(
    tmp_path: Path, count: int, same: bool, architecture: str, told: str
) -> None:
    folder = pictures(tmp_path, count, same)
    with pytest.raises(BadInput, match=told):
        trained(1, data=str(folder), architecture=architecture)


def test_pictures_of_mixed_sizes_are_made_one(tmp_path: Path) -> None:
    made = trained(1, data=str(pictures(tmp_path, 20, sizes=(20, 50))), side=16)
    assert "2 different sizes" in made.result["notes"][0]


def test_data_of_another_kind_are_a_sentence(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,b\n" + "1,2\n3,4\n" * 40)
    with pytest.raises(BadInput, match="the choice is a folder of pictures"):
        trained(1, data=str(table), architecture="gan")
