"""The form of the values that tasks take with one set of weights. Keeps what differs, no more."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from studio.api.params import Params
from studio.desktop.pages.page_services import PageServices
from studio.desktop.pages.weights.weights_row import WeightsRow
from studio.models.defaults import settable, with_limit
from studio.protocol.errors import StudioError


def defaults_form(parts: PageServices, row: WeightsRow) -> QWidget | None:
    """Return the form; None where no task that takes such weights has anything to set."""
    if row.problem:
        return None
    params, names = _richest(parts, row)
    if params is None or not names:
        return None
    form = parts.ui.form(params, only=names)
    form.drop_margins()
    usual = {field.name: field.default for field in params.fields() if field.name in names}
    remarks, id = parts.studio.weights_manager.remarks, row.weights.id
    usual |= {k: v for k, v in row.weights.recommended.items() if k in usual}
    form.set_values({**usual, **remarks.of(id).defaults})

    def keep() -> None:
        now = {name: value for name, value in form.values().items() if name in usual}
        changes = {name: None if value == usual[name] else value for name, value in now.items()}
        try:
            remarks.set_defaults(id, changes)
        except StudioError as error:
            parts.studio.notices.error(error)

    form.on_change(keep)
    return form


def _richest(parts: PageServices, row: WeightsRow) -> tuple[type[Params] | None, list[str]]:
    """Return the parameters of the task with most to set for these weights, and their names."""
    host = parts.studio.plugins
    best: tuple[type[Params] | None, list[str]] = (None, [])
    for _, task in host.tasks():
        try:
            params = host.params_class(task.id)
        except StudioError:  # a plugin out of order; its own page says so
            continue
        names = list(settable([params], row.weights.capabilities))
        if len(names) > len(best[1]):
            best = (with_limit(params), names)
    return best
