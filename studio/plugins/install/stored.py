"""The installed plugins, as discovery sees them. Imports none of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from studio.plugins.discovery import Found, Origin, read_folder
from studio.plugins.install.host_packages import STUDIO, this_python
from studio.plugins.install.records import Installed, Record
from studio.plugins.install.store import PluginStore
from studio.protocol.errors import StudioError


def found(store: PluginStore) -> list[Found]:
    """Return the plugins of the current set."""
    return [_one(store, id, installed) for id, installed in store.current().plugins.items()]


def _one(store: PluginStore, id: str, installed: Installed) -> Found:
    try:
        record = store.record(installed)
    except StudioError as error:
        return Found(id, id, error=error, origin=Origin.STORE)
    plugin = read_folder(id, store.site(installed) / record.package)
    return replace(
        plugin,
        name=id,
        distribution=record.lock[0].name,
        schemas=installed.schemas,
        origin=Origin.STORE,
        lends=tuple(name for name in record.lends if name != STUDIO),
        identity=record.identity,
        unready=_unready(installed, record),
    )


def _unready(installed: Installed, record: Record) -> str:
    if not installed.enabled:
        return "It is installed, and off until you enable it."
    if record.python != this_python():
        return f"It was installed for Python {record.python}; this is another. Install it again."
    changed = next(_changed(record), "")
    if changed:
        return f"It was installed for {changed}, which is another version now. Install it again."
    return ""


def _changed(record: Record) -> Iterator[str]:
    for package in record.lock:
        if package.is_lent:
            try:
                here = version(package.name)
            except PackageNotFoundError:
                here = ""
            if here != package.version:
                yield f"{package.name} {package.version}"
