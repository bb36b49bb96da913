"""Lays what goes wrong in the window at the plugin it is of, and says so. Stops none by itself:
``PluginHost`` counts."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject

from studio.base.notices import Action, Level, Notice
from studio.desktop.appearance.language import declared
from studio.desktop.plugin_dialogs import Ended, PluginDialogs
from studio.desktop.window.page_spec import PageSpec
from studio.plugins.blame import Culprit
from studio.plugins.crash_journal import OpenPage
from studio.protocol.errors import StudioError
from studio.studio import Studio

_log = logging.getLogger("studio.desktop.plugin_faults")
HELD_SECONDS = 2.0
"""A slot that takes longer is named."""
OURS_HELD_SECONDS = 5.0
"""The same for the studio's own pages: a slow disk alone is nobody's fault."""
LONGEST_SECONDS = 30.0
"""A slot of a plugin by others that takes longer is ended: people begin to kill the window."""


class HeldTooLong(Exception):
    """Raised inside a slot that keeps the window from responding."""

    def __str__(self) -> str:
        return f"it froze the window for {LONGEST_SECONDS:g} seconds"


class PluginFaults(QObject):
    """Faults of plugins in the window: exceptions, hangs, crashes.

    Attributes:
        last: The plugin code active when the last session crashed; None if it did not.
    """

    def __init__(
        self,
        studio: Studio,
        show: Callable[[Notice], None],
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        """``show``: a notice of the window; ``post``: runs a call on the window's thread, soon."""
        super().__init__()
        self._host, self._notices, self._show, self._post = (
            studio.plugins,
            studio.notices,
            show,
            post,
        )
        self._blame = self._host.blame()
        self._dialogs = PluginDialogs(self._owner, self._host.title, self._stop)
        self._host.on_change(self._learn)
        self._watch_dialogs()
        self._page: OpenPage | None = None
        self._in_view = ""
        self.last = self._host.journal.take_page()

    def lay(self, error: BaseException) -> bool:
        """Lay an exception that nobody caught at its plugin; False if it is not of one.

        Called on any thread.
        """
        if isinstance(error, Ended):  # as was asked for
            return True
        culprit = self._blame.of_error(error)
        if culprit is None:
            return False
        # Later: it may switch the plugin off, whose code is still on the stack.
        self._post(lambda: self._record(culprit, error))
        return True

    def held(self, seconds: float, stack: traceback.StackSummary) -> None:
        """Take in that the window stands still; called on the watchdog's thread."""
        trace = "".join(stack.format())
        _log.warning("The window has been standing still for %.1f s:\n%s", seconds, trace)
        culprit = self._blame.of_stack(stack)
        if culprit is None or self._host.plugin(culprit.plugin).shipped:
            began, page = time.monotonic() - seconds, self._in_view
            title = declared(self._host.plugin(culprit.plugin).title) if culprit else page
            self._post(lambda: self._we_held(title, began, trace))  # when it has ended
            return
        # The user may end a window that stands: what held it is known at the next start.
        title = self._page.title if self._page is not None else ""
        self._host.journal.note_page(OpenPage(culprit.plugin, title, culprit.where))
        self._post(lambda: self._was_held(culprit))

    def end_held(self, stack: traceback.StackSummary) -> type[BaseException] | None:
        """Return the exception to raise in a blocking third-party plugin; else None.

        Called on the watchdog's thread. The exception is recorded as any other of the plugin.
        """
        culprit = self._blame.of_stack(stack)
        ours = culprit is None or self._host.plugin(culprit.plugin).shipped
        return None if ours else HeldTooLong

    def page_opened(self, spec: PageSpec | None) -> None:
        """Note whose page is in view, for the case that the process ends in it."""
        page, self._in_view = None, spec.title if spec is not None else ""
        if spec is not None and spec.plugin_id and not self._host.plugin(spec.plugin_id).shipped:
            page = OpenPage(spec.plugin_id, spec.title)
        if page != self._page:
            self._page = page
            self._host.journal.note_page(page)

    def end_calls(self) -> bool:
        """End what plugins of others do right now, on this thread: the studio is to end.

        False if nothing of theirs is on the stack.
        """
        return self._dialogs.end()

    def close(self) -> None:
        """The studio ends as it should."""
        self._dialogs.watch(False)
        self._host.journal.note_page(None)

    def tell_death(self, report: str, copy: Callable[[str], None]) -> str:
        """Say that the last session died and of what; return the id of the plugin it died in.

        Args:
            report: What it left behind; may be empty.
            copy: Puts a text on the clipboard.
        """
        culprit = self._blame.of_report(report)
        if not report and self.last is None:
            return ""
        actions = []
        if report:
            actions.append(Action(self.tr("Copy report"), lambda: copy(report)))
        suspect = culprit.plugin if culprit else self.last.plugin if self.last else ""
        if self._is_known(suspect):
            actions.append(self._disable(suspect))
        notice = Notice(
            Level.WARN,
            self._last_words(culprit),
            self.tr("Your work was saved. The report stays on this machine.")
            if report
            else self.tr("Your work was saved."),
            actions=tuple(actions),
            plugin=suspect,
        )
        self._show(notice)
        return culprit.plugin if culprit else ""

    # --- inside -------------------------------------------------------------------------------

    def _learn(self) -> None:
        """Learn where the code of plugins lies that were installed since; end that of those that
        take part no longer, though the user may have said so in a terminal."""
        before, self._blame = self._blame, self._host.blame()
        self._watch_dialogs()
        usable = {plugin.id for plugin in self._host.usable()}
        gone = {id for id in before.plugins() if id not in usable}
        if gone:
            self._dialogs.end(gone)

    def _watch_dialogs(self) -> None:
        self._dialogs.watch(any(not (p.shipped or p.isolated) for p in self._host.usable()))

    def _owner(self, frame: FrameType) -> str:
        plugin = self._blame.of_file(frame.f_code.co_filename)
        is_ours = any(
            candidate.id == plugin and candidate.shipped for candidate in self._host.plugins
        )
        return "" if is_ours else plugin

    def _stop(self, plugin: str) -> None:
        self._host.give_up(plugin, "dialogs", self.tr("It opened one dialog after another."))

    def _last_words(self, culprit: Culprit | None) -> str:
        if culprit is not None:
            return self.tr(
                "Offline Studio closed unexpectedly last time, in the plugin {plugin} ({where})."
            ).format(plugin=self._host.title(culprit.plugin), where=culprit.where)
        last = self.last
        if last is None:
            return self.tr("Offline Studio closed unexpectedly last time.")
        if last.held_by:
            return self.tr(
                "Offline Studio closed unexpectedly last time, while the plugin {plugin} froze "
                "the window ({where})."
            ).format(plugin=self._host.title(last.plugin), where=last.held_by)
        return self.tr(
            "Offline Studio closed unexpectedly last time, while the page {page} of the plugin "
            "{plugin} was open."
        ).format(page=last.title, plugin=self._host.title(last.plugin))

    def _record(self, culprit: Culprit, error: BaseException) -> None:
        if isinstance(error, StudioError) and error.plugin:
            # Recorded where it was contained, and nobody told the user since.
            self._notices.error(error, key=f"plugin-{error.plugin}")
            return
        self._host.record_fault(culprit.plugin, f"function {culprit.where}", error)

    def _was_held(self, culprit: Culprit) -> None:
        self._host.journal.note_page(self._page)
        self._notices.warn(
            self.tr("The plugin {plugin} froze the window ({where}).").format(
                plugin=self._host.title(culprit.plugin), where=culprit.where
            ),
            self.tr("Disable it if this happens again."),
            key=f"held-{culprit.plugin}",
            actions=(self._disable(culprit.plugin),),
        )

    def _we_held(self, page: str, began: float, stack: str) -> None:
        seconds = time.monotonic() - began
        if not page or seconds < OURS_HELD_SECONDS:
            return
        words = self.tr("The {page} page froze for {seconds} seconds.")
        self._show(
            Notice(
                Level.WARN,
                words.format(page=page, seconds=round(seconds)),
                self.tr("If it happens again, press Copy report and send it to the developers."),
                details=stack,
                key=f"held-{page}",
            )
        )

    def _disable(self, plugin: str) -> Action:
        title = self.tr("Disable {title}").format(title=self._host.title(plugin))
        return Action(title, lambda: self._host.switch_off(plugin))

    def _is_known(self, plugin: str) -> bool:
        return any(candidate.id == plugin for candidate in self._host.plugins)
