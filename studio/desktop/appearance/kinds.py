"""Icon, colour and name of each kind of artifact: the studio's own, and those plugins declare."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from studio.api.artifacts import Kind
from studio.api.manifest import KindEntry
from studio.api.window.language import tr
from studio.desktop.appearance.language import declared

_ICONS: dict[str, str] = {
    Kind.TEXT: "file-text",
    Kind.CONVERSATION: "message-square",
    Kind.IMAGE: "image",
    Kind.AUDIO: "volume-2",
    Kind.SCORE: "music",
    Kind.MOLECULES: "flask-conical",
    Kind.CODE: "code",
    Kind.TABLE: "table",
    Kind.PLOT: "chart-line",
    Kind.VIDEO: "film",
    Kind.WEIGHTS: "box",
}
_HUES = ("text", "image", "score", "audio", "molecules", "code")


def color_of(kind: str) -> str:
    """Return the colour token of a kind; one of a plugin always wears the same of ours."""
    own = kind in set(Kind)
    return f"kind-{kind if own else _HUES[crc32(kind.encode()) % len(_HUES)]}"


class Kinds:
    """The kinds there are while the window is open."""

    def __init__(self) -> None:
        self._declared: dict[str, KindEntry] = {}

    def declare(self, entries: Iterable[KindEntry]) -> None:
        """Know these kinds of plugins, and no others."""
        self._declared = {entry.id: entry for entry in entries}

    def icon(self, kind: str) -> tuple[str, str]:
        """Return icon and colour token of a kind; those of a plain job for none at all."""
        if not kind:
            return "sparkles", "mute"
        entry = self._declared.get(kind)
        return entry.icon if entry else _ICONS.get(kind, "file"), color_of(kind)

    def one(self, kind: str) -> str:
        """Name one result of a kind, within a sentence."""
        return _words().get(kind) or self.title(kind)

    def title(self, kind: str) -> str:
        """Return what several of a kind are called."""
        entry = self._declared.get(kind)
        return declared(entry.title) if entry else own_titles().get(kind, kind)

    def of_plugins(self) -> list[str]:
        """Return the kinds that plugins declare, in the order of the rail."""
        return list(self._declared)


def _words() -> dict[str, str]:
    return {
        Kind.TEXT: tr("text"),
        Kind.IMAGE: tr("picture"),
        Kind.SCORE: tr("score"),
        Kind.AUDIO: tr("audio"),
        Kind.MOLECULES: tr("molecules"),
        Kind.CODE: tr("code"),
        Kind.TABLE: tr("table"),
        Kind.PLOT: tr("plot"),
        Kind.VIDEO: tr("video"),
        Kind.WEIGHTS: tr("model"),
    }


def own_titles() -> dict[str, str]:
    """Return what several of each of the studio's own kinds are called."""
    return {
        Kind.TEXT: tr("Text"),
        Kind.IMAGE: tr("Pictures"),
        Kind.SCORE: tr("Scores"),
        Kind.AUDIO: tr("Audio"),
        Kind.MOLECULES: tr("Molecules"),
        Kind.CODE: tr("Code"),
        Kind.TABLE: tr("Tables"),
        Kind.PLOT: tr("Plots"),
        Kind.VIDEO: tr("Videos"),
        Kind.WEIGHTS: tr("Models"),
    }
