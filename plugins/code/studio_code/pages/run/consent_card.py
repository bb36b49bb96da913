"""Card before the first run in a folder: capabilities of the code, limits of the sandbox."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from studio.api import PluginContext, Role
from studio.api.window.language import tr
from studio_code.pages.evidence.phrases import tier_words
from studio_code.pages.run.capability_scan import Capabilities, Capability
from studio_code.pages.run.sandbox_status import SandboxStatus


class ConsentCard(QFrame):
    """Asks once.

    Signals:
        agreed: Run it.
        declined: Do not.
    """

    agreed = Signal()
    declined = Signal()

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        ctx.ui.wear(self, Role.CARD)
        self.setAccessibleName(tr("Before this runs"))
        title = ctx.ui.label(tr("Before this runs for the first time"), Role.HEADING, wrap=True)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setWordWrap(True)
        self.sandbox = ctx.ui.label("", Role.SMALL, wrap=True)
        self.run = ctx.ui.button(tr("Run in a sandbox"), "shield-check", primary=True)
        self.run.clicked.connect(lambda: self.agreed.emit())
        no = ctx.ui.button(tr("Not now"))
        no.clicked.connect(lambda: self.declined.emit())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.run)
        row.addWidget(no)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(title)
        column.addWidget(self.words)
        column.addWidget(self.sandbox)
        column.addLayout(row)

    def ask(self, name: str, wants: Capabilities, sandbox: SandboxStatus) -> None:
        """Show what ``name`` asks for, and wait for an answer."""
        self.words.setText(_summary(name, wants))
        can_run = bool(sandbox.tier)
        self.sandbox.setText(tier_words(sandbox.tier) if can_run else _no_sandbox(sandbox))
        self._ctx.ui.wear(self.sandbox, Role.SMALL if can_run else Role.BAD)
        self.run.setEnabled(can_run)
        self.run.setFocus(Qt.FocusReason.OtherFocusReason)


def _no_sandbox(sandbox: SandboxStatus) -> str:
    return sandbox.reason or tr("This machine has no sandbox, so nothing is run.")


def _summary(name: str, wants: Capabilities) -> str:
    texts = {
        Capability.NETWORK: tr("<b>Network</b>: {what}. There is no network in the sandbox."),
        Capability.FILES: tr(
            "<b>Files</b>: {what}. It works on copies; your files are not changed."
        ),
        Capability.PROCESSES: tr(
            "<b>Other programs</b>: {what}. They run in the sandbox and end with it."
        ),
        Capability.NATIVE: tr(
            "<b>Native code</b>: {what}. The system-call filter applies to it, too."
        ),
        Capability.DYNAMIC: tr(
            "<b>Code created at run time</b>: {what}. This list may be incomplete."
        ),
    }
    lines = [
        texts[want].format(what=", ".join(map(_escaped, wants.places[want])))
        for want in Capability
        if want in wants.places
    ]
    if wants.unknown:
        words = tr("What {name} uses was not looked at: that is done for Python only.")
        lines.append(words.format(name=_escaped(name)))
    elif not lines:
        lines.append(
            tr("{name} uses no network, files or other programs.").format(name=_escaped(name))
        )
    if wants.packages:
        words = tr("It imports {names}, which must be among the packages available in the sandbox.")
        lines.append(words.format(names=", ".join(map(_escaped, wants.packages))))
    if wants.unread:
        words = tr("{names} cannot be parsed: syntax error.")
        lines.append(words.format(names=", ".join(map(_escaped, wants.unread))))
    return "<br>".join(lines)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
