"""Makes the parts that a page is put together from. Qt appears in types only.

Each part takes what it needs and none knows the page: a page makes the parts it wants, lays out
their widgets and listens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from studio.api.artifacts import SavedArtifact
from studio.api.intake import DropTarget, ModelOffer, PromptField, RecordBar, WeightsPicker
from studio.api.jobs import JobRequest
from studio.api.results import ArtifactActions, PageResults, Read, TaskResult
from studio.api.runs import Mode, ModeForms, RunButton, RunController
from studio.api.stability import since
from studio.api.window.ui import ProgressRow, TroubleRow

if TYPE_CHECKING:
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtWidgets import QWidget


class Kit(Protocol):
    """Makes the parts for one plugin."""

    def run_controller(
        self,
        *,
        prepare: Callable[[], JobRequest | None] | None = None,
        button: RunButton | None = None,
        progress: ProgressRow | None = None,
        trouble: TroubleRow | None = None,
        read: Read | None = None,
        owner: QWidget | None = None,
        name: str = "",
    ) -> RunController:
        """Return what runs the jobs of a page, or of a part of it.

        Args:
            prepare: Returns what is set; what is missing it raises as a ``StudioError``, which
                ``trouble`` tells. None: there is nothing to do.
            button: Starts; while a job is at work it adds to the queue, with Stop beside it.
                Without one a second start is refused meanwhile.
            progress: Follows each job.
            trouble: Says what failed, with "Try again". Without it, and without ``on_failed``, a
                failure becomes a notice.
            read: Reads each result beside the window before it is told.
            owner: Nothing is told any more once it is gone, nor once a row or the button is.
            name: What its queued jobs are found by after a restart; needed where several run
                controllers of a plugin have a button.
        """
        ...

    def run_button(self, verb: str, icon: str = "play", *, keys: str = "Ctrl+Return") -> RunButton:
        """Return a button that starts and stops; ``run_controller`` takes it.

        Args:
            keys: What its tip says can be pressed instead.
        """
        ...

    def modes(self, name: str, modes: Sequence[Mode], *, kind: str = "") -> ModeForms:
        """Return the switch and the forms of some modes; the first one is on.

        Args:
            name: What the switch chooses, for those who hear it.
            kind: What the page shows results of; behind its own stand the modes that other plugins
                offer for that kind, while there are weights for them (``Mode.offered``).
        """
        ...

    def results(
        self,
        key: str,
        *,
        name: str,
        most: int = 100,
        read: Read | None = None,
        thumbnail: Callable[[SavedArtifact], QImage] | None = None,
        paint: Callable[[QPainter, TaskResult, bool], None] | None = None,
        size: tuple[int, int] = (64, 64),
        describe: Callable[[TaskResult], str] | None = None,
        file_name: Callable[[TaskResult], str] | None = None,
    ) -> PageResults:
        """Return the results that a page keeps; fill it with ``load``.

        Args:
            key: The setting that they are written to.
            name: What the strip holds, for those who hear it.
            most: The oldest beyond so many leave the strip.
            thumbnail: Reads a picture of one beside the window, for the strip to fit and to star.
            paint: Draws one in a rectangle of ``size``, on the window's thread, in place of
                ``thumbnail``; the last argument says whether it is the marked one.
            describe: What one is, in a line.
            file_name: What the copy of its file is called when it is dragged out; else the file
                itself is.
        """
        ...

    def artifact_actions(
        self,
        current: Callable[[], TaskResult | None],
        *,
        trouble: TroubleRow,
        results: PageResults | None = None,
        show: Callable[[str], None] | None = None,
        changed: Callable[[TaskResult], None] | None = None,
        export: Callable[[SavedArtifact, Path], Any] | None = None,
        suffixes: Sequence[str] = (),
        clip: Callable[[SavedArtifact], Any] | None = None,
        page: str = "",
    ) -> ArtifactActions:
        """Return the actions on the result that ``current`` returns.

        Args:
            results: The list that holds the result; binned or removed ones are dropped from it.
            show: Shows another result by its id; empty if none is left.
            changed: Redraws a result after its star changed.
            export: Writes a result to a path, in the background; by default its file is copied.
            suffixes: The suffixes that ``export`` supports, the default one first.
            clip: Returns the clipboard content of ``copy``, a text or a ``QImage``; runs in the
                background. By default the text of the artifact, if any.
            page: The title of the page itself, which is excluded as a target.
        """
        ...

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
        """Ask where to, and let ``write`` write there beside the window.

        A name without an ending gets that of ``name``. An error is told with "Try again".

        Args:
            done: Called with the path and what ``write`` returned; else a notice tells.
        """
        ...

    @since("1.1")
    def labelled(self, artifact: str, write: Callable[[Path], Any]) -> Callable[[Path], Any]:
        """Return a ``write`` for ``save_as`` after which the file says how it was made.

        It says as much as the user chose for exported files. ``artifact_actions`` does so by
        itself.

        Args:
            artifact: Id of the result that the file is made from; empty, or of one that is gone:
                nothing is said.
            write: Writes to the path it gets. Where it writes nothing, nothing is said either.
        """
        ...

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
        """Accept drops anywhere on ``page``, except for drags from it.

        Args:
            title: Title of the file dialog, and text of the overlay during a drag.
            files, image, text: Handlers of the formats; the first that fits is called.
            suffixes: Accepted file suffixes, in lower case; all if empty.
            folders: Whether folders are accepted, too.
            many: Whether more than one file may be picked.
            nothing: Message in ``trouble`` if the clipboard holds nothing usable.
        """
        ...

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
        """Return a field to ask in.

        Args:
            name: What it is, for those who hear it.
            lines: How high it is at least and at most; beyond that it scrolls.
            max_chars: A paste that makes it longer is refused whole; 0 for any length.
            boxed: Whether it has a box of its own, where it stands in no ``COMPOSER``.
        """
        ...

    def weights_picker(
        self, capability: str, *, prefer: str = "", key: str = "", remark: str = ""
    ) -> WeightsPicker:
        """Return a choice of weights.

        Args:
            prefer: A further capability: those that have it come first, and sets that have it are
                offered in the menu.
            key: The setting that keeps the choice; without it the page does.
            remark: Added to the tip while there are no weights with ``prefer``.
        """
        ...

    @since("1.1")
    def model_offer(self) -> ModelOffer:
        """Return a line that is there where a weak language model answers, with a better one."""
        ...

    @since("1.1")
    def record_bar(self, done: str, icon: str, *, longest: float = 300) -> RecordBar:
        """Return a row that is there while the microphone listens.

        Args:
            done: What the button says that takes the recording.
            longest: Seconds after which it ends by itself.
        """
        ...

    def image_of(self, pixels: Any) -> QImage:
        """Return an (H, W, 3 or 4) uint8 buffer as a picture; null for any other shape."""
        ...
