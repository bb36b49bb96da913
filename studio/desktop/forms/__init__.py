"""Forms drawn from a ``Params`` class: a control for each kind of parameter; see ``form``."""

from __future__ import annotations

from studio.desktop.forms.choices import ChoiceEditor, SwitchEditor
from studio.desktop.forms.columns import (
    ColumnEditor,
    ColumnListEditor,
    ColumnsEditor,
    RunLater,
    at_once,
)
from studio.desktop.forms.editor import Editor
from studio.desktop.forms.numbers import NumberEditor
from studio.desktop.forms.pickers import (
    Chosen,
    FileEditor,
    PickFiles,
    WeightsEditor,
    WeightsListEditor,
    unwatched,
)
from studio.desktop.forms.seed import SeedEditor
from studio.desktop.forms.text import ListEditor, TextEditor

__all__ = [
    "ChoiceEditor",
    "Chosen",
    "ColumnEditor",
    "ColumnListEditor",
    "ColumnsEditor",
    "Editor",
    "FileEditor",
    "ListEditor",
    "NumberEditor",
    "PickFiles",
    "RunLater",
    "SeedEditor",
    "SwitchEditor",
    "TextEditor",
    "WeightsEditor",
    "WeightsListEditor",
    "at_once",
    "unwatched",
]
