"""Profiles as files, the same that the command line takes: opened into the form, saved from it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.api import BadInput, PluginContext, StudioError, TroubleRow, outcome, read_regular
from studio.api.window.language import tr
from studio_molecules.objectives import Profile, parse
from studio_molecules.pages.composer import Composer
from studio_molecules.pages.table.files import put

_MAX_BYTES = 1 << 20
_SUFFIXES = (".json",)


class ProfileFiles:
    """Asks for files; reads and writes beside the window."""

    def __init__(self, ctx: PluginContext, composer: Composer, trouble: TroubleRow) -> None:
        self._ctx, self._composer, self._trouble = ctx, composer, trouble
        composer.profile.open_asked.connect(self.open)
        composer.profile.save_asked.connect(self.save)

    def open(self) -> None:
        """Ask for a profile and show it."""
        paths = self._ctx.ui.pick_files(tr("Open a profile"), _SUFFIXES)
        if paths:
            lead = self._composer.lead()
            self._ctx.run_later(lambda: outcome(lambda: read_profile(paths[0], lead)), self._show)

    def _show(self, result: Profile | StudioError) -> None:
        if isinstance(result, StudioError):
            self._trouble.tell(result, self.open)
            return
        self._composer.profile.show_profile(result)
        if result.lead:
            self._composer.set_lead(result.lead)

    def save(self) -> None:
        """Ask for a path and write the profile."""
        try:
            profile = self._composer.profile.profile(self._composer.lead())
        except StudioError as error:
            self._trouble.tell(error)
            return
        data = msgspec.json.format(msgspec.json.encode(profile), indent=2)
        self._ctx.kit.save_as(
            tr("Save the profile"),
            "profile.json",
            _SUFFIXES,
            lambda path: put(path, data),
            trouble=self._trouble,
            said=self._said,
        )

    def _said(self, path: Path, _nothing: None) -> None:
        words = tr("Profile saved to {name}.").format(name=path.name)
        self._ctx.notices.info(words, str(path.parent), key="molecules.profile")


def read_profile(path: Path, lead: str) -> Profile:
    """Read the profile of a file; ``lead`` is the default for a missing lead.

    Raises:
        StudioError: It is no profile, or cannot be read.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"“{path.name}” is too large to be a profile.")
        return parse(read_regular(path), lead)
    except OSError as error:
        raise BadInput(f"“{path.name}” cannot be read: {error.strerror}.") from error
