"""Files come back as they were, byte for byte, and nothing outside the folder is touched."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from studio.api import BadInput, ErrorCode, StudioError
from studio_code.pages.files import disk_files, folder_changes, folder_listing
from studio_code.pages.files.file_finder import best
from studio_code.pages.files.file_save import Conflict, save
from studio_code.pages.files.text_format import LARGEST, decode, digest, encode


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"one\ntwo",
        b"one\r\ntwo\r\n",
        "\ufeffBOM: é".encode(),
        "\ufeffWide: 日本 🙂\r\n".encode("utf-16-le"),
        "\ufeffOther end\n".encode("utf-16-be"),
        "no\u00a0break\u2028soft\n".encode(),
    ],
)
def test_what_was_not_changed_is_written_as_it_was(data: bytes) -> None:
    found = decode(data, "a.py")
    assert "\r" not in found.text
    assert encode(found.text, found.format) == data
    assert not found.locked


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x7fELF\0\0", "cannot be read as text"),
        (b"x" * (LARGEST + 1), "MB; the limit is 8 MB"),
        (b"a" * 30_000, "a line of 30,000 characters"),
    ],
)
def test_what_cannot_be_shown_is_told_in_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(StudioError, match=words) as caught:
        decode(data, "a.bin")
    assert caught.value.hint


def test_encodings_of_one_byte_come_back_as_they_were() -> None:
    for data in ("grün – „so“\n".encode("cp1252"), bytes(range(128, 256)).replace(b"\x85", b"")):
        found = decode(data, "a.txt")
        assert not found.locked
        assert encode(found.text, found.format) == data
        with pytest.raises(BadInput, match="cannot be written as"):
            encode(f"{found.text}☃", found.format)


def test_fifty_megabytes_are_refused_by_size_alone(tmp_path: Path) -> None:
    large = tmp_path / "large.log"
    with large.open("wb") as file:
        file.truncate(50 << 20)
    with pytest.raises(StudioError, match="50 MB"):
        disk_files.read(large)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StudioError, match="not a regular file"):
        disk_files.read(tmp_path / "pipe")


@pytest.mark.parametrize("path", ["../out.py", "/etc/passwd", "link/out.py", "loop", ""])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises(StudioError):
        disk_files.place(root, path)
    assert disk_files.place(root, "a/b.py") == root / "a" / "b.py"


def test_a_save_keeps_mode_and_link_and_leaves_nothing_behind(tmp_path: Path) -> None:
    script, link = tmp_path / "run.sh", tmp_path / "link.sh"
    script.write_bytes(b"old")
    script.chmod(0o755)
    link.symlink_to(script)
    disk_files.write(link, b"new")
    assert link.is_symlink()
    assert script.read_bytes() == b"new"
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    assert sorted(os.listdir(tmp_path)) == ["link.sh", "run.sh"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"old")

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StudioError, match="disk is full") as caught:
        disk_files.write(file, b"new")
    assert caught.value.code == ErrorCode.DISK_FULL
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.py"]


def test_nothing_is_saved_over_what_another_program_wrote(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"first\n")
    form = decode(b"first\n", "a.py").format
    known = digest(b"first\n")
    file.write_bytes(b"theirs\n")
    with pytest.raises(Conflict) as caught:
        save(file, "mine\n", form, known)
    assert caught.value.found is not None
    assert caught.value.found.text == "theirs\n"
    with pytest.raises(StudioError, match=r"a file a\.py already"):
        save(file, "mine\n", form, "")
    assert file.read_bytes() == b"theirs\n"
    save(file, "mine\n", form, caught.value.found.digest)
    assert file.read_bytes() == b"mine\n"


def test_folders_are_listed_for_reading(tmp_path: Path) -> None:
    for name in ("b.py", "a.py", ".hidden", "x.part"):
        (tmp_path / name).touch()
    for name in ("src", "node_modules", ".git"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "in.js").touch()
    rows = folder_listing.list_folder(tmp_path, "").rows
    assert [row.name for row in rows] == ["src", "a.py", "b.py", "node_modules", ".hidden"]
    assert [row.quiet for row in rows] == [False] * 3 + [True] * 2
    assert folder_listing.walk(tmp_path) == ["a.py", "b.py", "x.part", "src/in.js"]


def test_a_huge_folder_is_listed_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_listing, "MOST_ROWS", 3)
    for number in range(10):
        (tmp_path / f"{number}.py").touch()
    found = folder_listing.list_folder(tmp_path, "")
    assert (len(found.rows), found.left_out) == (3, 7)


@pytest.mark.skipif(os.name == "nt", reason="no pipes among files there")
def test_pipes_devices_and_many_files_hold_no_folder_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "many").mkdir()
    for number in range(folder_listing.MOST_FILES + 1_000):
        os.mknod(tmp_path / "many" / f"{number}.py")  # much faster than to open and close each
    for name in ("pipe.py", "zero.py"):
        with pytest.raises(StudioError, match="not a regular file"):
            disk_files.read_bytes(tmp_path / name)
    listing = folder_listing.list_folder(tmp_path, "many")
    assert (len(listing.rows), listing.left_out) == (2_000, folder_listing.MOST_FILES - 1_000)
    found = folder_listing.walk(tmp_path)
    assert len(found) == folder_listing.MOST_FILES
    assert not any(path.startswith("round/") for path in found)


def test_files_are_found_by_a_few_letters() -> None:
    paths = ["src/code_page.py", "src/page/code.py", "tests/test_code_page.py", "README.md"]
    assert best("code.py", paths)[0] == "src/page/code.py"
    assert best("code page", paths)[0] == "src/code_page.py"
    assert best("cp", paths)[0] == "src/code_page.py"
    assert best("zzz", paths) == []
    assert best("", paths) == paths


def test_making_and_renaming_overwrite_nothing(tmp_path: Path) -> None:
    assert folder_changes.make(tmp_path, "", "src/a.py", is_folder=False) == "src/a.py"
    with pytest.raises(StudioError, match="already"):
        folder_changes.make(tmp_path, "src", "a.py", is_folder=False)
    folder_changes.make(tmp_path, "src", "b.py", is_folder=False)
    with pytest.raises(StudioError, match="already"):
        folder_changes.rename(tmp_path, "src/a.py", "b.py")
    with pytest.raises(StudioError, match="cannot be the name"):
        folder_changes.rename(tmp_path, "src/a.py", "../c.py")
    assert folder_changes.rename(tmp_path, "src/a.py", "c.py") == "src/c.py"
    assert sorted(os.listdir(tmp_path / "src")) == ["b.py", "c.py"]


def test_the_trash_gives_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_, root = tmp_path / "bin", tmp_path / "root"
    bin_.mkdir()
    root.mkdir()

    class Trash:
        """Stands for the system's, which the machine of a test may not have."""

        def __init__(self, name: str) -> None:
            self.name = Path(name)

        def moveToTrash(self) -> bool:
            self.name = self.name.rename(bin_ / self.name.name)
            return True

        def fileName(self) -> str:
            return str(self.name)

    monkeypatch.setattr(folder_changes, "QFile", Trash)
    (root / "a.py").write_text("kept")
    binned = folder_changes.to_trash(root, "a.py")
    assert not (root / "a.py").exists()
    folder_changes.from_trash(root, "a.py", binned)
    assert (root / "a.py").read_text() == "kept"
    refused: Any = type("NoTrash", (Trash,), {"moveToTrash": lambda self: False})
    monkeypatch.setattr(folder_changes, "QFile", refused)
    with pytest.raises(StudioError, match="was not deleted"):
        folder_changes.to_trash(root, "a.py")
    assert (root / "a.py").exists()
