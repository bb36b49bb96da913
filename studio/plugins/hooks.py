"""The hooks of window halves, over pluggy. Calls one plugin at a time; contains no exceptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pluggy

from studio.api.hookspecs import PROJECT, WindowHooks
from studio.api.params import Params
from studio.protocol.errors import ErrorCode, StudioError

_RETURNS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "studio_pages": (lambda got: isinstance(got, Mapping), "a mapping of page ids to functions"),
    "studio_viewers": (lambda got: isinstance(got, Mapping), "a mapping of kinds to functions"),
    "studio_exporters": (
        lambda got: isinstance(got, Mapping),
        "a mapping of “kind:.suffix” to functions",
    ),
    "studio_open_file": (callable, "a function"),
    "studio_narration": (callable, "a function"),
    "studio_settings": (
        lambda got: isinstance(got, type) and issubclass(got, Params),
        "a subclass of Params",
    ),
}
"""Hook → whether a result fits, and what would; None always does."""


class WindowHookRegistry:
    """Which plugin implements which hook of :class:`studio.api.hookspecs.WindowHooks`."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(WindowHooks)

    def register(self, plugin: str, module: ModuleType) -> None:
        """Take in the hooks of ``module``, all or none.

        Raises:
            StudioError: It implements a hook that does not exist, or wraps the hooks of others.
        """
        try:
            self._manager.register(module, name=plugin)
            self._refuse_misuse(plugin)
        except (pluggy.PluginValidationError, ValueError) as error:
            self.unregister(plugin)
            raise _unusable(plugin, str(error)) from error
        except StudioError:
            self.unregister(plugin)
            raise

    def unregister(self, plugin: str) -> None:
        """Let go of the hooks of ``plugin``; harmless if it has none."""
        if self._manager.has_plugin(plugin):
            self._manager.unregister(name=plugin)

    def call(self, plugin: str, hook: str, **arguments: Any) -> Any:
        """Return the result of one plugin's hook; None without it. Exceptions pass.

        pluggy's own call would stop at the first exception, whoever raised it.

        Raises:
            TypeError: It returned an unusable value.
        """
        implementation = self._implementation(plugin, hook)
        if implementation is None:
            return None
        result = implementation.function(*(arguments[name] for name in implementation.argnames))
        fits, wanted = _RETURNS.get(hook, (lambda got: True, ""))
        if result is not None and not fits(result):
            raise TypeError(f"it returned {type(result).__name__} instead of {wanted}")
        return result

    def _implementation(self, plugin: str, hook: str) -> pluggy.HookImpl | None:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return next((i for i in caller.get_hookimpls() if i.plugin_name == plugin), None)

    def _refuse_misuse(self, plugin: str) -> None:
        for caller in self._manager.get_hookcallers(self._manager.get_plugin(plugin)) or []:
            for implementation in caller.get_hookimpls():
                if implementation.plugin_name != plugin:
                    continue
                if not caller.has_spec() and not implementation.optionalhook:
                    raise _unusable(plugin, f"there is no hook called “{caller.name}”")
                if implementation.hookwrapper or implementation.wrapper:
                    raise _unusable(plugin, f"its “{caller.name}” wraps hooks of other plugins")


def _unusable(plugin: str, why: str) -> StudioError:
    return StudioError(
        ErrorCode.PLUGIN_FAILED,
        f"The plugin “{plugin}” cannot be used: {why}.",
        "Ask its author for a corrected version, or remove it.",
        plugin=plugin,
    )
