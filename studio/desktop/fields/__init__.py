"""The controls of a form, one for each kind of parameter. Each knows its own field only."""

from __future__ import annotations

from studio.desktop.fields.choices import ChoiceEditor, SwitchEditor
from studio.desktop.fields.editor import Editor
from studio.desktop.fields.numbers import NumberEditor
from studio.desktop.fields.pickers import FileEditor, PickFiles, WeightsEditor
from studio.desktop.fields.seed import SeedEditor
from studio.desktop.fields.text import ListEditor, TextEditor

__all__ = [
    "ChoiceEditor",
    "Editor",
    "FileEditor",
    "ListEditor",
    "NumberEditor",
    "PickFiles",
    "SeedEditor",
    "SwitchEditor",
    "TextEditor",
    "WeightsEditor",
]
