"""PP-OCR as weights: a tar archive of the network that finds lines and of the one that reads them.

Both are ONNX and run by onnxruntime, in the runtime's threads, under a lease like any other model.
The second one's characters are in its metadata, a line each.
"""

from __future__ import annotations

import tarfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import torch

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio.api.worker.tensor_files import damaged
from studio_chat.reading.page import Reader

FAMILY: Final = "pp-ocr"
CAPABILITY: Final = "text-recognition"
SUFFIX: Final = ".ocr"
_WORKING_BYTES: Final = 600 * 2**20
_MOST_BYTES: Final = 2**29


class ReaderLoader:
    """The ``Loader`` of the family ``pp-ocr``."""

    family = FAMILY

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return the facts about ``path``; None if it is not PP-OCR."""
        if path.suffix.lower() != SUFFIX or not path.is_file() or not tarfile.is_tarfile(path):
            return None
        return WeightsFacts(FAMILY, path.stem, (CAPABILITY,), {})

    def measure(self, path: Path) -> Requirements:
        """Return the memory that both networks take."""
        return Requirements(3 * path.stat().st_size, _WORKING_BYTES)

    def load(self, path: Path, device: str) -> Generator[float, None, Reader]:
        """Yield the share done; return the model.

        Raises:
            StudioError: onnxruntime or OpenCV is not installed, or the file is damaged.
        """
        _check_packages()
        try:
            with tarfile.open(path, "r:") as archive:
                finder = _session(archive, "det.onnx")
                yield 0.4
                speller = _session(archive, "rec.onnx")
            alphabet = speller.get_modelmeta().custom_metadata_map["character"]
            classes = speller.get_outputs()[0].shape[-1]
        except (tarfile.TarError, OSError, KeyError, ValueError, RuntimeError) as error:
            raise damaged(path, str(error).splitlines()[0] if str(error) else "") from error
        characters = [*alphabet.split("\n"), " "]
        if isinstance(classes, int) and len(characters) + 1 < classes:
            raise damaged(path, f"it knows {len(characters)} characters of {classes - 1}")
        yield 1.0
        return Reader(finder, speller, characters)

    def unload(self, loaded: Reader) -> None:
        """Let go of the networks."""
        loaded.finder = loaded.speller = None


def loader() -> ReaderLoader:
    """Return the loader of this family."""
    return ReaderLoader()


def _check_packages() -> None:
    try:
        import cv2  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        package = "onnxruntime" if error.name == "onnxruntime" else "opencv-python-headless"
        wanted = "onnxruntime<1.28" if package == "onnxruntime" else package
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"Reading scans needs the package {package}, which is not installed.",
            f"Install it with `pip install '{wanted}'`, then restart the studio.",
        ) from error


def _session(archive: tarfile.TarFile, name: str) -> Any:
    import onnxruntime

    member = archive.getmember(name)
    if not member.isreg() or member.size > _MOST_BYTES:
        raise ValueError(f"its {name} is not a plain file")
    body = archive.extractfile(member)
    assert body is not None  # it is a regular file
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that spin between two layers would take the cores of other jobs; and an arena keeps
    # the largest page that ever was.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            body.read(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # it has a class of its own for each way, with none above them
        raise ValueError(f"its {name} cannot be read ({error})") from error
