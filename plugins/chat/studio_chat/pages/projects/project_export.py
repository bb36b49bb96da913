"""A whole project as one ZIP: instructions, files, conversations, results. Slow."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from studio.api import PluginContext
from studio_chat.pages.projects.project import Project
from studio_chat.pages.projects.project_dialog import made_in
from studio_chat.pages.whole_file import write_by


def export(ctx: PluginContext, project: Project, path: Path) -> int:
    """Write a project to ``path``; return how many of its files are gone and were left out.

    Conversations are in it as Markdown to read, and as JSON that can be imported again.

    Raises:
        StudioError: Something cannot be read or written; what was there stays.
    """
    missing = [file for file in project.files if not Path(file).is_file()]

    def put(part: Path) -> None:
        with (
            tempfile.TemporaryDirectory() as scratch,
            zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            taken: set[str] = set()
            fields = {
                "format": "offline-studio-project",
                "title": project.title,
                "instructions": project.instructions,
                "files": [Path(file).name for file in project.files],
            }
            archive.writestr("project.json", json.dumps(fields, ensure_ascii=False, indent=2))
            for name, file in _all(ctx, project, Path(scratch)):
                archive.write(file, _free(name, taken))

    write_by(path, put)
    return len(missing)


def _all(ctx: PluginContext, project: Project, scratch: Path) -> Iterator[tuple[str, Path]]:
    store = ctx.library.conversations
    for row in store.list(folder=project.id, limit=100_000):
        for folder, suffix in (("chats/", ".md"), ("json/conversation-", ".json")):
            file = scratch / f"talk{suffix}"
            store.export(row.id, file)
            yield f"{folder}{_plain(row.title)}{suffix}", file
    for path in map(Path, project.files):
        if path.is_file():
            yield f"files/{path.name}", path
    for artifact in made_in(ctx, project):
        yield f"results/{_plain(artifact.title)}{artifact.path.suffix}", artifact.path


def _plain(title: str) -> str:
    name = "".join(c if c.isalnum() or c in " -_" else " " for c in title)
    return " ".join(name.split())[:60] or "untitled"


def _free(name: str, taken: set[str]) -> str:
    path, number = Path(name), 2
    while name.lower() in taken:
        name, number = f"{path.parent.as_posix()}/{path.stem} ({number}){path.suffix}", number + 1
    taken.add(name.lower())
    return name
