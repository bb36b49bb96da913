"""Kokoro as weights: a tar archive of the network (ONNX), the voices and the lexicon.

The network is StyleTTS 2 (Y. A. Li and others, 2023) with an inverse Fourier transform at its end.
It runs by onnxruntime, in the runtime's threads, under a lease like any other model.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio.api.worker.tensor_files import damaged
from studio_voice.pronunciation.lexicon import Lexicon

FAMILY: Final = "kokoro"
CAPABILITY: Final = "text-to-speech"
SUFFIX: Final = ".kokoro"
RATE: Final = 24_000
"""Samples a second of what it says."""
LONGEST: Final = 510
"""Sounds of one sentence."""
_STYLE: Final = 256
_THREADS: Final = 4
_WORKING_BYTES: Final = 300 * 2**20
_MOST_BYTES: Final = 2**30

Sound = NDArray[np.float32]


@dataclass
class Speaker:
    """The loaded network with its voices.

    Attributes:
        voices: Name → (sounds of the sentence, style).
        vocabulary: Sound → its number.
    """

    session: Any
    voices: Mapping[str, Sound]
    vocabulary: Mapping[str, int]
    lexicon: Lexicon

    def say(self, sounds: str, voice: str, speed: float) -> Sound:
        """Return the samples of a sentence of at most ``LONGEST`` sounds.

        Raises:
            KeyError: There is no such voice.
        """
        numbers = [self.vocabulary[symbol] for symbol in sounds if symbol in self.vocabulary][
            :LONGEST
        ]
        styles = self.voices[voice]
        style = styles[min(len(numbers), len(styles)) - 1].reshape(1, _STYLE)
        given = {
            "tokens": np.array([[0, *numbers, 0]], np.int64),
            "style": style,
            "speed": np.array([speed], np.float32),
        }
        samples: Sound = np.asarray(self.session.run(None, given)[0], np.float32).ravel()
        return samples


class KokoroLoader:
    """The ``Loader`` of the family ``kokoro``."""

    family = FAMILY

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return facts about ``path``; None if it is not Kokoro."""
        if path.suffix.lower() != SUFFIX or not path.is_file() or not tarfile.is_tarfile(path):
            return None
        return WeightsFacts(FAMILY, path.stem, (CAPABILITY,), {})

    def measure(self, path: Path) -> Requirements:
        """Return the memory that the network and the lexicon take."""
        return Requirements(3 * path.stat().st_size, _WORKING_BYTES)

    def load(self, path: Path, device: str) -> Generator[float, None, Speaker]:
        """Yield the share done; return the model.

        Raises:
            StudioError: onnxruntime is not installed, or the file is damaged.
        """
        runtime = _onnxruntime()
        members = _members(path)
        yield 0.3
        try:
            lexicon = Lexicon({accent: _entries(members, accent) for accent in ("us", "gb")})
            vocabulary = _read(members, "vocab")["vocab"]
            yield 0.6
            voices = {
                name.removesuffix(".bin"): np.frombuffer(data, np.float32).reshape(-1, _STYLE)
                for name, data in members.items()
                if name.endswith(".bin")
            }
            parts = sorted(name for name in members if name.endswith(".onnx-part"))
            network = b"".join(members[name] for name in parts)
            options = runtime.SessionOptions()
            # Not the lane's share of this moment, which is one while a chat model writes: the
            # session keeps its threads, and the first sound of an answer waits for them.
            options.intra_op_num_threads = min(_THREADS, os.cpu_count() or 1)
            # Threads that spin between two layers would take the cores of other jobs.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            session = _opened(runtime, network, options)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise damaged(path, str(error).splitlines()[0] if str(error) else "") from error
        yield 1.0
        return Speaker(session, voices, vocabulary, lexicon)

    def unload(self, loaded: Speaker) -> None:
        """Let go of the network."""
        loaded.session = None


def loader() -> KokoroLoader:
    """Return the loader of this family."""
    return KokoroLoader()


def _opened(runtime: Any, network: bytes, options: Any) -> Any:
    try:
        return runtime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it has a class of its own for each way, with none above them
        raise ValueError(str(error)) from error


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "Reading aloud needs the package onnxruntime, which is not installed.",
            "Install it with `pip install 'onnxruntime<1.28'`, then restart the studio.",
        ) from error
    return onnxruntime


def _members(path: Path) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                if not member.isreg() or member.size > _MOST_BYTES:
                    raise damaged(path, f"it contains {member.name!r}, which is not a plain file")
                body = archive.extractfile(member)
                assert body is not None  # it is a regular file
                members[member.name] = body.read()
    except (tarfile.TarError, OSError) as error:
        raise damaged(path, str(error)) from error
    return members


def _read(members: Mapping[str, bytes], name: str) -> dict[str, Any]:
    content = json.loads(members[f"{name}.json"])
    if not isinstance(content, dict):
        raise ValueError(f"{name} is not a table")
    return content


def _entries(members: Mapping[str, bytes], accent: str) -> dict[str, Any]:
    """Return the lexicon of an accent; hand-checked entries (gold) take precedence."""
    return {**_read(members, f"{accent}_silver"), **_read(members, f"{accent}_gold")}
