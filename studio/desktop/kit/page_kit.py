"""Makes the parts of pages for one plugin; implements ``studio.api.kit.Kit``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from studio.api import results as api_results
from studio.api import runs as api_runs
from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobRequest
from studio.api.roles import Role
from studio.api.stability import former_arguments
from studio.api.window.context import PluginContext
from studio.api.window.ui import ProgressRow, TroubleRow
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.kit.artifact_actions import ActionParts, ArtifactActions
from studio.desktop.kit.drop_target import Accepted, DropTarget
from studio.desktop.kit.handed_out import HandedOut
from studio.desktop.kit.kept_results import PageResults, StripLook
from studio.desktop.kit.machines.run_on import RunOn
from studio.desktop.kit.mode_forms import ModeForms
from studio.desktop.kit.model_offer import ModelOffer
from studio.desktop.kit.offered_modes import OfferedModes
from studio.desktop.kit.page_jobs import PageJobs
from studio.desktop.kit.pixels import image_of
from studio.desktop.kit.prompt_field import PromptField
from studio.desktop.kit.record_bar import RecordBar
from studio.desktop.kit.run_button import RunButton
from studio.desktop.kit.run_controller import RunController
from studio.desktop.kit.saved_copy import save_as
from studio.desktop.kit.weights_picker import WeightsPicker
from studio.library.provenance.exporter import Exporter


class PageKit:
    """What each part is for, and its arguments, are in ``studio.api.kit.Kit``."""

    def __init__(
        self,
        ctx: PluginContext,
        look: Appearance,
        jobs: PageJobs,
        exporter: Exporter,
        offered: OfferedModes,
    ) -> None:
        self._ctx, self._look, self._jobs, self._exporter = ctx, look, jobs, exporter
        self._offered = offered

    def run_controller(
        self,
        *,
        prepare: Callable[[], JobRequest | None] | None = None,
        button: api_runs.RunButton | None = None,
        progress: ProgressRow | None = None,
        trouble: TroubleRow | None = None,
        read: api_results.Read | None = None,
        owner: QWidget | None = None,
        name: str = "",
    ) -> RunController:
        """Return what runs the jobs of a page, or of a part of it."""
        return RunController(
            self._ctx,
            self._jobs,
            prepare=prepare,
            button=button,
            progress=progress,
            trouble=trouble,
            read=read,
            owner=owner,
            name=name,
        )

    def run_button(self, verb: str, icon: str = "play", *, keys: str = "Ctrl+Return") -> RunButton:
        """Return a button that starts and stops."""
        button = RunButton(self._look, verb, icon, keys)
        button.put_beside(RunOn(self._look, self._jobs.place))
        return button

    def modes(self, name: str, modes: Sequence[api_runs.Mode], *, kind: str = "") -> ModeForms:
        """Return the switch and the forms of some modes, and of those offered for ``kind``."""
        forms = ModeForms(self._ctx, name, modes, self._offered.modes(kind))
        self._jobs.place.weights = forms.weights
        return forms

    def results(
        self,
        key: str,
        *,
        name: str,
        most: int = 100,
        read: api_results.Read | None = None,
        thumbnail: Callable[[SavedArtifact], QImage] | None = None,
        paint: Callable[[QPainter, api_results.TaskResult, bool], None] | None = None,
        size: tuple[int, int] = (64, 64),
        describe: Callable[[api_results.TaskResult], str] | None = None,
        file_name: Callable[[api_results.TaskResult], str] | None = None,
    ) -> PageResults:
        """Return the results that a page keeps."""
        shown = StripLook(name, thumbnail, paint, size, describe, file_name)
        return PageResults(self._ctx, self._look, key, most, read, shown, HandedOut(self._exporter))

    def artifact_actions(
        self,
        current: Callable[[], api_results.TaskResult | None],
        *,
        trouble: TroubleRow,
        results: api_results.PageResults | None = None,
        show: Callable[[str], None] | None = None,
        changed: Callable[[api_results.TaskResult], None] | None = None,
        export: Callable[[SavedArtifact, Path], Any] | None = None,
        suffixes: Sequence[str] = (),
        clip: Callable[[SavedArtifact], Any] | None = None,
        page: str = "",
    ) -> ArtifactActions:
        """Return the actions on the result that ``current`` returns."""
        parts = ActionParts(current, trouble, results, show, changed, export, suffixes, clip, page)
        return ArtifactActions(self._ctx, parts, HandedOut(self._exporter))

    @former_arguments("studio.api.kit.Kit.save_as")
    def save_as(
        self,
        title: str,
        name: str,
        suffixes: Sequence[str],
        write: Callable[[Path], Any],
        *,
        trouble: TroubleRow,
        done: Callable[[Path, Any], None] | None = None,
    ) -> None:
        """Ask where to, and let ``write`` write there beside the window."""
        save_as(self._ctx, title, name, suffixes, write, trouble=trouble, done=done)

    def labelled(self, artifact: str, write: Callable[[Path], Any]) -> Callable[[Path], Any]:
        """Return a ``write`` after which the file says how it was made."""
        exporter = self._exporter
        disclosure = exporter.disclosure

        def labelling(path: Path) -> Any:
            if not exporter.has(artifact):
                return write(path)
            answers: list[Any] = []
            exporter.to_file(artifact, path, disclosure, lambda copy: answers.append(write(copy)))
            return answers[0]

        return labelling

    def drop_target(
        self,
        page: QWidget,
        title: str,
        *,
        trouble: TroubleRow | None = None,
        files: Callable[[list[Path]], None],
        suffixes: Sequence[str] = (),
        folders: bool = False,
        many: bool = True,
        image: Callable[[QImage], None] | None = None,
        text: Callable[[str], None] | None = None,
        nothing: str = "",
    ) -> DropTarget:
        """Accept drops anywhere on ``page``."""
        accepted = Accepted(files, suffixes, folders, many, image, text)
        return DropTarget(self._ctx.ui, self._look, page, title, accepted, trouble, nothing)

    def prompt_field(
        self,
        name: str,
        *,
        placeholder: str = "",
        lines: tuple[int, int] = (1, 8),
        max_chars: int = 0,
        mono: bool = False,
        wrap: bool = True,
        boxed: bool = False,
    ) -> PromptField:
        """Return a field to ask in."""
        family = self._look.fonts.mono().family() if mono else ""
        field = PromptField(name, placeholder, lines, max_chars, family, wrap)
        if not boxed:
            self._ctx.ui.wear(field, Role.PLAIN)
        return field

    def weights_picker(
        self, capability: str, *, prefer: str = "", key: str = "", remark: str = ""
    ) -> WeightsPicker:
        """Return a choice of weights."""
        return WeightsPicker(self._ctx, capability, prefer, key, remark, self._jobs.place)

    def model_offer(self) -> ModelOffer:
        """Return a line that offers a better language model."""
        return ModelOffer(self._ctx, self._jobs.studio)

    def record_bar(self, done: str, icon: str, *, longest: float = 300) -> RecordBar:
        """Return a row for a recording."""
        return RecordBar(self._ctx, done, icon, longest)

    def image_of(self, pixels: Any) -> QImage:
        """Return an (H, W, 3 or 4) uint8 buffer as a picture; null for any other shape."""
        return image_of(pixels)
