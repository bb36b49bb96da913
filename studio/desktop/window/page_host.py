"""The middle of the window: builds pages when first opened. A broken one breaks nothing else."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from studio.api.window.context import Page
from studio.api.window.language import tr_filled
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.widgets.empty_states import ErrorState
from studio.desktop.widgets.page_skeleton import PageSkeleton
from studio.desktop.window.page_spec import PageSpec
from studio.protocol.errors import StudioError

_log = logging.getLogger("studio.desktop.pages")


class PageHost(QStackedWidget):
    """Holds the pages that were opened.

    Attributes:
        on_fault: Hears what a page did wrong: plugin id, doing what, the exception.

    Signals:
        opened: Id of the page that is now in view (also when it is broken).
    """

    opened = Signal(str)

    def __init__(self, look: Appearance, copy_report: Callable[[str], None]) -> None:
        super().__init__()
        self._look = look
        self._copy_report = copy_report
        self._specs: dict[str, PageSpec] = {}
        self._pages: dict[str, Page] = {}
        self._shown: dict[str, QWidget] = {}
        self._states: dict[str, Any] = {}
        self._current = ""
        self.on_fault: Callable[[str, str, BaseException], object] = lambda *fault: None
        self.skeleton: PageSkeleton | None = PageSkeleton(look)
        self._instead: QWidget = self.skeleton
        self.addWidget(self._instead)

    # --- what there is ------------------------------------------------------------------------

    def set_specs(self, specs: Sequence[PageSpec]) -> None:
        """Take the pages there are now; forgets those whose plugin is gone."""
        self._specs = {spec.id: spec for spec in specs}
        for page_id in [id for id in self._shown if id not in self._specs]:
            self._forget(page_id)

    def spec(self, page_id: str) -> PageSpec | None:
        """Return the specification of a page."""
        return self._specs.get(page_id)

    @property
    def current(self) -> str:
        """Id of the page in view; empty at the start."""
        return self._current

    def page(self, page_id: str = "") -> Page | None:
        """Return a page that was built (the one in view by default)."""
        return self._pages.get(page_id or self._current)

    def built(self) -> Mapping[str, Page]:
        """Return all pages that were built."""
        return dict(self._pages)

    # --- opening ------------------------------------------------------------------------------

    def open(self, page_id: str) -> Page | None:
        """Bring a page into view, building it the first time; None if it is broken or unknown."""
        spec = self._specs.get(page_id)
        if spec is None:
            return None
        self.prepare(page_id)
        self._keep_state(self._current)
        self._current = page_id
        widget = self._shown[page_id]
        if self.indexOf(widget) < 0:
            self.addWidget(widget)
        self.setCurrentWidget(widget)
        page = self._pages.get(page_id)
        if page is not None and page.focus is not None:
            self._guard(spec, "focus", page.focus)
        self.opened.emit(page_id)
        self._end_skeleton()  # may open another page: what was typed begins a conversation
        return page

    def focus_skeleton(self) -> None:
        """Focus the skeleton, so that it buffers typing until the first page is ready."""
        if self.skeleton is not None:
            self.skeleton.setFocus()

    def _end_skeleton(self) -> None:
        skeleton, self.skeleton = self.skeleton, None
        if skeleton is not None:
            skeleton.hand_over(self.window().focusWidget())

    def is_ready(self, page_id: str) -> bool:
        """Whether a page is built, or shown as broken."""
        return page_id in self._shown

    def prepare(self, page_id: str) -> None:
        """Build a page that was never open, out of view."""
        spec = self._specs.get(page_id)
        if spec is not None and page_id not in self._shown:
            self._build(spec)

    def drop(self, page_id: str) -> None:
        """Let go of a page that was built; the one in view is built anew, to say why."""
        was_in_view = page_id == self._current
        self._forget(page_id)
        if was_in_view:
            self.open(page_id)

    def retry(self, page_id: str) -> None:
        """Build a page anew."""
        self._forget(page_id)
        self.open(page_id)

    def show_instead(self, widget: QWidget) -> None:
        """Show something while there is no page to show."""
        old, self._instead = self._instead, widget
        self.addWidget(widget)
        self.setCurrentWidget(widget)
        self.removeWidget(old)
        if old is not self.skeleton:  # it may hold what was typed
            old.deleteLater()

    def _build(self, spec: PageSpec) -> None:
        try:
            page = spec.build()
            widget = page.widget
        except Exception as error:  # noqa: BLE001  the border to plugins: named and contained
            _log.error("The page %s could not be opened", spec.id, exc_info=error)
            widget = self._error_state(spec, error)
        else:
            self._pages[spec.id] = page
            self._restore(spec, page)
        self._shown[spec.id] = widget

    def _restore(self, spec: PageSpec, page: Page) -> None:
        state, restore = self._states.get(spec.id), page.restore_state
        if state is not None and restore is not None:
            self._guard(spec, "restore_state", lambda: restore(state))

    def _forget(self, page_id: str) -> None:
        self._keep_state(page_id)
        self._pages.pop(page_id, None)
        if self._current == page_id:
            self._current = ""
        widget = self._shown.pop(page_id, None)
        if widget is not None:
            self.removeWidget(widget)
            widget.deleteLater()

    def _error_state(self, spec: PageSpec, error: Exception) -> QWidget:
        whose = self.tr("The plugin {name}").format(name=spec.plugin) if spec.plugin else spec.title
        title = self.tr("{what} could not be opened").format(what=spec.title)
        if isinstance(error, StudioError):
            text, details = tr_filled(error), error.details
        else:
            text = self.tr(
                "{whose} failed: {error}. Everything else keeps working. Try again, or send the "
                "report to its author."
            ).format(whose=whose, error=tr_filled(error) or type(error).__name__)
            details = ""
        details = details or "".join(traceback.format_exception(error))
        report = f"{whose}, page {spec.id}\n{text}\n\n{details}"
        return ErrorState(
            self._look,
            title,
            text,
            (
                (self.tr("Try again"), "refresh-cw", lambda: self.retry(spec.id)),
                (self.tr("Copy report"), "clipboard-copy", lambda: self._copy_report(report)),
            ),
        )

    # --- state --------------------------------------------------------------------------------

    def load_states(self, states: Mapping[str, Any]) -> None:
        """Take the states of the last session; each is handed to its page when that is built."""
        self._states = dict(states)

    def states(self) -> dict[str, Any]:
        """Return the state of every page, asking those that are built."""
        for page_id in self._pages:
            self._keep_state(page_id)
        return dict(self._states)

    def _keep_state(self, page_id: str) -> None:
        page, spec = self._pages.get(page_id), self._specs.get(page_id)
        save = page.save_state if page is not None else None
        if save is None or spec is None:
            return

        def keep() -> None:
            state = save()
            msgspec.json.encode(state)  # what is no plain data would take all other pages along
            self._states[page_id] = state

        self._guard(spec, "save_state", keep)

    def _guard(self, spec: PageSpec, what: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  the border to plugins: named and contained
            _log.error("%s of the page %s failed", what, spec.id, exc_info=error)
            if spec.plugin_id:
                self.on_fault(spec.plugin_id, f"{what} of the page {spec.id}", error)
