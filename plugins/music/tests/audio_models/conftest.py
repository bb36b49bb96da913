"""Tiny audio models, made once: as folders, and as the studio loads them."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    from plugins.music.tests.audio_models import tiny_audio_models as tiny

    root = tmp_path_factory.mktemp("models")
    return {
        "musicgen": tiny.musicgen(root / "musicgen"),
        "stereo": tiny.musicgen(root / "stereo", channels=2),
        "melody": tiny.musicgen(root / "melody", melody=True),
        "audioldm": tiny.audioldm(root / "audioldm"),
        "audioldm2": tiny.audioldm2(root / "audioldm2"),
        "stable-audio": tiny.stable_audio(root / "stable-audio"),
    }


@pytest.fixture(scope="session")
def models(folders):
    from studio.api import finished
    from studio_music.audio.models.weights import loader

    return {name: finished(loader().load(path, "cpu")) for name, path in folders.items()}


@pytest.fixture
def make(models, folders, monkeypatch):
    """Return a function that runs ``music.generate`` with the tiny models."""
    from studio.runtime.jobs.context import Context
    from studio.testing.plugins import run_task
    from studio_music.audio.models.schema import Generate
    from studio_music.tasks.generation import generate

    monkeypatch.setattr(Context, "weights_path", lambda self, weights: folders[weights])

    def run(weights="musicgen", seed=3, stop_after=None, **values):
        values = {"prompt": "a cat", "weights": weights, "seconds": 0.5, "steps": 3} | values
        return run_task(
            generate, Generate.parse(values), seed=seed, models=models, stop_after=stop_after
        )

    return run
