"""What tests of running again need: a studio with one plugin, and a runtime that obeys."""

from __future__ import annotations

import hashlib
import io
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from PIL import Image

from studio.api.jobs import JobRequest
from studio.jobs.job import Job
from studio.library import Library
from studio.rerun.report import Report
from studio.rerun.rerun import Rerun
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.scripted import Artifact, Result, ScriptedRuntime

PLUGINS = Path(__file__).parent / "plugins"
SIDECAR = """
id = "{id}"
title = "{id}"
file = "{file}"
format = "gguf"
family = "toy"
capabilities = ["make"]
sha256 = "{sha256}"
"""


def picture(colour: tuple[int, int, int], size: int = 4) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(file, "PNG")
    return file.getvalue()


RED, BLUE = picture((200, 0, 0)), picture((0, 0, 200))
GREEN = picture((0, 90, 0))


class Desk:
    """A studio with one plugin, and a runtime that makes what it is told."""

    def __init__(self, home: Path) -> None:
        self.home, self.runtime = home, ScriptedRuntime()
        self.studio = self.opened()

    def opened(self) -> Studio:
        return Studio.open(
            home=self.home, only=("maker",), launch=self.runtime.launch, attended=True
        )

    @property
    def library(self) -> Library:
        return self.studio.library

    def made(self, *lines: Any, **params: Any) -> Job:
        inputs = params.pop("inputs", {})
        self.runtime.enqueue(*(lines or (Artifact("image", RED, ".png"), Result())))
        job = self.studio.submit(JobRequest("maker.make", params, inputs=inputs))
        pump_until(self.studio, lambda: not job.is_live)
        assert job.error is None
        return job

    def again(self, id: str, *lines: Any, comparison: Any = None) -> Report:
        """Run ``id`` again: the runtime makes ``lines``, and says ``comparison``."""
        if lines:
            self.runtime.enqueue(*lines)
        if comparison is not None:
            self.runtime.enqueue(comparison)
        told: list[Report] = []
        Rerun(self.studio, id, self.studio._background.run, told.append).start()
        pump_until(self.studio, lambda: bool(told))
        return told[0]

    def change(self, statement: str, *values: Any) -> None:
        """Write to the database behind the library's back."""
        with closing(sqlite3.connect(self.home / "library" / "library.db")) as database, database:
            database.execute(statement, values)

    def weights(self, id: str, data: bytes, folder: Path | None = None) -> Path:
        """Put weights down, as a person does; returns their file."""
        folder = folder or self.home / "weights"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{id}.gguf"
        file.write_bytes(b"GGUF" + data)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        text = SIDECAR.format(id=id, file=file.name, sha256=sha256)
        file.with_suffix(".toml").write_text(text)
        self.studio.weights.rescan()
        return file

    def forget_weights(self) -> None:
        """Have none again."""
        shutil.rmtree(self.home / "weights", ignore_errors=True)
        self.studio.weights.rescan()


def made(payload: bytes) -> tuple[Any, ...]:
    return Artifact("image", payload, ".png"), Result()
