"""The same role has the same place in the worker half of every plugin."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import studio_chat
import studio_code
import studio_image
import studio_lab
import studio_molecules
import studio_music
import studio_voice

PLUGINS = (
    studio_chat,
    studio_code,
    studio_image,
    studio_lab,
    studio_molecules,
    studio_music,
    studio_voice,
)
ids = [plugin.__name__ for plugin in PLUGINS]


def worker(plugin) -> object:
    return importlib.import_module(f"{plugin.__name__}.worker")


@pytest.mark.parametrize("plugin", PLUGINS, ids=ids)
def test_each_task_is_a_function_of_the_folder_tasks(plugin) -> None:
    tasks = worker(plugin).studio_tasks()
    assert tasks
    places = {name: inspect.getmodule(task).__name__ for name, task in tasks.items()}
    astray = {n: p for n, p in places.items() if not p.startswith(f"{plugin.__name__}.tasks.")}
    assert not astray


@pytest.mark.parametrize("plugin", PLUGINS, ids=ids)
def test_loaders_are_handed_out_by_modules_called_weights(plugin) -> None:
    count = len(getattr(worker(plugin), "studio_loaders", tuple)())
    folder = Path(plugin.__path__[0])
    offering = [
        file for file in folder.rglob("*.py") if "\ndef loader(" in file.read_text(encoding="utf-8")
    ]
    assert len(offering) == count
    assert {file.name for file in offering} <= {"weights.py"}
