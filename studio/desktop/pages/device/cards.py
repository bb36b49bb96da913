"""Cards of the Device page: figures of now, models in memory, plugins, the log of memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.api.window.figures import localised
from studio.base.energy.amount import Amount
from studio.base.energy.estimate import Estimator
from studio.desktop import phrases
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.pages.device.names import Names, hue
from studio.desktop.pages.device.rows import LogRow, ModelRow, PluginRow
from studio.desktop.pages.page_frame import card
from studio.desktop.widgets.meter import Meter
from studio.protocol.device_status import LoadedWeights
from studio.protocol.messages import Status
from studio.runtimes.device.memory_log import MemoryEntry
from studio.runtimes.device.usage import DeviceUsage

LOG_ROWS = 12


class Card(QWidget):
    """A titled card; content goes into ``column``."""

    def __init__(self, look: Appearance) -> None:
        super().__init__()
        self.look = look
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        frame, self.column = card()
        whole.addWidget(frame)

    def call_it(self, title: str) -> None:
        """Give it a title."""
        self.column.addWidget(self.look.label(title, "section"))


class FigureCard(Card):
    """A number with a caption."""

    def __init__(self, look: Appearance, title: str) -> None:
        super().__init__(look)
        self.call_it(title)
        self._title = title
        self._number = look.label("", "title")
        self._number.setFont(look.fonts.figures(19))
        self._meaning = look.label("", "small", wrap=True)
        self.column.setSpacing(2)
        self.column.addWidget(self._number)
        self.column.addWidget(self._meaning)
        self.column.addStretch()

    def say(self, number: str, meaning: str) -> None:
        """Show a number and its caption."""
        self._number.setText(number)
        self._meaning.setText(meaning)
        self.setAccessibleName(f"{self._title}: {number} {meaning}")


class Figures(QWidget):
    """Four numbers of now, side by side."""

    def __init__(self, look: Appearance, estimate: Estimator) -> None:
        super().__init__()
        self._estimate = estimate
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self._memory = FigureCard(look, self.tr("Memory"))
        self._memory.setToolTip(
            self.tr(
                "What the runtime occupies now. Loaded models may add up to more: parts of their "
                "files are read when they are needed."
            )
        )
        self._busy = FigureCard(look, self.tr("Load"))
        self._processors = FigureCard(look, self.tr("Processor"))
        self._energy = FigureCard(look, self.tr("Energy"))
        for figure in (self._memory, self._busy, self._processors, self._energy):
            row.addWidget(figure, 1)

    def show_status(self, status: Status | None, usage: DeviceUsage) -> None:
        """Show how things are."""
        if status is None:
            nothing = self.tr("runtime is off")
            for figure in (self._memory, self._busy, self._processors, self._energy):
                figure.say("–", nothing)
            return
        total = phrases.size(status.memory_total)
        self._memory.say(
            phrases.size(status.memory_used), self.tr("of {total}").format(total=total)
        )
        self._busy.say(f"{usage.busy():.0%}", self.tr("busy"))
        one, many = self.tr("of 1 thread"), self.tr("of {count} threads")
        threads = one if status.threads == 1 else many.format(count=status.threads)
        self._processors.say(localised(f"{usage.processors:.1f}"), threads)
        self._show_energy(status, usage)

    def _show_energy(self, status: Status, usage: DeviceUsage) -> None:
        energy, watts = status.energy, usage.watts
        if energy.missing:
            power = self._estimate(usage.unmeasured, status.device)  # of one second
            words = self.tr("estimated: {low}–{high} W")
            self._energy.say(
                localised(f"{power.joules:.1f} W"),
                words.format(low=f"{power.low:.0f}", high=f"{power.high:.0f}"),
            )
        elif watts is None:
            self._energy.say("–", self.tr("not measured"))
        else:
            spent = phrases.amount(Amount(energy.joules, energy.joules, energy.joules))
            self._energy.say(
                localised(f"{watts:.1f} W"), self.tr("{size} since start").format(size=spent)
            )


class ModelsCard(Card):
    """Loaded models, as one bar and as rows."""

    def __init__(
        self,
        look: Appearance,
        names: Names,
        pin: Callable[[str, bool], None],
        unload: Callable[[str], None],
    ) -> None:
        super().__init__(look)
        self.call_it(self.tr("Loaded models"))
        self._names, self._pin, self._unload = names, pin, unload
        self._rows: dict[str, ModelRow] = {}
        self._meter = Meter(look, self.tr("Memory"), height=8)
        self._empty = look.label(
            self.tr("No models are loaded. They are loaded when a job needs them."),
            "mute",
            wrap=True,
        )
        self.column.addWidget(self._meter)
        self.column.addWidget(self._empty)

    def show_status(self, status: Status | None) -> None:
        """Show the loaded models; reuse rows while unchanged, so no button moves under a click."""
        loaded = status.loaded if status else ()
        total = max(1, status.memory_total) if status else 1
        # Beside what is used, not beside all there is: small models would show nothing.
        held = sum(item.bytes + item.working for item in loaded)
        used = max(1, held, status.memory_used if status else 0)
        if [item.weights for item in loaded] != list(self._rows):
            self._rebuild(loaded)
        parts = []
        for place, item in enumerate(loaded):
            self._rows[item.weights].show_model(item, used, self._users(item, status))
            parts.append(((item.bytes + item.working) / total, hue(place)))
        if status is not None:
            rest = status.memory_used / total - sum(share for share, _ in parts)
            self._meter.set_parts([*parts, (max(0.0, rest), "faint")])
        self._meter.setVisible(status is not None)
        self._empty.setVisible(not loaded)

    def _rebuild(self, loaded: Sequence[LoadedWeights]) -> None:
        for row in self._rows.values():
            row.hide()
            row.deleteLater()
        self._rows.clear()
        for place, item in enumerate(loaded):
            row = ModelRow(
                self.look,
                self._names.weights(item.weights),
                hue(place),
                partial(self._pin, item.weights),
                partial(self._unload, item.weights),
            )
            self._rows[item.weights] = row
            self.column.addWidget(row)

    def _users(self, item: LoadedWeights, status: Status | None) -> str:
        plugins = {use.job: use.plugin for use in status.jobs} if status else {}
        titles = sorted({self._names.plugin(plugins[job]) for job in item.users if job in plugins})
        return ", ".join(titles) or (self.tr("a job") if item.users else "")


class PluginsCard(Card):
    """Who computes, and how much of the time."""

    def __init__(self, look: Appearance, names: Names, estimate: Estimator) -> None:
        super().__init__(look)
        self.call_it(self.tr("Usage by plugin"))
        self._names, self._estimate = names, estimate
        self._rows: dict[str, PluginRow] = {}
        self._empty = look.label(self.tr("No plugin has used the device yet."), "mute", wrap=True)
        self.column.addWidget(self._empty)
        self._energy = look.label("", "small", wrap=True)
        self.column.addWidget(self._energy)

    def show_status(self, status: Status | None, usage: DeviceUsage) -> None:
        """Show what each plugin uses."""
        uses = status.plugins if status else ()
        self._say_energy(status)
        if [use.plugin for use in uses] != list(self._rows):
            self._rebuild([use.plugin for use in uses])
        for use in uses:
            assert status is not None
            self._rows[use.plugin].show_use(
                usage.busy(use.plugin),
                _memory_of(use.plugin, status),
                self._estimate(use, status.device, status.energy),
            )
        self._empty.setVisible(not uses)

    def _say_energy(self, status: Status | None) -> None:
        """Show the source of the energy figure: the meter, or the basis of the estimate and why."""
        energy = status.energy if status else None
        text = ""
        if energy and energy.source:
            pattern = self.tr("Energy is measured for {source} and divided by computing time.")
            text = pattern.format(source=energy.source)
        elif energy:
            pattern = self.tr(
                "Energy is estimated from processor time at {typical} W per thread ({low}–{high}). "
                "Settings has the watts per core."
            )
            typical, low, high = (localised(f"{watts:.2g}") for watts in self._estimate.core)
            text = f"{energy.missing} {pattern.format(typical=typical, low=low, high=high)}"
        self._energy.setText(text)
        self._energy.setVisible(bool(text))

    def _rebuild(self, plugins: Sequence[str]) -> None:
        for row in self._rows.values():
            row.hide()
            row.deleteLater()
        self._rows.clear()
        for plugin in plugins:
            row = PluginRow(self.look, self._names.plugin(plugin), *self._names.sign(plugin))
            self._rows[plugin] = row
            self.column.addWidget(row)
        self.column.addWidget(self._energy)  # last


class LogCard(Card):
    """The latest things that happened to memory, the newest first."""

    def __init__(self, look: Appearance, names: Names) -> None:
        super().__init__(look)
        self.call_it(self.tr("Memory log"))
        self._names = names
        self._shown: list[MemoryEntry] = []
        self._rows: list[LogRow] = []
        self._empty = look.label(
            self.tr(
                "Nothing yet. Models that are loaded or unloaded are listed here with the reason."
            ),
            "mute",
            wrap=True,
        )
        self.column.addWidget(self._empty)

    def show_log(self, entries: Sequence[MemoryEntry]) -> None:
        """Show the latest of ``entries``, which are oldest first."""
        latest = list(entries[-LOG_ROWS:])
        self._empty.setVisible(not latest)
        if latest == self._shown:
            return
        self._shown = latest
        for row in self._rows:
            row.hide()
            row.deleteLater()
        self._rows = [
            LogRow(self.look, entry, self._names.weights(entry.event.weights))
            for entry in reversed(latest)
        ]
        for row in self._rows:
            self.column.addWidget(row)


def _memory_of(plugin: str, status: Status) -> int:
    """Return the bytes of what jobs of ``plugin`` lease; shared weights count for each who uses."""
    jobs = {use.job for use in status.jobs if use.plugin == plugin}
    return sum(item.bytes + item.working for item in status.loaded if jobs & set(item.users))
