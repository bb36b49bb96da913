"""A text field offers values by a part of their name, and takes others as well."""

from __future__ import annotations

from typing import Annotated, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCompleter, QLineEdit

from studio.api import Label, Params
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.forms.form import FormServices, ParamsFormWidget

NAMES = {"DRD2": "Dopamine D2 receptor", "F2": "Thrombin"}


class Dock(Params):
    """Parameters with a name that is offered."""

    target: Annotated[str, Label("Target", "A protein.", NAMES)] = ""


def test_values_are_found_by_gene_or_name(qapp: QApplication, look: Appearance, qtbot: Any) -> None:
    services = FormServices(None, lambda *_: None, lambda: None)  # type: ignore[arg-type]
    form = ParamsFormWidget(look, Dock, services)
    qtbot.addWidget(form)
    edit = form.findChild(QLineEdit)
    completer = edit.completer()
    assert isinstance(completer, QCompleter)
    for part in ("thromb", "F2"):
        completer.setCompletionPrefix(part)
        assert completer.completionCount() == 1
        assert completer.currentCompletion() == "F2 · Thrombin"
    completer.activated.emit(completer.currentCompletion())
    assert form.values() == {"target": "F2"}
    edit.setText("MINE")
    assert form.values() == {"target": "MINE"}, "targets of one's own have other names"
    completer.setCompletionPrefix("")
    assert completer.completionCount() == len(NAMES)
    assert completer.caseSensitivity() is Qt.CaseSensitivity.CaseInsensitive
    assert [action.text() for action in edit.actions()] == ["Target"]


def test_each_prepared_target_has_a_title() -> None:
    from studio_molecules.schema import TITLES
    from studio_molecules.schema import Dock as Wanted

    field = next(each for each in Wanted.fields() if each.name == "target")
    assert field.choices == tuple(TITLES)
    assert Wanted.parse({"target": "MINE"}).target == "MINE"
