"""Enlarging networks of others: loaded as ``spandrel`` loads them, and never a pickle."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from spandrel import ModelLoader
from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact
from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet
from spandrel.architectures.NAFNet.__arch.NAFNet_arch import NAFNet
from spandrel.architectures.SPAN.__arch.span import SPAN
from spandrel.architectures.SwinIR.__arch.SwinIR import SwinIR

from studio.api import StudioError, finished
from studio.models import WeightsCatalogue
from studio_image.upscale import enlargement
from studio_image.upscale.model import Upscaler
from studio_image.upscale.spandrel_model import SpandrelModel
from studio_image.upscale.weights import loader

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:torch.meshgrid:UserWarning"),  # of SwinIR
]

NETWORKS = {
    "SwinIR": (
        2,
        lambda: SwinIR(
            img_size=16, window_size=8, depths=[2], embed_dim=12, num_heads=[2], mlp_ratio=2,
            upscale=2, upsampler="pixelshuffledirect",
        ),
    ),
    "SPAN": (2, lambda: SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=2)),
    "NAFNet": (1, lambda: NAFNet(width=4, enc_blk_nums=[1], dec_blk_nums=[1])),
    "ESRGAN": (2, lambda: RRDBNet(in_nc=3, out_nc=3, num_filters=8, num_blocks=1, scale=2)),
}  # fmt: skip
"""Architecture → scale and a small network of it, at random. ESRGAN has the names of its first
edition, which our own reader of it does not know."""


def saved(folder: Path, network: torch.nn.Module, prefix: str = "") -> Path:
    file = folder / "mine.safetensors"
    tensors = {f"{prefix}{n}": t.contiguous().clone() for n, t in network.state_dict().items()}
    save_file(tensors, file)
    return file


def random(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return NETWORKS[name][1]()


def load(file: Path) -> Upscaler:
    return finished(loader().load(file, "cpu"))


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def plain(file: Path, picture: np.ndarray) -> np.ndarray:
    """Return what ``spandrel`` itself makes of the picture, in floats 0–255."""
    network = ModelLoader("cpu").load_from_file(file).eval()
    with torch.no_grad():
        made = network(torch.tensor(picture).permute(2, 0, 1)[None].float() / 255)
    return made[0].permute(1, 2, 0).clamp(0, 1).numpy() * 255


@pytest.mark.parametrize("name", NETWORKS)
def test_it_enlarges_as_the_plain_package_does(tmp_path: Path, name: str) -> None:
    """Within rounding to whole levels: the same network, in float32, in one tile."""
    file = saved(tmp_path, random(name))
    scale = NETWORKS[name][0]
    facts = loader().recognise(file)
    assert facts.capabilities == ("upscale",)
    assert facts.facts["architecture"] == name
    upscaler = load(file)
    assert isinstance(upscaler.network, SpandrelModel)
    picture = noise(37, 21)
    made = finished(enlargement.enlarged(upscaler, picture, scale))
    assert made.shape == (37 * scale, 21 * scale, 3)
    assert made.std() > 3  # a flat picture would be equal to nearly anything
    assert np.abs(made - plain(file, picture)).max() <= 0.51


@pytest.mark.parametrize("name", NETWORKS)
def test_dropped_into_a_folder_it_is_listed_for_enlarging(tmp_path: Path, name: str) -> None:
    saved(tmp_path, random(name))
    assert [row.id for row in WeightsCatalogue([tmp_path]).list("upscale")] == ["mine"]


def test_tiles_of_it_give_the_untiled_picture(tmp_path: Path) -> None:
    """Within one level: its convolutions see less far than the margin of a tile."""
    upscaler = load(saved(tmp_path, random("ESRGAN")))
    whole, tiled = (
        finished(enlargement.enlarged(upscaler, noise(70, 45), 2, side)) for side in (512, 32)
    )
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_names_wrapped_by_a_training_are_unwrapped(tmp_path: Path) -> None:
    file = saved(tmp_path, random("SPAN"), prefix="module.")
    assert loader().recognise(file).facts["architecture"] == "SPAN"
    assert load(file).scale == 2


def test_a_grey_network_is_refused_in_words(tmp_path: Path) -> None:
    grey = SRVGGNetCompact(num_in_ch=1, num_out_ch=1, num_feat=8, num_conv=2, upscale=2)
    with pytest.raises(StudioError, match="colour picture"):
        load(saved(tmp_path, grey))


def test_tensors_that_do_not_fit_are_refused_in_words(tmp_path: Path) -> None:
    network = random("SwinIR").state_dict()
    name = next(name for name in network if name.endswith("qkv.weight"))
    network[name] = network[name][:-1]
    file = tmp_path / "cut.safetensors"
    save_file({name: tensor.contiguous().clone() for name, tensor in network.items()}, file)
    assert loader().recognise(file)  # its names are those of SwinIR
    with pytest.raises(StudioError, match=r"cut\.safetensors do not fit together") as caught:
        load(file)
    assert caught.value.hint


def test_a_network_that_fails_while_it_computes_is_told(tmp_path: Path) -> None:
    upscaler = load(saved(tmp_path, random("NAFNet")))
    upscaler.network.model.intro.bias.data = torch.zeros(5)
    with pytest.raises(StudioError, match="do not fit together"):
        finished(enlargement.enlarged(upscaler, noise(8, 8), 1))


# --- pickles ----------------------------------------------------------------------------------


class Planted:
    """Pickled, it makes a folder when somebody unpickles it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_a_hostile_pickle_is_refused_and_does_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "it ran"
    tensors = random("SPAN").state_dict()
    file = tmp_path / "net.pth"
    torch.save({**tensors, "more": Planted(trace)}, file)
    with pytest.raises(StudioError, match=r"net\.pth is a pickle") as caught:
        loader().recognise(file)
    assert "safetensors" in caught.value.hint
    with pytest.raises(StudioError, match=r"net\.pth"):
        load(file)
    assert not trace.exists()
    torch.load(file, weights_only=False)  # control: opened carelessly, it runs
    assert trace.exists()


def test_an_honest_pickle_is_refused_too(tmp_path: Path) -> None:
    torch.save(random("SPAN").state_dict(), tmp_path / "net.pth")
    with pytest.raises(StudioError, match="pickle"):
        loader().recognise(tmp_path / "net.pth")
