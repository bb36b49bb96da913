"""The parts of the studio for a command, opened on first use."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from studio.base.paths import StudioPaths
from studio.cli.terminal import output
from studio.protocol.errors import ErrorCode, StudioError

if TYPE_CHECKING:
    from studio.base.settings import Settings
    from studio.library import Library
    from studio.models import WeightsCatalogue
    from studio.models.manager import WeightsManager
    from studio.plugins import PluginHost
    from studio.plugins.install.store import PluginStore
    from studio.studio import Studio
    from studio.terminals import Terminals
    from studio.terminals.connection import Connection
    from studio.terminals.open_studio import OpenStudio

_PATIENCE = 15.0
"""Seconds in which a studio that has the library begins to listen, or ends."""
_PAUSE = 0.1


@dataclass
class StudioSession:
    """One call of the command line.

    Attributes:
        wants_json: Whether errors too are told as JSON.
        saves: Whether results stay in the library; false once another studio turns out to have it.
    """

    safe_mode: bool = False
    only: tuple[str, ...] = ()
    wants_json: bool = False
    saves: bool = True
    _is_refused: bool = False
    """The studio that is open will not work for this command."""

    @cached_property
    def paths(self) -> StudioPaths:
        """Where the studio keeps things."""
        return StudioPaths.default()

    @cached_property
    def settings(self) -> Settings:
        """The user's settings."""
        from studio.base.settings import Settings

        return Settings(self.paths.settings)

    @cached_property
    def plugin_store(self) -> PluginStore:
        """The store of installed plugins."""
        from studio.plugins.install.store import PluginStore

        return PluginStore(self.paths.plugins, self.paths.journals)

    @cached_property
    def plugins(self) -> PluginHost:
        """The plugins, without the rest of the studio.

        Raises:
            StudioError: ``--only`` names a plugin that is not there.
        """
        from studio.plugins import PluginHost
        from studio.plugins.install import stored

        host = PluginHost(
            self.settings,
            self.paths.journals,
            safe_mode=self.safe_mode,
            only=self.only,
            stored=lambda: stored.found(self.plugin_store),
        )
        for name in host.unknown_only():
            host.plugin(name)  # says that there is none
        return host

    @cached_property
    def weights_manager(self) -> WeightsManager:
        """The weights on this machine, with all that belongs to them."""
        from studio.models.manager import WeightsManager

        return WeightsManager(self.paths, self.settings, lambda: self.plugins.families())

    @property
    def weights(self) -> WeightsCatalogue:
        """Which weights there are."""
        return self.weights_manager.catalogue

    @contextmanager
    def studio(self, *, read_only: bool = False) -> Iterator[Studio]:
        """Open the whole studio, runtime included, and close it again.

        Raises:
            StudioError: The library cannot be read.
        """
        from studio.library import Library

        library = Library.open(self.paths, read_only=read_only)
        with library, self._around(library) as studio:
            yield studio

    @contextmanager
    def at_work(
        self, *, passing: bool = True, talks: bool = False
    ) -> Iterator[Studio | OpenStudio]:
        """Reach the studio that is open on this home, or open one.

        One that is opened here works for the terminals beside it, too, until they are done. Who
        has the library and does not listen is waited for a little: it may be opening, or ending.

        Args:
            passing: Where it goes on having the library, work with an empty one that is thrown
                away at the end.
            talks: The command ends when its user says so, so it works with a studio that stays.

        Raises:
            StudioError: The library cannot be read.
        """
        from studio.library import Library

        until = time.monotonic() + _PATIENCE
        while True:
            with self.open_studio(lasting=talks) as open_studio:
                if open_studio is not None:
                    yield open_studio
                    return
            library = Library.open(self.paths)
            is_late = self._is_refused or time.monotonic() > until
            if is_late or not library.health.writer:
                break
            library.close()
            time.sleep(_PAUSE)
        writable = self._writable(library, passing=passing)
        with writable as own, self._around(own) as studio, self._beside(studio):
            yield studio

    @contextmanager
    def _around(self, library: Library) -> Iterator[Studio]:
        from studio.studio import Studio

        studio = Studio(self.paths, self.settings, library, self.plugins)
        for notice in studio.notices.all:  # what the opening brought to light
            output.hint(f"{notice.message} {notice.hint}".strip())
        try:
            yield studio
        finally:
            studio.close()

    @contextmanager
    def _beside(self, studio: Studio) -> Iterator[None]:
        """Take jobs of other terminals while this one has the studio, and end when these are."""
        if not self.saves:  # with a library that is thrown away it is not the studio of this home
            yield
            return
        from studio.terminals import Terminals

        terminals = Terminals(studio, lasting=False)
        try:
            try:
                yield
            except Exception:
                self._see_out(studio, terminals)
                raise
            self._see_out(studio, terminals)
        finally:
            terminals.close()

    def _see_out(self, studio: Studio, terminals: Terminals) -> None:
        terminals.stop_listening()
        if terminals.count:
            output.hint(
                "Another terminal's job is still running in this process, which ends with it. "
                "Ctrl+C stops that job."
            )
        while terminals.count:
            studio.pump(_PAUSE)

    @contextmanager
    def library(self, *, changes: bool, writes: bool = False) -> Iterator[Library]:
        """Open the library.

        Args:
            changes: Something in it is changed, if need be by the studio that is open.
            writes: All of it may be written: no other studio may have it.

        Raises:
            StudioError: It cannot be read.
        """
        if changes:
            with self.open_studio() as open_studio:
                if open_studio is not None:
                    yield open_studio.library
                    return
        from studio.library import Library

        with Library.open(self.paths, read_only=not (changes or writes)) as library:
            yield library

    @contextmanager
    def open_studio(self, *, lasting: bool = False) -> Iterator[OpenStudio | None]:
        """Reach the studio that is open on this home; None where there is none.

        Args:
            lasting: That of a command, which ends when that has done its job, will not do.
        """
        if (connection := self._connected(lasting)) is None:
            yield None
            return
        from studio.library import Library
        from studio.terminals import OpenStudio

        with closing(connection), Library.open(self.paths, read_only=True) as library:
            yield OpenStudio(connection, library, self.plugins, self.weights_manager, self.paths)

    def _connected(self, lasting: bool) -> Connection | None:
        """Return a connection to the open studio; None where there is none, or none of our kind."""
        if self.safe_mode or self.only:
            return None  # it has other plugins than this command wants
        from studio.plugins.discovery import SEARCH_PATH
        from studio.terminals.open_studio import connected

        try:
            return connected(self.paths, os.environ.get(SEARCH_PATH, ""), lasting=lasting)
        except StudioError as error:
            self._is_refused = True
            output.hint(f"{error.message} {error.hint}".strip())
            return None

    def tell_plugins(self, id: str = "", *, on: bool = False) -> None:
        """Have the open studio use the plugins as they are now, and say where it cannot.

        Args:
            id: One that the user has enabled or disabled; ``on`` says which.
        """
        from studio.terminals.open_studio import connected, tell_plugins

        try:
            if (connection := connected(self.paths)) is None:
                return
            with closing(connection):
                is_usable, reason = tell_plugins(connection, id, on)
        except StudioError as error:
            output.hint(f"{error.message} Restart the open window so that it follows.")
            return
        if on and not is_usable:
            output.hint(f"It is off in the open window. {reason}")
        elif reason and is_usable:
            output.hint(reason)

    @contextmanager
    def _writable(self, library: Library, *, passing: bool) -> Iterator[Library]:
        from studio.library import Library

        writer = library.health.writer
        if not (passing and writer):
            with library:
                yield library
            return
        library.close()
        self.saves = False
        with StudioPaths.throwaway() as paths:
            output.hint(
                f"Another studio (process {writer}) is using the library, so results cannot be "
                "saved there. --out FOLDER keeps copies."
            )
            yield Library.open(paths)


def must_be_alone(library: Library, why: str, hint: str) -> None:
    """Make sure that this command may write into the library.

    Args:
        why: What a studio that is open does with it, behind “Offline Studio is open and”.

    Raises:
        StudioError: A studio that does not listen has it, or it is damaged.
    """
    if library.health.writer:
        opened = f"Offline Studio is open (process {library.health.writer}) and {why}."
        raise StudioError(ErrorCode.BUSY, opened, hint)
    if library.read_only:
        raise library.health.error()
