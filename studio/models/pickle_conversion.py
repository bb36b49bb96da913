"""Turns pickled weights into safetensors in the sandbox. Opens no pickle itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil

import studio
from studio.api.sandbox import SandboxLimits, SandboxRequest, SandboxResult
from studio.base import disk
from studio.models.download.wheel_assembly import SPARE_BYTES
from studio.models.header_check import check_header
from studio.models.safetensors_header import names_of
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox.sandbox import own_sandbox

PROGRAM = Path(studio.__file__).parent / "runtime" / "weights_check" / "unpickle.py"
PICKLES = frozenset({".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth"})
MAX_BESIDE_BYTES = 64 * 1024 * 1024
"""Of a file that is copied along with converted weights: vocabularies and the like."""
_BESIDE = (".json", ".txt", ".model", ".jinja", ".md")
_TORCH_BYTES = 6 << 30
"""Address space that torch takes before it does anything."""
_TORCH_HELD = 512 << 20
"""Memory that it takes beside the numbers."""
_INDEX = "model.safetensors.index.json"
Progress = Callable[[int, int], None]
"""Takes bytes done and in all; may raise to stop."""


def convert(
    path: Path,
    folder: Path,
    on_progress: Progress = lambda done, total: None,
    *,
    name: str = "",
) -> Path:
    """Write the safetensors edition of a pickle, or of a folder with some, into ``folder``.

    The original stays as it is, and lends its name unless there is another ``name``. What was
    written is read by our own reader before it gets its name.

    Raises:
        StudioError: There is no sandbox here; it asks for more than numbers; it is damaged; the
            disk or the memory is too small.
    """
    pickles = _pickles(path)
    if not pickles:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"{path.name} is not a pickle file, so it does not need converting.",
        )
    named = Path(name or path.name)
    target = folder / (
        f"{named.name}-safetensors" if path.is_dir() else f"{named.stem}.safetensors"
    )
    if target.exists():
        raise StudioError(
            ErrorCode.BAD_INPUT,
            f"{folder} already contains {target.name}.",
            "Remove or rename it, then try again.",
        )
    part = folder / f".{target.name}"  # hidden, so that nobody takes it for whole
    try:
        disk.make_folder(folder)
        _remove(part)
        total = sum(file.stat().st_size for file in pickles)
        _check_room(path, folder, total)
        _check_memory(max(pickles, key=lambda file: file.stat().st_size))
        if path.is_dir():
            disk.make_folder(part)
            _convert_folder(path, pickles, part, total, on_progress)
        else:
            _convert_file(path, part, lambda done: on_progress(min(done, total), total))
        os.replace(part, target)
        disk.sync_folder(folder)
    except OSError as error:
        raise disk.explain(error, f"convert {path.name}", folder) from error
    finally:
        _remove(part)
    return target


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        disk.remove(part)


def _pickles(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.suffix.lower() in PICKLES or not path.suffix else []
    return sorted(entry for entry in path.iterdir()
                  if entry.suffix.lower() in PICKLES and entry.is_file()
                  and entry.name != "training_args.bin")  # fmt: skip


def _check_room(path: Path, folder: Path, total: int) -> None:
    free = disk.free_bytes(folder)
    if free < total + SPARE_BYTES:
        raise StudioError(
            ErrorCode.DISK_FULL,
            f"Converting {path.name} needs {disk.as_size(total)}, but the disk with {folder} has "
            f"only {disk.as_size(free)} free.",
            "Free up disk space, then try again.",
        )


def _check_memory(pickle: Path) -> None:
    """Refuse what would push everything else out of memory: torch holds all numbers at once."""
    size, free = pickle.stat().st_size, psutil.virtual_memory().available
    if size + _TORCH_HELD > free:
        raise StudioError(
            ErrorCode.OUT_OF_MEMORY,
            f"Converting {pickle.name} needs {disk.as_size(size)} of memory, but only "
            f"{disk.as_size(free)} is free.",
            "Unload models and close other programs, or download a safetensors or GGUF version.",
        )


def _convert_folder(
    path: Path, pickles: list[Path], part: Path, total: int, on_progress: Progress
) -> None:
    where: dict[str, str] = {}
    before = 0
    for number, pickle in enumerate(pickles, 1):
        name = "model.safetensors"
        if len(pickles) > 1:
            name = f"model-{number:05}-of-{len(pickles):05}.safetensors"
        start = before
        _convert_file(pickle, part / name, lambda done, s=start: on_progress(s + done, total))  # type: ignore[misc]
        where |= dict.fromkeys(names_of(part / name), name)
        before += pickle.stat().st_size
    for entry in path.iterdir():
        is_small = entry.is_file() and entry.stat().st_size <= MAX_BESIDE_BYTES
        is_index = entry.name.endswith(".index.json")
        if is_small and not is_index and entry.suffix.lower() in _BESIDE:
            shutil.copyfile(entry, part / entry.name)
    if len(pickles) > 1:
        index = {"metadata": {}, "weight_map": where}
        disk.write_durably(part / _INDEX, msgspec.json.encode(index))


def _convert_file(pickle: Path, target: Path, on_bytes: Callable[[int], None]) -> None:
    size = pickle.stat().st_size
    descriptor = os.open(pickle, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        with target.open("xb") as sink:
            result = None
            for step in _steps(descriptor, size):
                if isinstance(step, SandboxResult):
                    result = step
                    continue
                sink.write(step)
                on_bytes(sink.tell())
            sink.flush()
            disk.sync_file(sink.fileno())
    finally:
        os.close(descriptor)
    assert result is not None
    _check(pickle, result)
    check_header(target)  # our reader's word, not that of what ran in the sandbox


def _steps(descriptor: int, size: int) -> Iterator[bytes | SandboxResult]:
    request = SandboxRequest(
        command=("python", "unpickled.py"),
        files={"unpickled.py": PROGRAM.read_bytes()},
        packages=("torch",),
        limits=SandboxLimits(
            wall_seconds=600 + size / 5e6,
            cpu_seconds=300 + size // 10**7,
            memory_bytes=_TORCH_BYTES + 3 * size,
            output_bytes=4 * size + (64 << 20),
        ),
    )
    for step in own_sandbox().run(request, descriptor):
        yield step.stdout  # or nothing: a moment to stop in
        if step.result is not None:
            yield step.result


def _check(pickle: Path, result: SandboxResult) -> None:
    if result.succeeded:
        return
    lines = result.stderr.decode("utf-8", "replace").strip().splitlines()
    if result.exit_code == 3 and lines:
        why = lines[-1]
    elif result.ended in ("exit", "signal"):
        why = "the converter crashed"
    else:
        why = f"the converter exceeded its limit of {result.ended}"
    raise StudioError(
        ErrorCode.BAD_WEIGHTS,
        f"{pickle.name} was not converted: {why}.",
        "Do not open it elsewhere unless you trust its author; look for a safetensors or GGUF "
        "version.",
        "\n".join(lines),
    )
