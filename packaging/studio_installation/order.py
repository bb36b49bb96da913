"""The order that the command or the window carries out: install, repair or uninstall."""

from __future__ import annotations

from dataclasses import dataclass

from studio_installation import installer, removal, repair
from studio_installation.payload import Payload, Progress
from studio_installation.places import Place, Release
from studio_installation.words import tr


@dataclass(frozen=True)
class Order:
    """A request to install, repair or uninstall, ready to be carried out.

    Attributes:
        verb: ``install``, ``repair`` or ``uninstall``; ``leave`` is sent by the package manager.
        place: Folder of the installation.
        payload, release: Files and version of the installer; None when run by an installed studio.
    """

    verb: str
    place: Place
    payload: Payload | None = None
    release: Release | None = None

    def carry_out(self, progress: Progress) -> str:
        """Carry out the order and return a sentence that reports the outcome.

        Raises:
            Problem: The order failed.
            Stopped: ``progress`` raised it.
        """
        prefix = self.place.prefix
        if self.verb in ("uninstall", "leave"):
            removal.uninstall(self.place, progress, packaged=self.verb == "leave")
            return tr("Offline Studio is uninstalled. Your library stays in {folder}.").format(
                folder=removal.library_folder()
            )
        if self.verb == "repair":
            n = repair.repair(self.place, self.payload, progress)
            if n:
                if n == 1:
                    return tr("One file was damaged. It was restored.")
                return tr("{n} files were damaged. They were restored.").format(n=n)
            return tr("No file is damaged.")
        assert self.payload is not None
        assert self.release is not None
        installer.install(self.place, self.payload, self.release, progress)
        return tr("Offline Studio {version} is installed in {folder}.").format(
            version=self.release.version, folder=prefix
        )
