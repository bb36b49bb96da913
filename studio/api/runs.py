"""How a page runs its tasks: the job at work, its button, and the modes of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from studio.api.jobs import JobHandle, JobRequest
from studio.api.params import Params
from studio.api.plot import Plot
from studio.api.results import TaskResult
from studio.api.stability import since
from studio.api.window.ui import ParamsForm
from studio.protocol.errors import StudioError

if TYPE_CHECKING:
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QPushButton, QWidget


@dataclass(frozen=True)
class Mode:
    """One thing that a page can do: a task, and what its button and its panel show.

    Attributes:
        verb: What its button says.
        own: Parameters that the page sets itself; the panel shows the others.
        capability: What its weights must be able to do; empty if it needs none.
        hint: A sentence about it.
        offered: It is another plugin's (``ModeEntry``): ``ModeForms.request`` starts it.
        given: Parameters that it always has; neither the panel nor the page sets them.
    """

    id: str
    title: str
    verb: str
    icon: str
    task: str
    params: type[Params]
    own: tuple[str, ...] = ()
    capability: str = ""
    hint: str = ""
    offered: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def only(self) -> tuple[str, ...]:
        """The parameters that the panel shows."""
        excluded = {*self.own, *self.given}
        return tuple(f.name for f in self.params.fields() if f.name not in excluded)


class RunController(Protocol):
    """Runs the jobs of a page: start, stop, retry, and event callbacks.

    The events of several jobs arrive one job after another, starting with the running job. Queued
    jobs outlive page and studio: the page receives their events once open again. No events follow
    after a job has ended or its page is gone. Any number of listeners.
    """

    @property
    def job(self) -> JobHandle | None:
        """The job at work, or the one that is to run next."""
        ...

    @property
    def waiting(self) -> Sequence[JobHandle]:
        """The jobs that wait behind that one, oldest first."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a job is running or queued, or a result is still loading."""
        ...

    @property
    def request(self) -> JobRequest | None:
        """What ``job`` was asked for, or the last one: the very object that was started."""
        ...

    @property
    def stopped(self) -> bool:
        """Whether the last job was stopped by the user."""
        ...

    def run(self, prepare: Callable[[], JobRequest | None] | None = None) -> None:
        """Start with what ``prepare`` returns, or add it to the queue.

        Args:
            prepare: Another one than the usual, as for "go on from here".
        """
        ...

    def run_or_stop(self) -> None:
        """Start a job, or stop the running one."""
        ...

    def start(self, request: JobRequest, again: Callable[[], None] | None = None) -> bool:
        """Start this, or add it to the queue if there is a button; return whether it was taken.

        Args:
            again: What "Try again" does after a failure; else the same request once more.
        """
        ...

    def retry(self) -> None:
        """Start the last request again."""
        ...

    def stop(self) -> None:
        """Stop at the next step; what waits follows."""
        ...

    def stop_all(self) -> None:
        """Stop, and take what waits out of the queue."""
        ...

    def on_start(self, call: Callable[[JobHandle], None]) -> None:
        """Call with each job before its other events."""
        ...

    def on_busy(self, call: Callable[[bool], None]) -> None:
        """Call when the first job began, and when none is left."""
        ...

    def on_progress(self, call: Callable[[float, float, str, float | None], None]) -> None:
        """Call with done, total, message, seconds left."""
        ...

    def on_text(self, call: Callable[[str, int, str], None]) -> None:
        """Call with new text, tokens so far, channel."""
        ...

    def on_preview(self, call: Callable[[QImage, str], None]) -> None:
        """Call with the picture as it is now, and a note."""
        ...

    @since("1.1")
    def on_plot(self, call: Callable[[Plot], None]) -> None:
        """Call with each chart of how it goes: of each title the last one counts."""
        ...

    def on_result(self, call: Callable[[TaskResult], None]) -> None:
        """Call with each result, on disk and read."""
        ...

    def on_done(self, call: Callable[[Mapping[str, Any]], None]) -> None:
        """Call with the task's return value, after all results."""
        ...

    def on_failed(self, call: Callable[[StudioError], None]) -> None:
        """Call if it failed, or was not taken."""
        ...

    def on_stopped(self, call: Callable[[], None]) -> None:
        """Call if the user stopped it, after all results."""
        ...

    def on_over(self, call: Callable[[], None]) -> None:
        """Call after it finished, failed or was stopped: last of all."""
        ...


class RunButton(Protocol):
    """The button that starts; while a job is at work it adds to the queue, or it stops."""

    @property
    def widget(self) -> QPushButton:
        """The widget to place on a page."""
        ...

    def set_verb(self, verb: str, icon: str, stop_tip: str = "") -> None:
        """Set label and icon; ``stop_tip`` describes the effect of stopping a job."""
        ...

    def show_busy(self, busy: bool) -> None:
        """Show Stop, or the verb: for a page whose jobs do not wait."""
        ...

    def show_adding(self, adding: bool, waiting: int = 0) -> None:
        """Show "Add to queue" with Stop beside it, or the verb; and how many jobs wait."""
        ...

    def on_press(self, call: Callable[[], None]) -> None:
        """Call when it is pressed."""
        ...

    def on_stop(self, call: Callable[[], None]) -> None:
        """Call when the button beside it is pressed that stops."""
        ...

    def on_menu(self, call: Callable[[QWidget], None]) -> None:
        """Call with the button where a menu is asked for: by what waits, and at Stop."""
        ...


class ModeForms(Protocol):
    """The modes of a page: a switch over it, and in the panel the form of the one that is on."""

    @property
    def widget(self) -> QWidget:
        """The switch."""
        ...

    @property
    def panel(self) -> QWidget:
        """The forms, one in view."""
        ...

    @property
    def mode(self) -> Mode:
        """The one that is on."""
        ...

    @property
    def form(self) -> ParamsForm:
        """Its form."""
        ...

    @property
    def forms(self) -> Mapping[str, ParamsForm]:
        """All forms by the id of their mode; each is made when it is first asked for."""
        ...

    @property
    def has_weights(self) -> bool:
        """Whether there are weights for the mode that is on."""
        ...

    @since("1.1")
    def request(self) -> JobRequest:
        """Return the job request of the active mode if it belongs to another plugin.

        Weights left to the studio are the best of those offered by the form.
        """
        ...

    def get(self, id: str) -> Mode | None:
        """Return a mode."""
        ...

    def of_task(self, task: str) -> Mode | None:
        """Return the mode that runs ``task``."""
        ...

    def choose(self, id: str) -> None:
        """Turn a mode on and tell it; one that is on, or that there is not, changes nothing."""
        ...

    def show_words(self, words: bool) -> None:
        """Show titles in the switch, or icons alone where there is little room."""
        ...

    def on_change(self, call: Callable[[Mode], None]) -> None:
        """Call with the mode that was turned on, by the user or by ``choose``."""
        ...

    def put_above(self, widget: QWidget, *modes: str) -> None:
        """Put something of the page's own above the forms, in view while one of ``modes`` is on."""
        ...

    def save_state(self) -> dict[str, Any]:
        """Return the values of all forms, as plain data."""
        ...

    def restore_state(self, state: object) -> None:
        """Show what ``save_state`` returned; bears anything else."""
        ...
