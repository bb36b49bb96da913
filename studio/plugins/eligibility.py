"""Decides which of the plugins that were found take part, and says why the others do not."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from studio.api.manifest import API_VERSION, Manifest, is_compatible
from studio.plugins.deny_list import DenyList, Identity
from studio.plugins.discovery import Found, Origin
from studio.plugins.enabled_state import EnabledPlugins
from studio.plugins.plugin import Plugin, PluginState
from studio.plugins.release import Release

_OWN_TITLES = (
    "Offline Studio", "Library", "Workflows", "Models", "Device", "Plugins", "Settings",
)  # fmt: skip
_ALIKE = str.maketrans("асеорхуіјѕһԁԛԝкмтнвαορνικτυχε01i", "aceopxyijshdqwkmthbaopvlktuxeoll")
"""Cyrillic and Greek letters, and figures, that look like Latin ones; i, l and 1 are one."""


@dataclass(frozen=True)
class Eligibility:
    """The rules of one session.

    Attributes:
        release: What comes with the studio.
        safe_mode: Only the studio's own plugins take part.
        only: Only these ids take part; empty for all.
        denied: What the user refuses; the studio's own plugins are not asked about.
    """

    choices: EnabledPlugins
    release: Release
    safe_mode: bool = False
    only: tuple[str, ...] = ()
    denied: DenyList | None = None

    def admit(self, candidates: Sequence[Found]) -> list[Plugin]:
        """Return all plugins in the order of the rail, each with its state."""
        plugins: dict[str, Plugin] = {}
        ours = [
            candidate.manifest
            for candidate in candidates
            if self.release.holds(candidate) and candidate.manifest
        ]
        for candidate in sorted(candidates, key=self._rank):
            plugin = self._judge(candidate)
            title = "" if plugin.shipped else taken_title(plugin.manifest, ours)
            if title and plugin.state is not PluginState.INVALID:
                plugin.state = PluginState.INVALID
                plugin.reason = f"Its title “{title}” reads like that of a part of Offline Studio."
            if plugin.id in plugins:
                _refuse_taken_id(plugin, plugins[plugin.id])
            plugins.setdefault(plugin.id, plugin)
        return sorted(plugins.values(), key=_rail_order)

    def _rank(self, candidate: Found) -> tuple[bool, bool]:
        """The studio's own first: nobody takes their ids. Then what an author is working on."""
        return (not self.release.holds(candidate), candidate.origin is not Origin.FOLDER)

    def _judge(self, candidate: Found) -> Plugin:
        state, reason = self._verdict(candidate)
        return Plugin(
            id=candidate.name,
            manifest=candidate.manifest,
            state=state,
            reason=reason,
            package=candidate.package,
            distribution=candidate.distribution,
            version=candidate.manifest.version if candidate.manifest else "",
            folder=candidate.folder,
            shipped=self.release.holds(candidate),
            paths=candidate.paths,
            schemas=candidate.schemas,
            origin=candidate.origin,
            lends=candidate.lends,
            identity=_identity(candidate),
        )

    def _verdict(self, candidate: Found) -> tuple[PluginState, str]:
        if candidate.manifest is None:
            return PluginState.INVALID, str(candidate.error)
        if self.release.is_imitated_by(candidate):
            return PluginState.INVALID, (
                f"It has the name of a built-in plugin, but is not the one of this version of "
                f"Offline Studio. Remove {candidate.distribution or candidate.package}, "
                "then reinstall Offline Studio."
            )
        refused = self.denied if not self.release.holds(candidate) else None
        if refused and (why := refused.against(_identity(candidate))):
            return PluginState.DENIED, why
        if not is_compatible(candidate.manifest):
            return PluginState.INCOMPATIBLE, (
                f"It needs plugin API {candidate.manifest.api}, but this version provides "
                f"{API_VERSION}. Install a matching version of the plugin."
            )
        is_stranger = candidate.paths and not self.release.holds(candidate)
        if is_stranger and (what := belongs_inside(candidate.manifest)):
            return PluginState.INVALID, (
                f"It has {what}, which can only run inside the studio, but its manifest does not "
                "say isolation = “studio”. Its author must add it."
            )
        if why := self._left_out(candidate):
            return PluginState.DISABLED, why
        if module := self.choices.crashed_in(candidate.name):
            return PluginState.QUARANTINED, (
                f"Offline Studio crashed while loading {module}. Try again, or remove the plugin."
            )
        return PluginState.DISCOVERED, ""

    def _left_out(self, candidate: Found) -> str:
        if self.only and candidate.name not in self.only:
            return f"Offline Studio was started with --only {','.join(self.only)}."
        if self.safe_mode and not self.release.holds(candidate):
            return "Offline Studio is in safe mode: only built-in plugins are loaded."
        if self.choices.is_off(candidate.name):
            return "You disabled it."
        if candidate.unready:
            return candidate.unready
        is_foreign = candidate.origin is Origin.ENVIRONMENT and not self.release.holds(candidate)
        if is_foreign and not self.choices.is_on(candidate.name):
            return (
                "It was not installed by Offline Studio, but found beside it. If you enable it, "
                "it can do anything that you can do on this computer."
            )
        return ""


def _identity(candidate: Found) -> Identity:
    names = (candidate.name, candidate.distribution or candidate.package)
    version = candidate.manifest.version if candidate.manifest else ""
    return candidate.identity or Identity(names, version)


def taken_title(manifest: Manifest | None, ours: Iterable[Manifest]) -> str:
    """Return the title of a plugin or of its pages that people would take for one of ours."""
    taken = {look_alike(title) for item in ours for title in _titles(item)}
    taken |= set(map(look_alike, _OWN_TITLES))
    titles = _titles(manifest) if manifest else ()
    return next((title for title in titles if look_alike(title) in taken), "")


def _titles(manifest: Manifest) -> list[str]:
    return [manifest.title, *(page.title for page in manifest.pages)]


def look_alike(title: str) -> str:
    """Return what titles have in common that people read as the same."""
    plain = unicodedata.normalize("NFKD", title).casefold().translate(_ALIKE)
    return "".join(letter for letter in plain if letter.isalnum()).replace("rn", "m")


def belongs_inside(manifest: Manifest) -> str:
    """Return what of a plugin that asks for its own process cannot be there; empty for nothing."""
    if manifest.isolation != "process":
        return ""
    if manifest.plugin:
        return "a window half"
    return "models that it loads" if manifest.families else ""


def _refuse_taken_id(plugin: Plugin, first: Plugin) -> None:
    if plugin.state is not PluginState.INVALID:  # else it has a better reason already
        plugin.state = PluginState.INVALID
        plugin.reason = (
            f"The id “{plugin.id}” is already used by {first.distribution or first.package}. "
            "Remove one of the two."
        )
        is_tried = first.origin is Origin.FOLDER and plugin.origin is not Origin.FOLDER
        if is_tried and not first.shipped:
            plugin.state = PluginState.DISABLED
            plugin.reason = f"The one in {first.folder} is tried instead."
    plugin.id = f"{plugin.id} ({plugin.distribution or plugin.package})"


def _rail_order(plugin: Plugin) -> tuple[int, str]:
    return (plugin.manifest.order if plugin.manifest else sys.maxsize, plugin.id)
