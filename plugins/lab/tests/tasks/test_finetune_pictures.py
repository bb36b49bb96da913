"""Picture models learn more by small matrices beside their layers, and can do without them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from plugins.image.tests.diffusion.tiny_pipelines import pipeline
from studio.api import BadInput, Kind, finished
from studio.testing.plugins import Made, run_task
from studio_image.additions import weights as addition_weights
from studio_image.diffusion.model import DiffusionModel, build
from studio_image.diffusion.weights import read_plan
from studio_image.schema import Generate
from studio_image.tasks.diffusion_generation import generate
from studio_lab import weights
from studio_lab.datasets.dataset import Shape
from studio_lab.finetuning.low_rank import LowRank
from studio_lab.networks.diffusion import Diffusion
from studio_lab.schema.finetune_pictures import FineTunePictures
from studio_lab.tasks.finetune_pictures import finetune_pictures
from studio_lab.weights import Trained

pytestmark = pytest.mark.torch


class Placed(DiffusionModel):
    """A model that knows its folder."""

    def __fspath__(self) -> str:
        return str(self.plan.path)


def stripes(folder: Path, count: int = 24, side: int = 16) -> Path:
    folder.mkdir()
    for n in range(count):
        pixels = np.zeros((side, side, 3), np.uint8)
        pixels[:, n % 4 :: 4] = 250
        pixels[n % side] = 120
        Image.fromarray(pixels).save(folder / f"{n}.png")
    return folder


def tuned(models: dict[str, Any], data: Path, **params: Any) -> Made:
    asked = {"data": str(data), "epochs": 15, "rate": 0.01, "early_stopping": False, **params}
    return run_task(finetune_pictures, FineTunePictures.parse(asked), seed=1, models=models)


def test_a_network_of_the_lab_becomes_another_one_that_makes_the_new_pictures_likelier(
    tmp_path: Path,
) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Diffusion(Shape("pictures", 1, 16, 16, levels=17), 8, 1)
    network.eval().requires_grad_(False)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    base = Trained(network, "diffusion", network.shape, {}, {"data": "x"}, {"width": 8, "depth": 1})
    made = tuned({"it": base}, stripes(tmp_path / "stripes"), own="it")
    assert made.result["measures"]["factor"] < 0.97
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    path = tmp_path / "tuned.safetensors"
    path.write_bytes(next(e for e in made.artifacts if e.kind == Kind.WEIGHTS).read())
    again = finished(weights.loader().load(path, "cpu"))
    x, time = torch.rand(2, 1, 16, 16) * 2 - 1, torch.ones(2)
    assert not torch.allclose(again.network.denoiser(x, time), network.denoiser(x, time))


def test_matrices_beside_layers_do_what_they_do_merged() -> None:
    network = Diffusion(Shape("pictures", 1, 8, 8, levels=17), 8, 1).eval().requires_grad_(False)
    matrices = LowRank(network, 4, 8.0, torch.Generator().manual_seed(1))
    for up in matrices.up:
        torch.nn.init.normal_(up, std=0.1)
    x, time = torch.rand(2, 1, 8, 8), torch.ones(2)
    plain = network.denoiser(x, time)
    with torch.no_grad(), matrices.beside(network):
        beside = network.denoiser(x, time)
    assert torch.equal(network.denoiser(x, time), plain), "nothing is left of them"
    network.load_state_dict(matrices.merged(network))
    torch.testing.assert_close(network.denoiser(x, time), beside, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(plain, beside, atol=1e-3)


def test_what_cannot_be_fine_tuned_is_told(tmp_path: Path) -> None:
    data = stripes(tmp_path / "stripes")
    single = tmp_path / "single"
    single.mkdir()
    with pytest.raises(BadInput, match="diffusers folder"):
        tuned({"it": single}, data, model="diffusion", weights="it")
    (single / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(BadInput, match="FluxPipeline"):
        tuned({"it": single}, data, model="diffusion", weights="it")
    with pytest.raises(BadInput, match="no model"):
        tuned({}, data, own=None)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("is_xl", [False, True], ids=["sd", "sdxl"])
def test_stable_diffusion_gets_an_adapter_that_pictures_uses_or_leaves_out(
    tmp_path: Path, is_xl: bool
) -> None:
    pipeline(is_xl).save_pretrained(tmp_path / "sd")
    data = stripes(tmp_path / "stripes", count=12, side=32)
    (data / "0.txt").write_text("a grey line")
    made = tuned(
        {"it": tmp_path / "sd"}, data, model="diffusion", weights="it", side=32, prompt="stripes",
        epochs=6, batch=8, rate=0.03,
    )  # fmt: skip
    assert made.result["measures"]["factor"] < 0.97
    path = tmp_path / "adapter.safetensors"
    path.write_bytes(next(e for e in made.artifacts if e.kind == Kind.WEIGHTS).read())
    adapter = finished(addition_weights.LoraLoader().load(path, "cpu"))
    assert adapter.base == "it"

    plain = finished(build(read_plan(tmp_path / "sd"), "cpu", torch.float32))
    model = Placed(plain.plan, plain.pipe)

    def drawn(*adapters: str) -> bytes:
        asked = {"weights": "it", "prompt": "stripes", "steps": 1, "count": 1, "width": 32,
                 "height": 32, "loras": list(adapters)}  # fmt: skip
        found = run_task(
            generate, Generate.parse(asked), seed=3, models={"it": model, "mine": adapter}
        )
        with Image.open(io.BytesIO(found.artifacts[0].read())) as image:
            return image.tobytes()

    without = drawn()
    assert drawn("mine") != without
    assert drawn() == without, "it is beside the model, and gone with the job"
