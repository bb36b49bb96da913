"""Tiny diffusion weights, made once: as pipelines, as folders, and as the studio loads them."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def pipes():
    from plugins.image.tests.diffusion.tiny_pipelines import pipeline

    made = {"sd": pipeline(False), "sdxl": pipeline(True)}
    for pipe in made.values():
        pipe.set_progress_bar_config(disable=True)
    return made


@pytest.fixture(scope="session")
def folders(pipes, tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    for name, pipe in pipes.items():
        pipe.save_pretrained(root / name)
    return {name: root / name for name in pipes}


@pytest.fixture(scope="session")
def models(folders):
    import torch

    from studio.api import finished
    from studio_image.diffusion.model import build
    from studio_image.diffusion.weights import read_plan

    return {
        name: finished(build(read_plan(path), "cpu", torch.float32))
        for name, path in folders.items()
    }


@pytest.fixture
def draw(models, folders, monkeypatch):
    """Return a function that runs ``image.generate`` with the tiny weights."""
    from studio.runtime.jobs.context import Context
    from studio.testing.plugins import run_task
    from studio_image.schema import Generate
    from studio_image.tasks.diffusion_generation import generate

    monkeypatch.setattr(Context, "weights_path", lambda self, weights: folders[weights])

    def draw(seed=3, stop_after=None, inputs=None, kept=None, more=None, **values):
        values = {
            "prompt": "a red fox",
            "weights": "sd",
            "steps": 3,
            "count": 1,
            "scheduler": "euler",
        } | values
        return run_task(
            generate, Generate.parse(values), seed=seed, models=models | (more or {}),
            inputs=inputs, stop_after=stop_after, intermediates=kept,
        )  # fmt: skip

    return draw
