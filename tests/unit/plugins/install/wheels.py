"""Makes wheels by hand, good ones and hostile ones, faster and odder than a build tool would."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MANIFEST = """\
id = "{id}"
title = "{title}"
version = "{version}"
api = ">=1,<2"
worker = "{package}.worker"
{more}

[[tasks]]
id = "{id}.count"
title = "Count"
params = "{package}.schema:Count"
produces = ["table"]
"""
SCHEMA = """\
from typing import Annotated

from studio.api.params import Params, Range


class Count(Params):
    \"\"\"How far to count.\"\"\"

    up_to: Annotated[int, Range(1, 100)] = 10
"""
WORKER = """\
from studio.api import hookimpl


def count(ctx, params):
    yield ctx.result(last=params.up_to)


@hookimpl
def studio_tasks():
    return {{"{id}.count": count}}
"""
TAG = "py3-none-any"


@dataclass
class Draft:
    """A wheel that is not written yet.

    Attributes:
        files: Path in the wheel → content; those of the metadata are added when it is written.
        record: Changes the rows of RECORD before they are written.
        shape: Writes the archive in its own way: gets its path and all files.
    """

    name: str
    version: str = "1.0"
    files: dict[str, bytes] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    entry_points: str = ""
    tag: str = TAG
    wheel_tag: str = ""
    requires_python: str = ">=3.11"
    metadata_name: str = ""
    record: Callable[[list[str]], Iterable[str]] = list
    shape: Callable[[Path, dict[str, bytes]], None] | None = None

    @property
    def file_name(self) -> str:
        """What the wheel is called."""
        return f"{self.name.replace('-', '_')}-{self.version}-{self.tag}.whl"

    @property
    def info(self) -> str:
        """The folder of its metadata."""
        return f"{self.name.replace('-', '_')}-{self.version}.dist-info"

    def write(self, folder: Path) -> Path:
        """Write the wheel into ``folder`` and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.file_name
        files = self.all_files()
        (self.shape or plainly)(path, files)
        return path

    def all_files(self) -> dict[str, bytes]:
        """Return everything the wheel holds."""
        info = self.info
        about = [
            "Metadata-Version: 2.4",
            f"Name: {self.metadata_name or self.name}",
            f"Version: {self.version}",
            "Summary: Counts.",
            "Author: A. Stranger",
            "License-Expression: MIT",
            f"Requires-Python: {self.requires_python}",
            *(f"Requires-Dist: {line}" for line in self.requires),
        ]
        wheel = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {self.wheel_tag or self.tag}\n"
        files = dict(self.files)
        files[f"{info}/METADATA"] = "\n".join([*about, "", ""]).encode()
        files[f"{info}/WHEEL"] = wheel.encode()
        if self.entry_points:
            files[f"{info}/entry_points.txt"] = self.entry_points.encode()
        rows = [f"{name},{hashed(data)},{len(data)}" for name, data in files.items()]
        rows = [*self.record(rows), f"{info}/RECORD,,"]
        files[f"{info}/RECORD"] = ("\n".join(rows) + "\n").encode()
        return files


def hashed(data: bytes) -> str:
    """Return ``data``'s hash as RECORD writes it."""
    digest = hashlib.sha256(data).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def plainly(path: Path, files: Mapping[str, bytes]) -> None:
    """Write an ordinary archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def plugin(
    id: str = "counter", version: str = "1.0", more: str = "", requires: tuple[str, ...] = ()
) -> Draft:
    """Return a small, good plugin with one task."""
    package = f"studio_{id}"
    words = {"id": id, "title": id.title(), "version": version, "package": package, "more": more}
    return Draft(
        id,
        version,
        {
            f"{package}/__init__.py": b"",
            f"{package}/manifest.toml": MANIFEST.format(**words).encode(),
            f"{package}/schema.py": SCHEMA.encode(),
            f"{package}/worker.py": WORKER.format(**words).encode(),
        },
        requires=requires,
        entry_points=f"[studio.plugins]\n{id} = {package}\n",
    )


def package(name: str, version: str = "1.0", requires: tuple[str, ...] = ()) -> Draft:
    """Return a package that a plugin may need; importing it tells its version."""
    top = name.replace("-", "_")
    code = f"__version__ = {version!r}\n".encode()
    return Draft(name, version, {f"{top}/__init__.py": code}, requires=requires)


WINDOW_HALF = """\
from PySide6.QtWidgets import QLabel

from studio.api import hookimpl
from studio.api import Page

VERSION = "{version}"


@hookimpl
def studio_pages(ctx):
    return {{"{id}.page": lambda: Page(QLabel("the page of {id} " + VERSION))}}
"""


def page_plugin(id: str = "poem", version: str = "1.0") -> Draft:
    """Return a plugin with a page of its own, which runs inside the studio."""
    page = f'pages = [{{ id = "{id}.page", title = "{id.title()}" }}]'
    more = f'isolation = "studio"\nplugin = "studio_{id}.plugin"\n{page}'
    draft = plugin(id, version, more)
    draft.files[f"studio_{id}/plugin.py"] = WINDOW_HALF.format(id=id, version=version).encode()
    return draft
