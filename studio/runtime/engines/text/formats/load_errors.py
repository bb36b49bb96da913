"""The sentences for files that cannot be used: what, why, what to do."""

from __future__ import annotations

from pathlib import Path

from studio.protocol.errors import ErrorCode, StudioError

_DAMAGED = "It may be incomplete or damaged: download it again, or choose another."


def shown(text: str | Path) -> str:
    """Return a name that is safe to show: control and direction-changing characters escaped."""
    name = text.name if isinstance(text, Path) else text
    clean = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return clean if len(clean) <= 120 else clean[:117] + "…"


def bad_weights(path: Path, problem: str, hint: str = _DAMAGED) -> StudioError:
    """Return the error for a file that is broken; ``problem`` names the field and the limit."""
    return StudioError(ErrorCode.BAD_WEIGHTS, f"{shown(path)} cannot be used: {problem}.", hint)


def unsupported(
    path: Path, problem: str, hint: str = "Choose a model with a supported architecture."
) -> StudioError:
    """Return the error for a file that is sound, but of a sort this engine does not know."""
    return StudioError(ErrorCode.UNSUPPORTED, f"{shown(path)} is not supported: {problem}.", hint)
