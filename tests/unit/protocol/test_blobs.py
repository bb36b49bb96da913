"""What a blob may be, and the shared folder that large ones pass through."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from studio.protocol import frames
from studio.protocol.blobs import (
    SHARED_ENV,
    SHARED_FROM,
    SharedArea,
    check,
    describe,
    flat,
    shaped,
)
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import BlobSpec

NUMBERS = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "float32"]


@pytest.fixture
def area(tmp_path: Path) -> Iterator[SharedArea]:
    made = SharedArea.create(tmp_path)
    assert made is not None
    yield made
    made.close()


# --- specs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [*NUMBERS, "float64", "float16"])
def test_arrays_are_described_by_type_and_shape(dtype: str) -> None:
    array = np.ones((2, 3, 4), dtype)
    spec = describe(array)
    assert spec == BlobSpec(dtype, (2, 3, 4))
    check(spec, array.tobytes())


@pytest.mark.parametrize("dtype", [*NUMBERS, "float64"])
def test_a_shaped_view_has_type_and_shape_again(dtype: str) -> None:
    array = (np.arange(24) % 2).astype(dtype).reshape(2, 3, 4)
    view = shaped(describe(array), bytearray(array.tobytes()))
    assert view.shape == (2, 3, 4)
    np.testing.assert_array_equal(np.asarray(view), array)


def test_bytes_stay_bytes() -> None:
    assert describe(b"abc") == BlobSpec("bytes", (3,))
    assert bytes(shaped(BlobSpec("bytes", (3,)), b"abc")) == b"abc"


@pytest.mark.parametrize(
    "blob",
    [np.ones((4, 4))[:, ::2], np.array([1 + 2j]), np.array(["text"])],
    ids=["gaps", "complex", "text"],
)
def test_other_buffers_are_refused_in_words(blob: np.ndarray) -> None:
    with pytest.raises(StudioError) as error:
        describe(blob)
    assert error.value.code is ErrorCode.BAD_INPUT
    assert error.value.hint


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        (BlobSpec("float32", (2, 2)), 15),
        (BlobSpec("float32", (2, 2)), 17),
        (BlobSpec("uint8", (2**62, 4, 4)), 0),
        (BlobSpec("uint8", (-1, -4)), 4),
        (BlobSpec("object", (1,)), 8),
        (BlobSpec("uint8", (1,) * 9), 1),
    ],
)
def test_a_blob_that_is_not_what_it_says_is_refused(spec: BlobSpec, size: int) -> None:
    with pytest.raises(StudioError) as error:
        check(spec, bytes(size))
    assert error.value.code is ErrorCode.PROTOCOL


# --- the shared folder ------------------------------------------------------------------------


def test_large_blobs_go_through_a_file_that_is_gone_when_read(area: SharedArea) -> None:
    blob = os.urandom(SHARED_FROM)
    head = bytes(frames.encode(b"\xc0", [blob], area)[0])
    files = list(area.folder.iterdir())
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600]
    kind, length, name = frames.ENTRY.unpack_from(head, frames.HEADER.size)
    assert (kind, length) == (frames.SHARED, len(blob))
    assert area.take(name, length) == blob
    assert not list(area.folder.iterdir())


def test_small_blobs_go_through_the_pipe(area: SharedArea) -> None:
    assert len(frames.encode(b"\xc0", [bytes(SHARED_FROM - 1)], area)) == 2
    assert not list(area.folder.iterdir())


def test_without_room_in_the_folder_the_pipe_is_taken(area: SharedArea) -> None:
    area.folder.rmdir()
    blob = os.urandom(SHARED_FROM)
    _, inline = frames.encode(b"\xc0", [blob], area)
    assert bytes(inline) == blob
    area.folder.mkdir()


@pytest.mark.parametrize("length", [SHARED_FROM - 1, SHARED_FROM + 1])
def test_a_file_of_another_size_is_refused(area: SharedArea, length: int) -> None:
    name = area.put(bytes(SHARED_FROM))
    assert name is not None
    with pytest.raises(StudioError, match="another size"):
        area.take(name, length)
    assert not list(area.folder.iterdir())


def test_links_and_pipes_in_the_folder_are_refused(area: SharedArea, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * 10)
    (area.folder / ("ab" * 16)).symlink_to(secret)
    os.mkfifo(area.folder / ("cd" * 16))
    for name in (b"\xab" * 16, b"\xcd" * 16):
        with pytest.raises(StudioError) as error:
            area.take(name, 10)
        assert error.value.code is ErrorCode.PROTOCOL
    assert secret.read_bytes() == b"x" * 10


@pytest.mark.parametrize("name", [b"", b"short", b"../../../../etc/passwd", b"x" * 17])
def test_only_names_of_its_own_form_are_looked_for(area: SharedArea, name: bytes) -> None:
    with pytest.raises(StudioError, match="impossible name"):
        area.take(name, 1)


def test_a_child_joins_only_a_private_folder(area: SharedArea, tmp_path: Path) -> None:
    joined = SharedArea.join({SHARED_ENV: str(area.folder)})
    assert joined is not None
    joined.close()
    assert area.folder.is_dir(), "the child must not remove the parent's folder"
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    for wrong in ("", str(open_to_all), str(tmp_path / "missing"), "/etc/passwd"):
        assert SharedArea.join({SHARED_ENV: wrong}) is None


def test_folders_of_the_dead_are_swept_and_those_of_the_living_stay(
    area: SharedArea, tmp_path: Path
) -> None:
    code = (
        "import sys, os, pathlib\n"
        "from studio.protocol.blobs import SharedArea\n"
        "area = SharedArea.create(pathlib.Path(sys.argv[1]))\n"
        "area.put(bytes(10))\n"
        "print(area.folder)\n"
        "sys.stdout.flush(); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    left = Path(done.stdout.strip())
    assert left.is_dir(), "control: a killed owner leaves its folder"
    other = SharedArea.create(tmp_path)
    assert other is not None
    assert not left.exists()
    assert area.folder.is_dir()
    other.close()


def test_flat_views_are_not_copies() -> None:
    array = np.zeros((2, 2), np.uint8)
    flat(array)[3] = 7
    assert array[1, 1] == 7
