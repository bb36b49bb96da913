"""What is no longer wanted says so once for each plugin, and goes on working."""

from __future__ import annotations

import importlib
import inspect
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from studio.api import stability
from studio.api.stability import RENAMED, deprecated, since
from studio.desktop.kit.page_kit import PageKit
from studio.desktop.kit.run_controller import RunController
from studio.desktop.plugin_context import PluginLibrary

IMPLEMENTED = {
    "studio.api.runs.RunController": RunController,
    "studio.api.window.library.LibraryView": PluginLibrary,
    "studio.api.kit.Kit": PageKit,
}
"""Protocols of the API → what plugins are handed."""


@since("1.1")
@deprecated("1.2", "Use twice.")
def doubled(number: int) -> int:
    """Return twice the number."""
    return 2 * number


def test_it_works_and_warns_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stability, "_warned", set())
    with caplog.at_level(logging.WARNING, "studio.api"):
        assert [doubled(number) for number in range(3)] == [0, 2, 4]
        assert eval("f(5)", {"f": doubled, "__name__": "studio_toy.worker"}) == 10
    mine = __name__.partition(".")[0]
    said = "uses doubled, deprecated since 1.2: Use twice."
    assert caplog.messages == [f"{mine} {said}", f"studio_toy {said}"]


def test_the_reference_can_say_it() -> None:
    told = vars(doubled)
    assert (told["__since__"], told["__deprecated__"]) == (
        "1.1",
        "Deprecated since 1.2: Use twice.",
    )
    assert doubled.__doc__ == "Return twice the number."


def owner(path: str) -> Any:
    """Return the module or the class that a path of a name lies in."""
    holder = path.rpartition(".")[0]
    if holder in IMPLEMENTED:
        return IMPLEMENTED[holder]
    module, _, name = holder.rpartition(".")
    return getattr(importlib.import_module(module), name) if name[0].isupper() else None


@pytest.mark.parametrize("former", RENAMED)
def test_former_names_work_and_warn(
    former: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stability, "_warned", set())
    path, _, argument = former.rstrip(")").partition("(")
    holder, _, name = path.rpartition(".")
    new = RENAMED[former]
    if argument:
        kind = owner(path)
        function = getattr(kind or importlib.import_module(holder), name)
        taken = inspect.signature(function).parameters
        assert new in taken
        assert argument not in taken
        with pytest.raises(TypeError, match=r"missing|not_there") as error:
            function(**{argument: None, "not_there": 1})
        assert f"'{argument}'" not in str(error.value)
    elif (kind := owner(path)) is None:
        module = importlib.import_module(holder)
        assert getattr(module, name) is getattr(module, new)
    else:
        forwarded = SimpleNamespace(**{new: lambda *given, **more: (given, more)})
        assert getattr(kind, name)(forwarded, 1, two=2) == ((1,), {"two": 2})
        assert callable(getattr(kind, new))
    assert [message for message in caplog.messages if "deprecated since 1.1" in message]


def test_a_name_that_never_was_is_missing() -> None:
    with pytest.raises(ImportError, match="never_was"):
        exec("from studio.api import never_was")
