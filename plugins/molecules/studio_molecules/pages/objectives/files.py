"""Profiles as files, the same that the command line takes: opened into the form, saved from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from studio.api import BadInput, PluginContext, StudioError
from studio_molecules.objectives import Profile, parse
from studio_molecules.pages.phrases import tr
from studio_molecules.pages.table.files import put

if TYPE_CHECKING:
    from studio_molecules.pages.page import MoleculePage

_MAX_BYTES = 1 << 20
_SUFFIXES = (".json",)


class ProfileFiles:
    """Asks for files; reads and writes beside the window."""

    def __init__(self, ctx: PluginContext, page: MoleculePage) -> None:
        self._ctx, self._page = ctx, page
        page.composer.profile.open_asked.connect(self.open)
        page.composer.profile.save_asked.connect(self.save)

    def open(self) -> None:
        """Ask for a profile and show it."""
        paths = self._ctx.ui.pick_files(tr("Open a profile"), _SUFFIXES)
        if paths:
            lead = self._page.composer.lead()
            self._ctx.run_later(lambda: read_profile(paths[0], lead), self._show)

    def _show(self, found: Profile | StudioError) -> None:
        if isinstance(found, StudioError):
            self._page.trouble.tell(found, self.open)
            return
        self._page.composer.profile.show_profile(found)
        if found.lead:
            self._page.composer.set_lead(found.lead)

    def save(self) -> None:
        """Ask where to, and write what is set."""
        composer = self._page.composer
        try:
            profile = composer.profile.profile(composer.lead())
        except StudioError as error:
            self._page.trouble.tell(error)
            return
        path = self._ctx.ui.save_file(tr("Save the profile"), "profile.json", _SUFFIXES)
        if path is not None:
            data = msgspec.json.format(msgspec.json.encode(profile), indent=2)
            self._ctx.run_later(lambda: put(path, data), lambda error: self._told(path, error))

    def _told(self, path: Path, error: StudioError | None) -> None:
        if error is not None:
            self._page.trouble.tell(error, self.save)
            return
        words = tr("The profile is in {name}.").format(name=path.name)
        self._ctx.notices.info(words, str(path.parent), key="molecules.profile")


def read_profile(path: Path, lead: str) -> Profile | StudioError:
    """Return the profile of a file, or why there is none; ``lead`` is what it may lack."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"“{path.name}” is too large to be a profile.")
        return parse(path.read_bytes(), lead)
    except StudioError as error:
        return error
    except OSError as error:
        return BadInput(f"“{path.name}” cannot be read: {error.strerror}.")
