"""How the starter generator is measured: hits, yardsticks, distances, and its bench."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from benchmarks.image import accuracy, nearest_pictures
from benchmarks.image import starter as speed
from studio.api import BadInput, finished
from studio_image.restyle.features import LAYERS
from studio_image.starter import weights as starter_weights
from studio_image.starter.network import STYLES, Caption, Decoder, Encoder, Generator
from studio_image.starter.weights import Starter

CAPTIONS = ("fox", "red apple", "house", "crying face")


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Feature weights of the right layers, narrow and random."""
    path = tmp_path_factory.mktemp("features") / "vgg.safetensors"
    rng = torch.Generator().manual_seed(0)
    tensors, inputs = {}, 3
    for name in LAYERS:
        tensors[f"{name}.weight"] = torch.randn((8, inputs, 3, 3), generator=rng) / 6
        tensors[f"{name}.bias"] = torch.zeros(8)
        inputs = 8
    save_file(tensors, path, {"family": "vgg-features"})
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator that learned nothing, but whose words and noise all matter."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        parts = {"encoder": Encoder(), "decoder": Decoder(), "generator": Generator()}
        torch.nn.init.normal_(parts["generator"].leave.weight, std=0.05)
        torch.nn.init.normal_(parts["generator"].modulation.weight, std=0.05)
    states = {name: network.state_dict() for name, network in parts.items()}
    starter_weights.save(path, states, CAPTIONS, seen=12)
    return path


@pytest.fixture(scope="module")
def starter(weights: Path) -> Starter:
    """The generator, loaded; one block of six does, to see what is measured and how often."""
    starter = finished(starter_weights.loader().load(weights, "cpu"))
    assert isinstance(starter.generator, Generator)
    starter.generator.blocks = starter.generator.blocks[:1]
    return starter


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A picture for each caption and style; styles share a drawing, "red apple" of noto is held."""
    rng = np.random.default_rng(0)
    blots = rng.integers(0, 255, (len(CAPTIONS), 8, 8, 3), np.uint8).repeat(8, 1).repeat(8, 2)
    pairs = [(caption, style) for style in STYLES for caption in CAPTIONS]
    path = tmp_path / "pictures.npz"
    np.savez(
        path,
        pixels=np.stack([blots[CAPTIONS.index(caption)] for caption, _ in pairs]),
        captions=np.array([caption for caption, _ in pairs]),
        styles=np.array([style for _, style in pairs]),
        held_out=np.array([pair == ("red apple", "noto") for pair in pairs]),
    )
    return path


def test_a_real_picture_is_nearest_to_itself_and_others_are_not(vgg: Path, pictures: Path) -> None:
    real = accuracy.RealPictures(pictures)
    described = nearest_pictures.described(nearest_pictures.open_features(vgg), real.pixels)
    gallery = nearest_pictures.Gallery(described, real.captions, real.styles)
    own = described[[real.place[caption, "noto"] for caption in CAPTIONS]]
    assert gallery.ranks(own, CAPTIONS, "noto").within(1) == 1
    wrong = gallery.ranks(own, CAPTIONS[1:] + CAPTIONS[:1], "noto")
    assert wrong.within(1) == 0
    assert wrong.within(len(CAPTIONS)) == 1


def test_distance_is_none_to_itself_and_measured_in_the_range_of_the_networks() -> None:
    black, white = torch.zeros(1, 3, 64, 64), torch.ones(1, 3, 64, 64)
    assert nearest_pictures.distance(white, torch.cat([black, white])) == nearest_pictures.Distance(
        0, 1
    )
    apart = nearest_pictures.distance(black, white)
    assert apart.mean == pytest.approx(2)
    assert apart.near == 0


def test_a_picture_that_is_only_elsewhere_and_mirrored_is_at_best_the_same() -> None:
    picture = torch.ones(3, 64, 64)
    picture[:, 20:40, 10:30] = torch.rand(3, 20, 20, generator=torch.Generator().manual_seed(0))
    moved = picture.roll((2, -4), (1, 2)).flip(-1)
    shown, at_best = nearest_pictures.apart(picture, moved)
    assert shown > 0.3
    assert at_best < 0.01
    assert nearest_pictures.apart(picture, 1 - picture)[1] > 1


def test_copies_come_from_a_trained_picture_of_another_style(pictures: Path) -> None:
    real = accuracy.RealPictures(pictures)
    held = real.place["red apple", "noto"]
    assert real.pairs("noto", 9, held_out=True) == [held]
    assert held not in real.pairs("noto", 9, held_out=False)
    twin = real.twin(real.place["red apple", "flat"])
    assert twin == real.place["red apple", "3d"], "noto comes first, but is held out"


def test_another_file_than_the_pictures_is_refused_in_words(tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, numbers=np.zeros(3))
    with pytest.raises(BadInput, match=r"other\.npz"):
        accuracy.RealPictures(other)


def test_the_report_has_a_row_for_each_style_and_kind_and_for_all(
    vgg: Path, pictures: Path, starter: Starter
) -> None:
    real = accuracy.RealPictures(pictures)
    report = accuracy.measure(starter, real, vgg, 3)
    rows = {(row.pairs, row.styles): row for row in report.rows}
    assert len(rows) == len(STYLES) + 2 + 3, "held out there is one, in noto"
    assert rows["trained", "all"].count == 3 * len(STYLES)
    assert rows["trained", "flat, noto, 3d"].count == 9
    assert rows["held out", "noto"].count == rows["held out", "all"].count == 1
    assert all(row.copy == 1 for row in report.rows), "styles share their drawings"
    assert report.distances["real, held out"].near == 1
    lines = list(accuracy.table(report))
    assert any(line.startswith("| noto | ") and "of 3 | " in line for line in lines)
    assert sum(line.startswith("| drawn, ") for line in lines) == 2


def test_real_pictures_are_described_once_and_anew_when_they_change(
    vgg: Path, pictures: Path, starter: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = accuracy.Examiner(starter, accuracy.RealPictures(pictures), vgg).gallery.descriptors
    monkeypatch.setattr(accuracy, "described", lambda *_: pytest.fail("described twice"))
    again = accuracy.Examiner(starter, accuracy.RealPictures(pictures), vgg).gallery.descriptors
    assert torch.equal(first, again)
    monkeypatch.undo()
    changed = accuracy.RealPictures(pictures)
    changed.pixels = 255 - changed.pixels
    assert not torch.equal(accuracy.Examiner(starter, changed, vgg).gallery.descriptors, first)


def test_what_is_drawn_to_be_measured_is_what_the_studio_draws(starter: Starter) -> None:
    caption = Caption.of("fox", "3d")
    rng = torch.Generator().manual_seed(11)
    *_, (_, studio) = speed.sampler.draw(starter, speed.sampler.Drawing(caption), rng)
    assert torch.equal(accuracy.drawn(starter, ["fox"] * 4, "3d", seed=11), studio)


def test_the_plain_loop_draws_the_same_pictures_but_for_rounding(starter: Starter) -> None:
    caption = Caption.of("fox", "3d")
    rng = torch.Generator().manual_seed(7)
    *_, (_, studio) = speed.sampler.draw(starter, speed.sampler.Drawing(caption), rng)
    plain = speed.plain(starter, torch.tensor([caption.row()] * 4)).clamp(0, 1)
    assert float((plain - studio).abs().mean()) < 0.02


def test_without_the_pictures_the_bench_says_how_to_get_accuracy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(speed.DATA, raising=False)
    said = speed.figures(SimpleNamespace(), SimpleNamespace())["accuracy"]
    assert "not measured" in said
    assert "training/data.py" in said


def test_with_the_pictures_the_bench_has_a_row_for_each_kind(
    vgg: Path, pictures: Path, starter: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(speed.DATA, str(pictures))
    context = SimpleNamespace(say=lambda text: None, weights_path=lambda name: vgg)
    figures = speed.figures(context, starter)
    assert figures["held out: noto"][0] == 1
    assert figures["distance: real, held out"][1] == 1
