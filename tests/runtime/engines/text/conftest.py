"""A tiny engine, and the folder it is read from."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.runtime.engines.text.engine import TextEngine
from tests.runtime.engines import tiny_models


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory) -> Path:
    return tiny_models.save_folder(tiny_models.reference(), tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def tiny(tiny_folder) -> TextEngine:
    return TextEngine.load(tiny_folder)
