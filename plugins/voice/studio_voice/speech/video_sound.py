"""The sound of a video, taken out by PyAV (an extra) in a process of its own that may take little.

FFmpeg reads what strangers have made, and PyAV's wheels hold encoders under the GPL: neither comes
into a process of the studio. Run by path with ``python -I -S`` this module is that process: it
reads the file on its standard input and writes samples, one channel, 16 kHz, 16 bits.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
import wave
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

FORMATS: Final = {
    **dict.fromkeys((".mp4", ".m4v", ".m4a", ".mov"), "mov"),
    **dict.fromkeys((".mkv", ".webm"), "matroska"),
    ".avi": "avi", ".aac": "aac", ".wma": "asf",
}  # fmt: skip
"""Ending → the only format that it is read as: others may name further files."""
RATE: Final = 16_000
LONGEST: Final = 6 * 3600
"""Seconds of sound that are taken."""
MEMORY_BYTES: Final = 2 << 30
PROCESSOR_SECONDS: Final = 1_800
_COMMAND: Final = (sys.executable, "-I", "-S", "-B")
_LOOK_SECONDS: Final = 0.05
_BYTES: Final = 2
_NEEDED: Final = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_NOTHING, _BROKEN = 3, 4
"""How the process ends: there is no sound; it cannot be read."""


def is_video(path: Path) -> bool:
    """Return whether a file is read here, by its name."""
    return path.suffix.lower() in FORMATS


def extracted(path: Path, into: Path) -> Generator[float, None, Path]:
    """Yield how many seconds are out; return a WAV file in the folder ``into``.

    Raises:
        BadInput: It is damaged, has no sound, or takes too much.
        StudioError: PyAV is not installed.
    """
    from studio.api import BadInput, ErrorCode, StudioError, open_regular

    spec = find_spec("av")
    if spec is None:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"The sound of “{path.name}” cannot be read: PyAV is not installed.",
            "Install studio-plugin-voice[video], or save the sound as WAV, FLAC, Ogg or MP3.",
        )
    site = Path(str(spec.origin)).parents[1]
    raw = into / "sound.raw"
    try:
        with open_regular(path) as video, raw.open("wb") as out:
            child = subprocess.Popen(
                [*_COMMAND, __file__, str(site), FORMATS[path.suffix.lower()]],
                stdin=video,
                stdout=out,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _NEEDED if name in os.environ},
                cwd=os.path.abspath(os.sep),
            )
            try:
                while child.poll() is None:
                    yield raw.stat().st_size / _BYTES / RATE
                    time.sleep(_LOOK_SECONDS)
            finally:
                child.kill()
                child.wait()
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror or error}.") from error
    if child.returncode == _NOTHING:
        raise BadInput(f"“{path.name}” has no sound.", "Choose another file.")
    if child.returncode:
        what = "is damaged" if child.returncode == _BROKEN else "takes too much time or memory"
        raise BadInput(f"“{path.name}” {what}.", "Save its sound as WAV, FLAC, Ogg or MP3.")
    found = into / "sound.wav"
    with wave.open(str(found), "wb") as file, raw.open("rb") as samples:
        file.setparams((1, _BYTES, RATE, 0, "NONE", ""))
        while piece := samples.read(1 << 20):
            file.writeframesraw(piece)
            yield file.tell() / RATE
    raw.unlink()
    return found


# --- the child ----------------------------------------------------------------------------------


def _main() -> int:
    sys.path.append(sys.argv[1])
    _limit()
    with open(sys.stdin.fileno(), "rb") as video, open(sys.stdout.fileno(), "wb") as out:
        return _take(video, out, sys.argv[2])


def _take(video: IO[bytes], out: IO[bytes], form: str) -> int:
    import av

    left = LONGEST * RATE
    try:
        # It is a stream without a place, and what it names elsewhere is not opened.
        with av.open(video, "r", format=form, options={"enable_drefs": "0"}) as container:
            if not container.streams.audio:
                return _NOTHING
            mixer = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            for frame in itertools.chain(container.decode(audio=0), [None]):
                for made in mixer.resample(frame):
                    samples = made.to_ndarray().tobytes()[: left * _BYTES]
                    out.write(samples)
                    left -= len(samples) // _BYTES
                if left <= 0:
                    break
    except (av.FFmpegError, ValueError):
        return _BROKEN
    return 0 if left < LONGEST * RATE else _NOTHING


def _limit() -> None:
    if sys.platform == "win32":
        return
    import resource

    most = LONGEST * RATE * _BYTES + (1 << 20)
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    sys.exit(_main())
