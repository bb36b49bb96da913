"""The modes of a page: a switch or a menu, and in the panel the form of the one that is on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from studio.api.jobs import JobRequest
from studio.api.runs import Mode
from studio.api.window.context import PluginContext
from studio.api.window.ui import ParamsForm, SwitchBar
from studio.desktop.kit.mode_menu import ModeMenu

_MOST_BESIDE = 6
"""More than these are a menu: side by side they would be icons that nobody can tell apart."""


class ModeForms:
    """Implements ``studio.api.runs.ModeForms``.

    Attributes:
        panel: The forms, one in view.
        forms: Id of a mode → its form, which is made when it is first asked for.
        mode: The one that is on.
    """

    def __init__(
        self,
        ctx: PluginContext,
        name: str,
        modes: Sequence[Mode],
        offered: Sequence[Mode] = (),
    ) -> None:
        """``offered``: modes of other plugins."""
        self._ui, self._weights = ctx.ui, ctx.weights
        modes = [*modes, *offered]
        self._modes = {mode.id: mode for mode in modes}
        self.mode = modes[0]
        choices = [(mode.id, mode.icon, mode.title) for mode in modes]
        self._switch: SwitchBar | ModeMenu
        if len(modes) > _MOST_BESIDE:
            self._switch = ModeMenu(ctx.ui, name, choices)
        else:
            self._switch = ctx.ui.switch_bar(name, choices)
        self._made: dict[str, ParamsForm] = {}
        self._kept: dict[str, Mapping[str, Any]] = {}
        """Values of forms that are not made yet."""
        self.forms: Mapping[str, ParamsForm] = _Forms(self._modes, self._form)
        self._above: list[tuple[QWidget, tuple[str, ...]]] = []
        self._changed: list[Callable[[Mode], None]] = []
        self.panel = QWidget()
        self._column = QVBoxLayout(self.panel)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addStretch(1)
        self._switch.choose(self.mode.id)
        self._switch.on_choose(self.choose)
        self._look = _OnShow(self.widget, self._show_offered) if offered else None
        self._show()
        self._show_offered()

    @property
    def widget(self) -> QWidget:
        """The switch."""
        return self._switch.widget

    @property
    def form(self) -> ParamsForm:
        """The form of the mode that is on."""
        return self.forms[self.mode.id]

    @property
    def has_weights(self) -> bool:
        """Whether there are weights for the mode that is on."""
        wanted = self.mode.capability
        return not wanted or bool(self._weights.for_capability(wanted))

    def request(self) -> JobRequest:
        """Return the job request of the active mode if it belongs to another plugin."""
        mode = self.mode
        values = {**mode.given, **self.form.values()}
        fitting = self._weights.for_capability(mode.capability)
        for field in mode.params.fields():
            if field.capability == mode.capability and not values.get(field.name) and fitting:
                values[field.name] = fitting[0][0]  # the task's own default may be of another kind
        return JobRequest(mode.task, values, title=mode.title)

    def weights(self) -> list[str]:
        """Return the weights that the mode that is on would use now."""
        values = {**self.mode.given, **self.form.values()}
        ids: list[str] = []
        for field in self.mode.params.fields():
            if not field.capability:
                continue
            chosen = values.get(field.name) or []
            chosen = [chosen] if isinstance(chosen, str) else list(chosen)
            if not chosen and not field.optional:
                fits = self._weights.for_capability(field.capability, field.prefer)
                chosen = [id for id, _title in fits[:1]]
            ids += chosen
        return ids

    def get(self, id: str) -> Mode | None:
        """Return a mode."""
        return self._modes.get(id)

    def of_task(self, task: str) -> Mode | None:
        """Return the mode that runs ``task``."""
        return next((mode for mode in self._modes.values() if mode.task == task), None)

    def choose(self, id: str) -> None:
        """Turn a mode on and tell it; one that is on, or that there is not, changes nothing."""
        if id not in self._modes or id == self.mode.id:
            return
        self.mode = self._modes[id]
        self._switch.choose(id)
        self._show()
        for call in list(self._changed):
            call(self.mode)

    def show_words(self, words: bool) -> None:
        """Show titles in the switch, or icons alone where there is little room."""
        self._switch.show_words(words)

    def on_change(self, call: Callable[[Mode], None]) -> None:
        """Call with the mode that was turned on, by the user or by ``choose``."""
        self._changed.append(call)

    def put_above(self, widget: QWidget, *modes: str) -> None:
        """Put something above the forms, in view while one of ``modes`` is on."""
        self._column.insertWidget(len(self._above), widget)
        self._above.append((widget, modes))
        self._show()

    def save_state(self) -> dict[str, Any]:
        """Return the values of all forms, as plain data."""
        return {**self._kept, **{id: form.values() for id, form in self._made.items()}}

    def restore_state(self, state: object) -> None:
        """Show what ``save_state`` returned; bears anything else."""
        for id, values in state.items() if isinstance(state, Mapping) else ():
            if id not in self._modes or not isinstance(values, Mapping):
                continue
            if id in self._made:
                self._made[id].set_values(values)
            else:
                self._kept[id] = {**self._kept.get(id, {}), **values}

    def _form(self, id: str) -> ParamsForm:
        """Return a form; make it if need be: a page with many modes opens sooner with one."""
        if id in self._made:
            return self._made[id]
        mode, before = self._modes[id], list(_stops(self.panel))
        form = self._made[id] = self._ui.form(mode.params, only=mode.only)
        form.widget.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._column.insertWidget(self._column.count() - 1, form.widget)
        form.widget.setVisible(id == self.mode.id)
        form.set_values(self._kept.pop(id, {}))
        chain = [*before[-1:], *_stops(form.widget)]  # the tab key goes on from the panel
        for one, next_one in pairwise(chain):
            QWidget.setTabOrder(one, next_one)
        return form

    def _show_offered(self) -> None:
        """Show the modes of other plugins that there are weights for now."""
        for mode in self._modes.values():
            if mode.offered:
                fits = bool(self._weights.for_capability(mode.capability))
                self._switch.show_choice(mode.id, fits or mode is self.mode)

    def _show(self) -> None:
        for id in {*self._made, self.mode.id}:
            self._form(id).widget.setVisible(id == self.mode.id)
        for widget, modes in self._above:
            widget.setVisible(self.mode.id in modes)


def _stops(inside: QWidget) -> Iterator[QWidget]:
    """Yield where the tab key stops, in order."""
    for widget in inside.findChildren(QWidget):
        is_inside = widget.window() is inside.window()  # and no list that opens over it
        if is_inside and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            yield widget


class _Forms(Mapping[str, ParamsForm]):
    def __init__(self, modes: Mapping[str, Mode], make: Callable[[str], ParamsForm]) -> None:
        self._modes, self._make = modes, make

    def __getitem__(self, id: str) -> ParamsForm:
        return self._make(id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modes)

    def __len__(self) -> int:
        return len(self._modes)


class _OnShow(QObject):
    """Calls whenever a widget comes into view."""

    def __init__(self, widget: QWidget, call: Callable[[], None]) -> None:
        super().__init__(widget)
        self._call = call
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look, and keep nothing from the widget."""
        if event.type() == QEvent.Type.Show:
            self._call()
        return False
