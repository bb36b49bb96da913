"""One set of weights on disk, as the catalogue knows it. Data only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.models.download.offers import Offer

RESULT = "result"
"""Entry of ``Weights.source``: the result of the library that they are."""


def slug(name: str) -> str:
    """Return ``name`` as an id: lower-case letters, digits, dots and dashes."""
    dashed = re.sub(r"[^a-z0-9.]+", "-", name.lower())
    return re.sub(r"-*\.-*", ".", dashed).strip("-.") or "weights"


@dataclass(frozen=True)
class Weights:
    """A row of the Models page.

    Attributes:
        id: Stable name, ``smollm2-135m-instruct``.
        path: File or folder; it may be missing, then ``problem`` says so.
        format: ``gguf`` or ``safetensors``; empty if unknown.
        family: Loader that is asked first; empty when the runtime must recognise it.
        capabilities: What tasks may use it for: ``text``, ``text-to-image``, …
        digest: SHA-256 that the sidecar promises, hexadecimal; empty if it promises none.
        bytes: Size on disk.
        parameters: How many numbers it holds; 0 if unknown.
        context: Longest text it can look back on, in tokens; 0 if unknown.
        card: Its model card, a Markdown file; None without one.
        source: Where it came from, as the sidecar says.
        sidecar: The file that describes it; None for weights that were just dropped in.
        offer: How to get them, where the user may; None for all others.
        caution: What to expect no more of them than, in a sentence; empty for most.
        everyday: Share of everyday questions answered right (``make bench chat-everyday``); 0 if
            not measured.
        recommended: Parameter → value, taken where neither the user nor the task says otherwise.
        origin: Where it was found: empty in the studio's folders, ``added`` or ``folder`` where the
            user pointed at it, else the name of the program whose store it lies in.
        problem: Why it cannot be used, with the cure; empty if nothing is known against it.
    """

    id: str
    title: str
    path: Path
    format: str = ""
    family: str = ""
    capabilities: tuple[str, ...] = ()
    licence: str = ""
    digest: str = ""
    bytes: int = 0
    parameters: int = 0
    context: int = 0
    quantization: str = ""
    languages: tuple[str, ...] = ()
    card: Path | None = None
    source: dict[str, Any] = field(default_factory=dict)
    sidecar: Path | None = None
    offer: Offer | None = None
    caution: str = ""
    everyday: float = 0.0
    recommended: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    origin: str = ""
    problem: str = ""
