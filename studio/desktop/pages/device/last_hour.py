"""The last hour on the Device page: stretches of all runtimes as bars, and each in words."""

from __future__ import annotations

import time
from collections.abc import Iterable

from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.pages.device.cards import Card
from studio.desktop.pages.device.names import Names
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.timeline import Bar, Timeline
from studio.protocol.trace import Span
from studio.runtimes.device import timeline
from studio.runtimes.device.timeline import Placed

_COLORS = {
    "loaded": "good",
    "evicted": "warn",
    "parked": "warn",
    "reduced": "warn",
    "unloaded": "mute",
    "waiting": "warn",
    "paused": "mute",
}
"""Colour tokens; steps and loads have that of their plugin."""


class LastHourCard(Card):
    """The timeline, and a line describing the point under the cursor."""

    def __init__(self, look: Appearance, names: Names) -> None:
        super().__init__(look)
        self.call_it(self.tr("Last hour"))
        self._names = names
        self._signs: dict[str, str] = {}
        self._timeline = Timeline(look, self.tr("Timeline of the last hour"))
        self._timeline.pointed.connect(self._say)
        self._said = ElidedLabel("", "small")
        self._empty = look.label(
            self.tr(
                "Nothing ran in the last hour. Jobs, waiting times and model loads appear here."
            ),
            "mute",
            wrap=True,
        )
        for widget in (self._timeline, self._said, self._empty):
            self.column.addWidget(widget)
        self._say(None)

    def show_spans(self, spans: Iterable[Span]) -> None:
        """Show what there was."""
        self._signs.clear()  # plugins come and go
        titles = self._titles()
        tracks = {
            titles[name]: [self._bar(span) for span in placed]
            for name, placed in timeline.place(spans).items()
            if placed
        }
        self._timeline.setVisible(bool(tracks))
        self._said.setVisible(bool(tracks))
        self._empty.setVisible(not tracks)
        self._timeline.show_tracks(tracks, time.time())

    def _titles(self) -> dict[str, str]:
        return {
            "interactive": self.tr("Interactive"),
            "batch": self.tr("Background"),
            "waiting": self.tr("Waiting"),
            "memory": self.tr("Memory"),
        }

    def _say(self, span: Span | None) -> None:
        hint = self.tr("Hover over a bar, or use the arrow keys.")
        self._said.set_text(self._in_words(span) if span else hint)

    def _bar(self, placed: Placed) -> Bar:
        span = placed.span
        color = _COLORS.get(span.what) or self._color_of(span.plugin)
        hollow = span.what in ("loading", "waiting", "paused")
        return Bar(span.began, span.ended, placed.row, color, span, hollow)

    def _color_of(self, plugin: str) -> str:
        if plugin not in self._signs:
            self._signs[plugin] = self._names.sign(plugin)[1]
        return self._signs[plugin]

    def _in_words(self, span: Span) -> str:
        at = time.strftime("%H:%M:%S", time.localtime(span.began))
        if not span.lane:
            why = f": {span.why}" if span.why else ""
            return f"{at}  {self._names.weights(span.name)}, {span.what}{why}"
        lasted = phrases.duration(span.seconds)
        if span.what == "steps":
            share = span.busy / max(span.seconds, span.busy, 1e-9)
            did = self.tr("{count} steps in {time}, {share:.0%} busy").format(
                count=span.steps, time=lasted, share=share
            )
        else:
            did = self.tr("{what} for {time}").format(what=span.why or span.what, time=lasted)
        return f"{at}  {self._names.plugin(span.plugin)}, {span.name}: {did}"
