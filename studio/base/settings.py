"""User settings in one crash-safe JSON file. Knows no particular setting.

Keys are dotted names (``appearance.theme``); values are plain data. The window's state and drafts
are another file of the same form: they change often, and losing them must not harm the settings.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from studio.base import disk
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import UnsuitableFile, read_note

VERSION = 1
KEPT_BROKEN = 3
"""So many files that could not be read are kept beside the one that can."""
T = TypeVar("T")
Observer = Callable[[str, Any], None]


class _File(msgspec.Struct, kw_only=True):
    """The content of the file; ``version`` is of its form, not of the studio."""

    version: int = VERSION
    values: dict[str, Any] = {}


class Settings:
    """Settings of one file. Each change is on the disk when its method returns.

    Several studios may share the file: a change is made to what the file holds at that moment, so
    that nobody takes back what another one set.

    Attributes:
        news: Sentences about the file that the user should read once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.news: list[str] = []
        self._observers: list[tuple[str, Observer]] = []
        self._lock = threading.RLock()
        self._values: dict[str, Any] = {}
        self._stamp: tuple[int, int] | None = None
        self._load()

    def get(self, key: str, default: T) -> T:
        """Return the value of ``key``, or ``default`` if there is none of the default's type.

        A file may be edited by hand or come from another version: who asks for a number gets one.
        """
        value = self._values.get(key, default)
        return value if _alike(value, default) else default

    def set(self, key: str, value: Any) -> None:
        """Keep ``value`` and tell the observers if that is a change.

        Raises:
            StudioError: It is not plain data; or the disk refuses, then it holds until the end of
                this session only.
        """
        self._change(key, _plain(key, value))

    def reset(self, key: str) -> None:
        """Go back to the default."""
        self._change(key, msgspec.UNSET)

    def refresh(self) -> None:
        """Take over what another process has set meanwhile, and tell the observers."""
        with self._lock:
            if self._stamp == _stamp(self.path):
                return
            before = self._values
            self._load()
            now = self._values
        for key in sorted({*before, *now}):
            if before.get(key, msgspec.UNSET) != now.get(key, msgspec.UNSET):
                self._tell(key, now.get(key, msgspec.UNSET))

    def is_set(self, key: str) -> bool:
        """Whether ``key`` was set to something, if only to the default."""
        return key in self._values

    def forget(self, ids: Iterable[str]) -> None:
        """Drop what plugins and tools keep by an id of ``ids``: that was erased for good.

        Raises:
            StudioError: The disk refuses.
        """
        gone = set(ids)
        for key in (*self.keys("plugins."), *self.keys("tools.")):
            former = self._values[key]
            if isinstance(former, dict) and not gone.isdisjoint(former):
                self.set(key, {id: value for id, value in former.items() if id not in gone})

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that are set and begin with ``prefix``, sorted."""
        return sorted(key for key in self._values if key.startswith(prefix))

    def observe(self, prefix: str, call: Observer) -> Callable[[], None]:
        """Call ``call(key, value)`` after each change below ``prefix``; None stands for a reset.

        Returns:
            A function that ends it.
        """
        entry = (prefix, call)
        self._observers.append(entry)

        def end() -> None:
            if entry in self._observers:
                self._observers.remove(entry)

        return end

    def below(self, prefix: str) -> Namespace:
        """Return the settings below ``prefix`` as settings of their own."""
        return Namespace(self, prefix)

    def plugin(self, plugin: str) -> Namespace:
        """Return a plugin's own settings."""
        return self.below(f"plugins.{plugin}")

    def _change(self, key: str, value: Any) -> None:
        with self._lock:
            if value == self._values.get(key, msgspec.UNSET):
                return
            self._values = _with(self._values, key, value)
            try:
                self._save(key, value)
            except OSError as error:
                raise disk.explain(error, "save the settings", self.path) from error
            finally:
                self._tell(key, value)

    def _save(self, key: str, value: Any) -> None:
        """Change one value in the file, over what another studio may have put there meanwhile."""
        with _alone(self.path):
            if self._stamp != _stamp(self.path):
                self._load()
                self._values = _with(self._values, key, value)
            data = msgspec.json.encode(_File(values=self._values))
            disk.write_durably(self.path, msgspec.json.format(data, indent=1) + b"\n")
            self._stamp = _stamp(self.path)

    def _tell(self, key: str, value: Any) -> None:
        for prefix, call in list(self._observers):
            if key.startswith(prefix):
                call(key, None if value is msgspec.UNSET else value)

    def _load(self) -> None:
        """Read the file; set an invalid one aside, and report it."""
        try:
            data = read_note(self.path)
        except FileNotFoundError:
            return
        except UnsuitableFile as error:
            self._put_aside(f"could not be read: {error.strerror}")
            return
        except OSError as error:
            self.news.append(
                f"{disk.explain(error, 'read the settings', self.path)} Default settings are used."
            )
            return
        self._stamp = _stamp(self.path)
        try:
            content = msgspec.json.decode(data, type=_File)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self._put_aside(f"could not be read ({error})" if data.strip() else "was empty")
            return
        self._values = content.values
        if content.version > VERSION:
            self._put_aside(
                "is from a newer version; the settings this version supports were imported"
            )

    def _put_aside(self, why: str) -> None:
        copy = disk.set_aside(
            self.path, lambda number: f"{self.path.stem}.broken-{number}{self.path.suffix}"
        )
        for old in put_aside(self.path)[:-KEPT_BROKEN]:
            disk.remove(old)
        where = f"It was kept as {copy}." if copy else "It was left in place."
        self.news.append(f"The file {self.path.name} {why}. {where}")


def put_aside(path: Path) -> list[Path]:
    """Return the files that were put aside because ``path`` could not be read, oldest first."""
    copies = path.parent.glob(f"{path.stem}.broken-*{path.suffix}")
    return sorted(copies, key=lambda copy: copy.stat().st_mtime_ns)


class Namespace:
    """Settings below a prefix; implements ``studio.api.window.context.SettingsView``."""

    def __init__(self, settings: Settings, prefix: str) -> None:
        self._settings = settings
        self._prefix = f"{prefix}."

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value, or ``default``."""
        return self._settings.get(self._prefix + key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep plain data."""
        self._settings.set(self._prefix + key, value)

    def reset(self, key: str) -> None:
        """Go back to the default."""
        self._settings.reset(self._prefix + key)

    def keys(self) -> list[str]:
        """Return the keys that are set, without the prefix."""
        return [key[len(self._prefix) :] for key in self._settings.keys(self._prefix)]

    def observe(self, call: Observer) -> Callable[[], None]:
        """Call ``call(key, value)`` after each change; returns a function that ends it."""
        return self._settings.observe(
            self._prefix, lambda key, value: call(key[len(self._prefix) :], value)
        )


def _with(values: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return ``values`` with one changed, or left out for ``UNSET``."""
    rest = {name: value_kept for name, value_kept in values.items() if name != key}
    return rest if value is msgspec.UNSET else {**rest, key: value}


def _plain(key: str, value: Any) -> Any:
    """Return ``value`` as it will be read again, so that a restart changes nothing."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value))
    except (TypeError, msgspec.MsgspecError) as error:
        raise StudioError(
            ErrorCode.BAD_INPUT, f"The setting “{key}” cannot be saved: {error}."
        ) from error


def _alike(value: Any, default: Any) -> bool:
    """Whether ``value`` may stand where ``default`` does."""
    if default is None or value is None:
        return True
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    if isinstance(default, Mapping):
        return isinstance(value, Mapping)
    if isinstance(default, list | tuple):
        return isinstance(value, list | tuple)
    return isinstance(value, type(default)) or isinstance(default, type(value))


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what tells one state of the file from another."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from changing the file meanwhile; a death lets go of it."""
    if sys.platform == "win32":
        yield  # replacing a file is atomic; two at once would lose one of two changes
        return
    import fcntl

    fd = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
