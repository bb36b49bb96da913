"""The Device page: what computes, who uses it, why memory is as it is, and the last hour.

Follows the heartbeat, once a second at most, and only while it is in view. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.api.window.context import Page, PageAction
from studio.base.background import in_words
from studio.desktop import phrases
from studio.desktop.appearance.language import declared
from studio.desktop.pages.device.cards import Figures, LogCard, ModelsCard, PluginsCard
from studio.desktop.pages.device.energy import EnergyCard
from studio.desktop.pages.device.last_hour import LastHourCard
from studio.desktop.pages.device.machines_card import MachinesCard
from studio.desktop.pages.device.names import Names
from studio.desktop.pages.page_frame import Column, PageFrame
from studio.desktop.pages.page_services import PageServices
from studio.protocol.messages import Status
from studio.protocol.trace import Span
from studio.runtimes.device import timeline
from studio.runtimes.device.chrome_trace import RuntimeTrace, write_chrome_trace
from studio.runtimes.device.timeline import RuntimeSeen
from studio.runtimes.device.usage import DeviceUsage

TRACE_EVERY = 5
"""Heartbeats between two questions for the trace."""


def build(parts: PageServices) -> Page:
    """Return the Device page."""
    page = DevicePage(parts)
    export = PageAction("device.export", page.tr("Export timeline"), page.export, "download")
    return Page(page, actions=[export])


class DevicePage(QWidget):
    """Cards, from now to the last hour."""

    def __init__(self, parts: PageServices) -> None:
        super().__init__()
        self._studio, self._ui, self._background = parts.studio, parts.ui, parts.background
        self._activity = parts.activity
        self._usage = DeviceUsage()
        self._spans: Sequence[Span] = ()
        self._others: Sequence[RuntimeSeen] = ()
        self._beats = 0
        self._build(parts)
        self._activity.status_changed.connect(self._on_status)
        self._activity.runtime_changed.connect(self._on_runtime)
        self.destroyed.connect(self._studio.memory.on_entry(lambda entry: self._on_memory()))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read_others()
        self._ask_for_trace()
        self._energy.read()
        self._machines.show_machines()
        self._show()

    def export(self) -> None:
        """Ask where to, and save the last hour."""
        path = self._ui.save_file(self.tr("Export timeline"), "timeline.json", [".json"])
        if path is None:
            return
        runtimes, name = self._runtimes(), path.name

        def saved(count: int) -> None:
            text = self.tr("Saved {count} events of the last hour to {name}.")
            hint = self.tr("Open it with Perfetto, or offline with viztracer's vizviewer.")
            self._studio.notices.info(text.format(count=count, name=name), hint)

        self._background.run(lambda: write_chrome_trace(path, runtimes), saved, self._tell)

    def _build(self, parts: PageServices) -> None:
        look, studio, names = parts.ui.look, self._studio, Names(self._studio, self._activity)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._frame = PageFrame(look, self.tr("Device"), " ")
        layout.addWidget(self._frame)
        save = parts.ui.button(
            self.tr("Export timeline"),
            "download",
            tip=self.tr("Save the last hour as a file for Perfetto"),
        )
        save.clicked.connect(self.export)
        self._frame.controls.addWidget(save)
        column = Column(1440)
        self._frame.body.addWidget(column, 1)
        self._figures = Figures(look, studio.estimate)
        self._models = ModelsCard(look, names, studio.models.pin, studio.models.unload)
        self._plugins = PluginsCard(look, names, studio.estimate)
        self._energy = EnergyCard(parts, names)
        self._hour = LastHourCard(look, names)
        self._log = LogCard(look, names)
        self._machines = MachinesCard(look, studio)
        shown = (
            self._figures,
            self._machines,
            self._models,
            self._plugins,
            self._energy,
            self._hour,
            self._log,
        )
        for card in shown:
            column.cards.addWidget(card)
        column.cards.addStretch(1)

    # --- what is heard --------------------------------------------------------------------------

    def _on_status(self) -> None:
        self._usage.take(self._activity.status)
        if self.isVisible():
            self._beats += 1
            if self._beats % TRACE_EVERY == 0:
                self._ask_for_trace()
            self._show()

    def _on_runtime(self) -> None:
        if self._activity.runtime_state not in ("ready", "starting"):
            self._spans = ()  # what it left on disk takes their place
        if self.isVisible():
            self._read_others()
            self._ask_for_trace()
            self._show()

    def _on_memory(self) -> None:
        if self.isVisible():
            self._log.show_log(self._studio.memory.entries())

    def _ask_for_trace(self) -> None:
        def heard(spans: Sequence[Span]) -> None:
            self._spans = spans
            self._show_hour()

        self._studio.runtime_requests.trace(heard)

    def _read_others(self) -> None:
        """Read what other runtimes have left, and those before this one."""

        def read(seen: Any) -> None:
            self._others = seen
            self._show_hour()

        cache = self._studio.paths.cache
        self._background.run(lambda: timeline.read(cache), read, self._tell)

    def _runtimes(self) -> list[RuntimeTrace]:
        hello = self._studio.runtime.hello
        mine = hello.pid if hello else 0
        traces: list[RuntimeTrace] = [
            (seen.pid, seen.name, seen.spans) for seen in self._others if seen.pid != mine
        ]
        if self._spans:
            traces.append((mine, self.tr("Runtime {pid}").format(pid=mine), self._spans))
        return traces

    def _tell(self, error: Exception) -> None:
        self._studio.notices.error(in_words(error))

    # --- what is shown --------------------------------------------------------------------------

    def _show(self) -> None:
        status = self._activity.status
        self._frame.say(self._about(status))
        self._figures.show_status(status, self._usage)
        self._models.show_status(status)
        self._plugins.show_status(status, self._usage)
        self._log.show_log(self._studio.memory.entries())

    def _show_hour(self) -> None:
        if self.isVisible():
            self._hour.show_spans(span for _, _, spans in self._runtimes() for span in spans)

    def _about(self, status: Status | None) -> str:
        if status is None:
            return {
                "starting": self.tr("The runtime is starting."),
                "dead": self.tr("The runtime stopped and is being restarted."),
                "given_up": self.tr("The runtime stopped too often. Restart it in the status bar."),
            }.get(
                self._activity.runtime_state,
                self.tr("The runtime is off. It starts when it is needed."),
            )
        count = status.threads
        threads = self.tr("1 thread") if count == 1 else self.tr("{n} threads").format(n=count)
        parts = [declared(status.device_name) or status.device, threads]
        if status.memory_total:
            parts.append(self.tr("{size} memory").format(size=phrases.size(status.memory_total)))
        return " · ".join(parts)
