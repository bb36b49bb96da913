"""The sound of a video, taken out by PyAV (an extra) in a process of its own that may take little.

FFmpeg reads what strangers have made, and PyAV's wheels hold encoders under the GPL: neither comes
into a process of the studio. Run as a program this module is that process: it reads the file on its
standard input and writes samples, one channel, 16 kHz, 16 bits. It is in the sandbox; where a
machine has none, only its limits hold.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
import wave
from collections.abc import Generator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from studio.api import Sandbox

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
_MOST_BYTES: Final = LONGEST * RATE * _BYTES + (1 << 20)
_NEEDED: Final = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_NOTHING, _BROKEN = 3, 4
"""How the process ends: there is no sound; it cannot be read."""


def is_video(path: Path) -> bool:
    """Return whether a file is read here, by its name."""
    return path.suffix.lower() in FORMATS


def extracted(path: Path, into: Path, sandbox: Sandbox) -> Generator[float, None, Path]:
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
    raw, form = into / "sound.raw", FORMATS[path.suffix.lower()]
    try:
        with open_regular(path) as video, raw.open("wb") as out:
            if sandbox.tier:
                ended = yield from _in_sandbox(video, out, form, sandbox)
            else:
                site = Path(str(spec.origin)).parents[1]
                ended = yield from _beside(video, out, form, site)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror or error}.") from error
    if ended == _NOTHING:
        raise BadInput(f"“{path.name}” has no sound.", "Choose another file.")
    if ended != 0:
        what = "is damaged" if ended == _BROKEN else "takes too much time or memory"
        raise BadInput(f"“{path.name}” {what}.", "Save its sound as WAV, FLAC, Ogg or MP3.")
    wav_file = into / "sound.wav"
    with wave.open(str(wav_file), "wb") as file, raw.open("rb") as samples:
        file.setparams((1, _BYTES, RATE, 0, "NONE", ""))
        while piece := samples.read(1 << 20):
            file.writeframesraw(piece)
            yield file.tell() / RATE
    raw.unlink()
    return wav_file


def _in_sandbox(
    video: IO[bytes], out: IO[bytes], form: str, sandbox: Sandbox
) -> Generator[float, None, int | None]:
    """Yield how many seconds are out; return how the process ended, None for by a limit."""
    from studio.api import SandboxLimits, SandboxRequest

    request = SandboxRequest(
        ("python", "sound.py", "", form),
        files={"sound.py": Path(__file__).read_bytes()},
        packages=("av", "numpy"),
        limits=SandboxLimits(
            wall_seconds=2 * PROCESSOR_SECONDS,
            cpu_seconds=PROCESSOR_SECONDS,
            memory_bytes=MEMORY_BYTES,
            output_bytes=_MOST_BYTES,
        ),
    )
    ended = None
    with closing(sandbox.run(request, video.fileno())) as steps:
        for step in steps:
            out.write(step.stdout)
            yield out.tell() / _BYTES / RATE
            ended = step.result.exit_code if step.result is not None else None
    return ended


def _beside(
    video: IO[bytes], out: IO[bytes], form: str, site: Path
) -> Generator[float, None, int | None]:
    """Yield how many seconds are out; return how the process ended."""
    child = subprocess.Popen(
        [*_COMMAND, __file__, str(site), form],
        stdin=video,
        stdout=out,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _NEEDED if name in os.environ},
        cwd=os.path.abspath(os.sep),
    )
    try:
        while child.poll() is None:
            yield os.fstat(out.fileno()).st_size / _BYTES / RATE
            time.sleep(_LOOK_SECONDS)
    finally:
        child.kill()
        child.wait()
    return child.returncode


# --- the child ----------------------------------------------------------------------------------


def _main() -> int:
    if sys.argv[1]:  # the sandbox has its own
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
                for resampled in mixer.resample(frame):
                    samples = resampled.to_ndarray().tobytes()[: left * _BYTES]
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

    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    sys.exit(_main())
