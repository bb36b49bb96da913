"""Files of results: moved, named by digits, and nothing but plain files of a job's own folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.protocol.errors import StudioError
from studio.protocol.result_files import found, put


@pytest.fixture
def job(tmp_path: Path) -> Path:
    folder = tmp_path / "job"
    folder.mkdir()
    return folder


def test_a_file_is_moved_and_found(job: Path, tmp_path: Path) -> None:
    (job / "film.webm").write_bytes(b"frames")
    inode = (job / "film.webm").stat().st_ino
    name, length = put(job / "film.webm", job, tmp_path / "results")
    path = found(name, length, tmp_path / "results")
    assert (path.read_bytes(), path.stat().st_ino) == (b"frames", inode)
    assert not (job / "film.webm").exists()
    assert (tmp_path / "results").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("way", ["outside", "dots", "link", "folder link", "second name", "gone"])
def test_only_plain_files_of_the_job_are_taken(job: Path, tmp_path: Path, way: str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not yours")
    path = job / "x"
    if way == "outside":
        path = secret
    elif way == "dots":
        path = job / ".." / "secret"
    elif way == "link":
        path.symlink_to(secret)
    elif way == "folder link":
        (job / "up").symlink_to(tmp_path)
        path = job / "up" / "secret"
    elif way == "second name":
        os.link(secret, path)
    with pytest.raises(StudioError, match="its result is not"):
        put(path, job, tmp_path / "results")
    assert secret.read_bytes() == b"not yours"
    assert not list(tmp_path.glob("results/*"))


def test_a_job_without_a_folder_has_no_files(job: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="not in the folder of its job"):
        put(job / "x", None, tmp_path / "results")


def test_a_lie_about_a_file_is_refused(tmp_path: Path) -> None:
    name = "0" * 32
    (tmp_path / name).write_bytes(b"12345")
    assert found(name, 5, tmp_path).name == name, "the control"
    (tmp_path / ("1" * 32)).symlink_to(tmp_path / name)
    (tmp_path / ("2" * 32)).mkdir()
    os.mkfifo(tmp_path / ("3" * 32))
    os.link(tmp_path / name, tmp_path / ("4" * 32))
    for lie, length in [
        (name, 4), ("../" + name, 5), ("", 5), ("f" * 32, 5), (name + "\n", 5),
        ("1" * 32, 5), ("2" * 32, 5), ("3" * 32, 0), ("4" * 32, 5),
    ]:  # fmt: skip
        with pytest.raises(StudioError, match="cannot be saved"):
            found(lie, length, tmp_path)
