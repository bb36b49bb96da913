"""Fields that depend on others: columns of a file, fields of a mode, groups inside groups."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from PySide6.QtWidgets import QCheckBox, QToolButton

from studio.api import BadInput
from studio.api.frozen_schema import freeze, thaw
from studio.api.params import (
    Capability,
    ColumnsOf,
    File,
    Group,
    Label,
    Params,
    Range,
    ShownIf,
    WeightsId,
)
from studio.cli.terminal import flags
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.forms import WeightsListEditor
from studio.desktop.forms.columns import ColumnEditor, ColumnListEditor, columns_of
from studio.desktop.forms.form import FormServices, ParamsFormWidget


class Chart(Params):
    table: Annotated[str, File((".csv",))]
    column: Annotated[str, ColumnsOf("table")]
    mode: Literal["simple", "advanced", "expert"] = "simple"
    bins: Annotated[int, Range(1, 9), ShownIf("mode", "advanced", "expert"), Group("Bars")] = 5
    smooth: Annotated[bool, ShownIf("mode", "expert")] = False
    width: Annotated[float, ShownIf("smooth", True), Label("Width")] = 1.0
    log: Annotated[bool, Group("Axes")] = False
    low: Annotated[int, Range(0, 9), Group("Range", advanced=True, inside="Axes")] = 0


class Weights:
    there: ClassVar[list[tuple[str, str]]] = []

    def for_capability(self, capability: str, prefer: str = "") -> list[tuple[str, str]]:
        return [*self.there] if capability == "race" else []


Make = Callable[..., ParamsFormWidget]


@pytest.fixture
def make(look: Appearance, qtbot: Any) -> Make:
    def make(params: type[Params] = Chart, **more: Any) -> ParamsFormWidget:
        services = FormServices(Weights(), lambda *_: None, lambda: None, **more)  # type: ignore[arg-type]
        form = ParamsFormWidget(look, params, services)
        qtbot.addWidget(form)
        form.show()
        return form

    return make


def column_editor(form: ParamsFormWidget) -> ColumnEditor:
    editor = form.row("column").editor
    assert isinstance(editor, ColumnEditor)
    return editor


def shown(form: ParamsFormWidget) -> set[str]:
    return {name for name in form.values() if form.row(name).isVisible()}


@pytest.mark.parametrize(
    ("data", "columns"),
    [
        (b"day,rain in mm\n1,2\n", ["day", "rain in mm"]),
        (b"\xef\xbb\xbfa;b;a\n1;2;3\n", ["a", "b"]),
        (b"one\ttwo\n1\t2\n", ["one", "two"]),
        (b'"a, b",c\n1,2\n', ["a, b", "c"]),
        (b"alone\n1\n2\n", ["alone"]),
        (b"", []),
        (b"\0\1\2", []),
        (b"x," * 100_000, ["x"]),
    ],
)
def test_columns_are_read_from_any_text(tmp_path: Path, data: bytes, columns: list[str]) -> None:
    (tmp_path / "table").write_bytes(data)
    assert columns_of(tmp_path / "table") == columns


def test_no_file_and_no_path_have_no_columns(tmp_path: Path) -> None:
    assert columns_of(tmp_path) == columns_of(tmp_path / "gone") == columns_of(Path("a\0b")) == []


def test_the_columns_of_the_picked_file_are_offered(make: Make, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("day,rain\n1,2\n")
    (tmp_path / "b.csv").write_text("day,snow\n1,2\n")
    form = make()
    editor = column_editor(form)
    assert editor.edit.isVisible(), "a name can be typed"
    form.set_values({"table": str(tmp_path / "a.csv"), "column": "rain"})
    assert editor.columns == ["day", "rain"]
    assert (editor.combo.currentText(), form.values()["column"]) == ("rain", "rain")
    form.set_values({"table": str(tmp_path / "b.csv")})
    assert (editor.columns, form.values()["column"]) == (["day", "snow"], "")
    assert "Column is missing" in form.problems()["column"]
    editor.combo.setCurrentIndex(1)
    editor.combo.activated.emit(1)
    assert form.values()["column"] == "day"
    form.set_values({"table": str(tmp_path / "gone.csv")})
    assert editor.edit.isVisible()
    assert form.values()["column"] == "day"


class Several(Params):
    table: Annotated[str, File()]
    columns: Annotated[list[str], ColumnsOf("table")] = []


def test_several_columns_are_ticked(make: Make, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("day,rain,sun\n1,2,3\n")
    form = make(Several)
    form.set_values({"table": "", "columns": ["sun", "snow"]})
    assert form.values()["columns"] == ["sun", "snow"], "typed"
    form.set_values({"table": str(tmp_path / "a.csv")})
    editor = form.row("columns").editor
    assert isinstance(editor, ColumnListEditor)
    boxes = {box.text(): box for box in editor.checks.findChildren(QCheckBox)}
    assert list(boxes) == ["day", "rain", "sun"]
    assert form.values()["columns"] == ["sun"]
    assert boxes["sun"].isChecked()
    boxes["day"].click()
    assert form.values()["columns"] == ["day", "sun"], "in the order of the file"
    form.reset()
    assert not boxes["day"].isChecked()


class Race(Params):
    runners: Annotated[list[WeightsId], Capability("race")] = []


def test_several_weights_are_ticked(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    form = make(Race)
    editor = form.row("runners").editor
    assert isinstance(editor, WeightsListEditor)
    assert not editor.checks.isVisible(), "there are none, which is said"
    assert form.values() == {"runners": []}
    monkeypatch.setattr(Weights, "there", [("a", "Hare"), ("b", "Tortoise")])
    form.hide()
    form.show()
    boxes = {box.text(): box for box in editor.checks.findChildren(QCheckBox)}
    boxes["Tortoise"].click()
    assert form.values() == {"runners": ["b"]}
    form.set_values({"runners": ["a", "gone"]})
    assert form.values() == {"runners": ["a"]}
    monkeypatch.setattr(Weights, "there", [("b", "Tortoise")])
    editor.refresh()
    assert form.values() == {"runners": []}


def test_long_names_of_weights_keep_their_ends(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"Decoder-only transformer: {'a very long name of data ' * 6}{at}" for at in "12"]
    monkeypatch.setattr(Weights, "there", [*zip("ab", names), ("c", "Q & A")])
    form = make(Race)
    editor = form.row("runners").editor
    assert isinstance(editor, WeightsListEditor)
    first, second, short = editor.checks.findChildren(QCheckBox)
    assert first.text().startswith("Decoder")
    assert "…" in first.text()
    assert (first.text()[-1], second.text()[-1]) == ("1", "2"), "what tells them apart is seen"
    assert first.toolTip() == first.accessibleName() == names[0]
    assert first.sizeHint().width() <= first.width(), "it has room for what it shows"
    assert short.text() == "Q && A"


class Tuned(Params):
    is_tuned: bool = False
    base: Annotated[WeightsId, Capability("race"), ShownIf("is_tuned", True)] = WeightsId()


def test_what_is_not_asked_for_is_plain_data_too(make: Make) -> None:
    values = make(Tuned).values()
    assert values == {"is_tuned": False, "base": ""}
    assert type(values["base"]) is str, "the state of a window is written down as JSON"


def test_what_is_read_of_a_file_that_is_no_longer_picked_is_dropped(
    make: Make, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("day,rain\n1,2\n")
    waiting: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
    form = make(run=lambda call, then: waiting.append((call, then)))
    form.set_values({"table": str(tmp_path / "a.csv")})
    form.set_values({"table": str(tmp_path / "b.csv")})
    for call, then in waiting:
        then(call())
    assert column_editor(form).columns == []


def test_fields_follow_what_they_depend_on_and_give_their_default_otherwise(make: Make) -> None:
    form = make()
    always = {"table", "column", "mode", "log"}
    assert shown(form) == always
    form.set_values({"mode": "expert", "bins": 7, "smooth": True, "width": 3.0})
    assert shown(form) == always | {"bins", "smooth", "width"}
    assert (form.values()["bins"], form.values()["width"]) == (7, 3.0)
    form.set_values({"mode": "advanced"})
    assert shown(form) == always | {"bins"}
    assert (form.values()["bins"], form.values()["width"]) == (7, 1.0)
    form.set_values({"mode": "simple"})
    assert shown(form) == always
    assert form.values()["bins"] == 5
    assert set(form.problems()) == {"table", "column"}
    form.set_values({"mode": "advanced"})
    assert form.values()["bins"] == 7, "what was set is there again"


def test_a_group_stands_inside_another_and_counts_in_it(make: Make) -> None:
    form = make()
    axes, inner = form._sections["Axes"], form._sections["Range"]
    assert axes.isAncestorOf(inner)
    assert not form.row("low").isVisible(), "an advanced group starts folded"
    inner.fold(False)
    assert form.row("low").isVisible()
    form.set_values({"low": 3})
    heads = [head.text() for head in axes.findChildren(QToolButton) if "·" in head.text()]
    assert heads == ["AXES  ·  1", "RANGE  ·  1"]
    assert not form._sections["Bars"].isVisible(), "none of its fields is asked for"


def test_they_outlive_the_freezer() -> None:
    thawed = thaw(freeze(Chart))
    assert thawed.fields() == Chart.fields()
    data = freeze(Chart)
    data["fields"][3]["field"]["shown_if"]["field"] = "gone"
    with pytest.raises(BadInput, match="ShownIf must name a field above it"):
        thaw(data)


@pytest.mark.parametrize(
    ("annotation", "default", "words"),
    [
        (Annotated[int, ColumnsOf("mode")], 1, "names a File field"),
        (Annotated[str, ColumnsOf("gone")], "", "names a File field"),
        (Annotated[int, ShownIf("later", 1)], 1, "a field above it"),
    ],
)
def test_a_field_that_depends_on_nothing_is_refused(
    annotation: Any, default: Any, words: str
) -> None:
    space = {"__annotations__": {"mode": str, "wrong": annotation}, "mode": "", "wrong": default}
    wrong = type(Params)("Wrong", (Params,), space, kw_only=True, frozen=True)
    with pytest.raises(TypeError, match=words):
        wrong.fields()


def test_the_flags_say_what_they_depend_on() -> None:
    parser = argparse.ArgumentParser()
    flags.add_flags(parser, Chart)
    told = " ".join(parser.format_help().split())
    assert "A column of --table." in told
    assert "For --mode advanced or expert." in told
    assert "Axes, Range" in told
