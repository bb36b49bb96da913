"""The same sources give the same bytes, wherever and however often they are built."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from tests.verify.installer.conftest import KEPT, build


def test_the_folder_has_the_same_files_when_it_is_built_again(files: Path) -> None:
    again = KEPT / "again"
    shutil.rmtree(again, ignore_errors=True)
    build(again / "folder", again / "out", "--kinds")
    one, two = (
        json.loads((folder / "files.json").read_text("utf-8"))
        for folder in (KEPT / "work/folder", again / "folder")
    )
    assert {name for name in {*one, *two} if one.get(name) != two.get(name)} == set()
    shutil.rmtree(again)


def test_the_same_folder_gives_the_same_installers(files: Path, tmp_path: Path) -> None:
    build(KEPT / "small/folder", tmp_path)
    for made in sorted(tmp_path.iterdir()):
        before = files / "old" / made.name
        digests = [
            hashlib.file_digest(path.open("rb"), "sha256").hexdigest() for path in (made, before)
        ]
        assert digests[0] == digests[1], made.name
