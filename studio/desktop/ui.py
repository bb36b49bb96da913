"""The window's building blocks for pages; implements ``studio.api.window.ui.Ui``. Hands out no
window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QRect, QRectF, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QDesktopServices,
    QFont,
    QGuiApplication,
    QIcon,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QFileDialog, QLabel, QMenu, QPushButton, QToolButton, QWidget

from studio.api.artifacts import SavedArtifact
from studio.api.params import Params
from studio.api.plot import Plot
from studio.api.roles import Role
from studio.api.weights import WeightsView
from studio.api.window.ui import BlockAction, Tokens
from studio.desktop.appearance.appearance import Appearance, restyle
from studio.desktop.forms import Chosen, RunLater, at_once, unwatched
from studio.desktop.forms.form import FormServices, ParamsFormWidget
from studio.desktop.plot.chart import chart_of
from studio.desktop.plot.view import PlotView
from studio.desktop.prose.formulas import Formulas
from studio.desktop.prose.highlight import Run, color_of, highlight
from studio.desktop.prose.plain_view import PlainView
from studio.desktop.prose.prose_view import ProseView
from studio.desktop.widgets.elided import ElidedLabel
from studio.desktop.widgets.empty_states import EmptyState
from studio.desktop.widgets.flow_layout import flow_row
from studio.desktop.widgets.job_rows import ProgressRow, TroubleRow
from studio.desktop.widgets.level_meter import LevelMeter
from studio.desktop.widgets.no_wheel import NoWheelComboBox
from studio.desktop.widgets.popup_corners import cut_corners
from studio.desktop.widgets.switch_bar import SwitchBar
from studio.desktop.widgets.wave import Wave
from studio.desktop.window.confirmation import show_confirm, show_link
from studio.desktop.window.page_spec import PageSpec
from studio.library import Record


class WindowUi:
    """Widgets and services for building pages.

    Attributes:
        open_page: For the studio's own pages: open a page by its id.
        pages: Same: all pages, in the order of the rail.
        run_example: Same: open a page and have it make its example.
        show_jobs: Open the list of all jobs.
        show_artifact: Show a result in the library.
        view_artifact: Pass on a viewer or player for a result, once loaded.
        send_to: For the studio's own pages: (title, action) for each page accepting an artifact.
        reuse: Same: fill the page of a record's task with its settings, or all but the seed.
        chosen: Records the files passed to a dialog or a form.
        actions_on: Same: (title, icon, call) for each plugin action on an artifact.
    """

    def __init__(
        self,
        look: Appearance,
        window: QWidget,
        weights: WeightsView,
        open_models: Callable[[], None],
        run: RunLater = at_once,
    ) -> None:
        self.look = look
        self._window = window
        self._formulas = Formulas(run)
        self.open_page: Callable[[str], bool] = lambda page: False
        self.pages: Callable[[], Sequence[PageSpec]] = tuple
        self.run_example: Callable[[PageSpec], None] = lambda page: None
        self.show_jobs: Callable[[], None] = lambda: None
        self.show_artifact: Callable[[SavedArtifact], None] = lambda artifact: None
        self.view_artifact: Callable[[SavedArtifact, Callable[[QWidget], None]], None] = (
            lambda artifact, then: None
        )
        self.send_to: Callable[[SavedArtifact], Sequence[tuple[str, Callable[[], None]]]] = (
            lambda artifact: ()
        )
        self.reuse: Callable[[Record, Sequence[str], bool], None] = lambda *of_what: None
        self.actions_on: Callable[
            [SavedArtifact], Sequence[tuple[str, str, Callable[[], None]]]
        ] = lambda artifact: ()
        self.chosen: Chosen = unwatched
        chosen: Chosen = lambda paths, **how: self.chosen(paths, **how)  # noqa: E731
        self._services = FormServices(weights, self._pick_one, open_models, run, chosen)

    # --- the theme ----------------------------------------------------------------------------

    @property
    def tokens(self) -> Tokens:
        """The theme in force."""
        return self.look.theme.tokens

    def on_theme(self, call: Callable[[Tokens], None]) -> Callable[[], None]:
        """Call after each change of theme; returns the function that ends it."""

        def changed() -> None:
            call(self.tokens)

        def ended() -> None:
            self.look.theme.changed.disconnect(changed)

        self.look.theme.changed.connect(changed)
        return ended

    def icon(self, name: str, color: str = "text") -> QIcon:
        """Return a Lucide icon in a token's colour; it follows the theme."""
        return self.look.icons.icon(name, color, on="accent")

    def mono(self) -> QFont:
        """Return the font for code and figures."""
        return self.look.fonts.mono()

    # --- controls -----------------------------------------------------------------------------

    def wear(self, widget: QWidget, *roles: Role) -> None:
        """Style a widget by its roles."""
        for role in roles:
            restyle(widget, *role.value)

    def show_invalid(self, field: QWidget, invalid: bool) -> None:
        """Show whether a field holds what cannot be."""
        restyle(field, "bad", invalid)

    def label(self, text: str = "", role: Role | None = None, *, wrap: bool = False) -> QLabel:
        """Return a label of plain text."""
        return self.look.label(text, role.value[1] if role is not None else "", wrap=wrap)

    def elided_label(
        self, text: str = "", role: Role | None = None, *, right: bool = False
    ) -> ElidedLabel:
        """Return a line that ends in … where it has no room."""
        label = ElidedLabel(text, role.value[1] if role is not None else "")
        if right:
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return label

    def combo_box(self) -> NoWheelComboBox:
        """Return a choice from a list that no passing wheel turns."""
        return NoWheelComboBox()

    def button(
        self,
        text: str,
        icon: str = "",
        *,
        primary: bool = False,
        tip: str = "",
        dense: bool = False,
    ) -> QPushButton:
        """Return a push button."""
        kind = "primary" if primary else ""
        return self.look.button(text, icon, kind=kind, small=dense, tip=tip)

    def icon_button(self, icon: str, tip: str) -> QToolButton:
        """Return a flat button; ``tip`` is its accessible name too."""
        return self.look.icon_button(icon, tip)

    def menu(self, parent: QWidget | None = None) -> QMenu:
        """Return an empty menu in the house style."""
        return Menu(parent or self._window)

    def form(self, params: type[Params], *, only: Sequence[str] = ()) -> ParamsFormWidget:
        """Return the parameter form of ``params``."""
        return ParamsFormWidget(self.look, params, self._services, only)

    def progress_row(self, *, stop: bool = True, words: Callable[[str], str] = str) -> ProgressRow:
        """Return a row that shows how a job goes; hidden until it follows one."""
        return ProgressRow(self.look, stop=stop, words=words)

    def trouble_row(self) -> TroubleRow:
        """Return an initially hidden row for error messages."""
        return TroubleRow(self.look)

    def switch_bar(
        self, name: str, choices: Sequence[tuple[str, str, str]], *, words: bool = True
    ) -> SwitchBar:
        """Return a row of buttons of which one is down."""
        return SwitchBar(self.look, name, choices, words=words)

    def flow_row(self, widgets: Sequence[QWidget]) -> QWidget:
        """Put widgets side by side, in as many lines as they need."""
        return flow_row(widgets)

    def prose_view(
        self,
        *,
        on_link: Callable[[str], None] | None = None,
        block_actions: Sequence[BlockAction] = (),
    ) -> ProseView:
        """Return a view of Markdown that may grow while it is written."""
        return ProseView(self, self._formulas, on_link=on_link, block_actions=block_actions)

    def plain_view(self) -> PlainView:
        """Return a view of text as it was written."""
        return PlainView(self)

    def plot_view(self, plot: Plot, name: str = "") -> PlotView:
        """Return a view of a chart that may change."""
        return PlotView(self.look, chart_of(plot), name)

    def wave(self, color: str = "kind-audio") -> Wave:
        """Return a view of a sound's wave."""
        return Wave(self.look, color)

    def level_meter(self, tip: str) -> LevelMeter:
        """Return a small meter."""
        return LevelMeter(self.look, tip)

    def highlight(self, lines: Sequence[str], language: str) -> list[list[Run]]:
        """Return the coloured runs of each line; needs no window."""
        return highlight(lines, language)

    def code_color(self, token: str) -> str:
        """Return the colour of ``tokens`` for a token type of Pygments, or nothing."""
        return color_of(token)

    def paint_box(
        self,
        widget: QWidget,
        exposed: QRect,
        box: QRectF,
        radius: float,
        fill: str,
        line: str = "",
        width: float = 1,
    ) -> None:
        """Draw a rounded box on ``widget`` in colours of ``tokens``."""
        color = self.look.theme.color
        paint_box(widget, exposed, box, radius, color(fill), color(line) if line else None, width)

    def empty_state(
        self,
        icon: str,
        title: str,
        text: str,
        examples: Sequence[tuple[str, str, Callable[[], None]]] = (),
    ) -> QWidget:
        """Return a placeholder for an empty page."""
        return EmptyState(self.look, icon, title, text, examples)

    # --- asking -------------------------------------------------------------------------------

    def pick_files(
        self, title: str, suffixes: Sequence[str] = (), *, many: bool = False
    ) -> list[Path]:
        """Ask for existing files; empty when the user declined."""
        ask = QFileDialog.getOpenFileNames if many else QFileDialog.getOpenFileName
        chosen, _ = ask(self._window, title, "", _filter(suffixes))
        names = chosen if isinstance(chosen, list) else [chosen]
        paths = [Path(name) for name in names if name]
        self.chosen(paths)
        return paths

    def pick_folder(self, title: str) -> Path | None:
        """Ask for an existing folder; None when the user declined."""
        name = QFileDialog.getExistingDirectory(self._window, title)
        self.chosen([name] if name else [])
        return Path(name) if name else None

    def save_file(self, title: str, name: str, suffixes: Sequence[str] = ()) -> Path | None:
        """Ask where to write; None when the user declined."""
        kinds = ";;".join(_named(suffix) for suffix in suffixes)
        chosen, kind = QFileDialog.getSaveFileName(self._window, title, name, kinds)
        if not chosen:
            return None
        path, proposed = Path(chosen), Path(name).suffix
        own = next((suffix for suffix in suffixes if kind == _named(suffix)), "")
        if own not in ("", suffixes[0]) and path.suffix == proposed:
            return path.with_suffix(own)  # another format was picked, and the name left as it was
        return path if path.suffix or not own else path.with_name(path.name + own)

    def confirm(
        self, title: str, text: str, button: str, run: Callable[[], None], *, danger: bool = False
    ) -> None:
        """Ask before something is done; ``run`` is called only on the button."""
        show_confirm(self.look, self._window, title, text, button, run, danger)

    def copy(self, text: str) -> None:
        """Put text on the clipboard."""
        QGuiApplication.clipboard().setText(text)

    def open_link(self, url: str) -> None:
        """Show an http(s) address and let the user open or copy it; never opens by itself."""
        address = QUrl(url, QUrl.ParsingMode.StrictMode)
        if address.isValid() and address.scheme() in ("http", "https"):
            show_link(
                self.look,
                self._window,
                address.toDisplayString(),
                copy=lambda: self.copy(
                    address.toString(QUrl.ComponentFormattingOption.FullyEncoded)
                ),
                open_it=lambda: QDesktopServices.openUrl(address),
            )

    def _pick_one(self, title: str, suffixes: Sequence[str], folder: bool) -> Path | None:
        if folder:
            return self.pick_folder(title)
        files = self.pick_files(title, suffixes)
        return files[0] if files else None


def _named(suffix: str) -> str:
    """Return a format as a line of the dialog: ``SDF (*.sdf)``."""
    tr = QCoreApplication.translate
    names = {
        ".txt": tr("formats", "Text"),
        ".srt": tr("formats", "Subtitles, SRT"),
        ".vtt": tr("formats", "Subtitles, WebVTT"),
    }
    return f"{names.get(suffix, suffix.lstrip('.').upper())} (*{suffix})"


def _filter(suffixes: Sequence[str]) -> str:
    return f"({' '.join('*' + suffix for suffix in suffixes)})" if suffixes else ""


class Menu(QMenu):
    """See-through at its corners; needs flags that only hold before it is first shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint, True)
        self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint, True)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground, True)
        self.setToolTipsVisible(True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        cut_corners(self)


def paint_box(
    widget: QWidget,
    exposed: QRect,
    box: QRectF,
    radius: float,
    fill: QColor,
    line: QColor | None = None,
    width: float = 1,
) -> None:
    """Draw a rounded box on ``widget``.

    Filling a large rounded path is slow, and of a tall card a scrolled frame shows a strip: the box
    is cut to that strip and its new corners fall outside of it.

    Args:
        exposed: What is to be painted.
        line: Colour of its edge; None draws none.
    """
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(line, width) if line is not None else Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.setClipRect(exposed)
    beyond = 2 * radius
    strip = QRectF(exposed).adjusted(0, -beyond, 0, beyond)
    strip.setLeft(box.left())
    strip.setRight(box.right())
    painter.drawRoundedRect(box.intersected(strip), radius, radius)
