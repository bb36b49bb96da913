"""Whether a machine has the plugin that a job needs, the same one as here. Asks nobody."""

from __future__ import annotations

from studio.machines.wire.messages import Holdings
from studio.plugins import Plugin
from studio.plugins.circumstances import PLUGIN, PLUGIN_FILES, of_plugin
from studio.protocol.errors import ErrorCode, StudioError


def check_plugin(plugin: Plugin, holdings: Holdings, machine: str) -> None:
    """Refuse to have a machine compute with another plugin than the one that is here.

    Reads the files of the plugin, the first time.

    Raises:
        StudioError: It has none, or another version, other files, or other packages.
    """
    here, there = of_plugin(plugin), holdings.plugins.get(plugin.id)
    if there is None:
        raise _refused(
            f"The plugin {plugin.title} is not on {machine}, or it is switched off there.",
            "Install or enable it on that machine.",
            plugin,
        )
    if there.version != here.get(PLUGIN, ""):
        raise _refused(
            f"The plugin {plugin.title} is version {there.version} on {machine} and "
            f"{here.get(PLUGIN, 'unknown')} on this computer.",
            "Install the same version on both.",
            plugin,
        )
    if there.digest != here.get(PLUGIN_FILES, ""):
        raise _refused(
            f"The plugin {plugin.title} has other files on {machine} than on this computer, "
            f"although both are version {there.version}.",
            "Install the same release of it on both.",
            plugin,
        )
    if plugin.paths:  # packages of its own: its lock; those of the studio may suit another device
        own = {
            name: version for name, version in here.items() if name not in (PLUGIN, PLUGIN_FILES)
        }
        for name in sorted({*own, *there.packages}):
            if own.get(name) != there.packages.get(name):
                raise _refused(
                    f"The plugin {plugin.title} uses {name} {there.packages.get(name, 'not')} on "
                    f"{machine} and {own.get(name, 'not')} on this computer.",
                    "Install the same bundle of it on both.",
                    plugin,
                )


def _refused(what: str, hint: str, plugin: Plugin) -> StudioError:
    return StudioError(ErrorCode.UNSUPPORTED, what, hint, plugin=plugin.id)
