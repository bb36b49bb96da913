"""The token table: every colour and size of the look. Data only, no Qt."""

from __future__ import annotations

from studio.api.window.ui import Tokens

# name: (dark, light), written as in CSS: #rrggbb or #rrggbbaa
_COLORS: dict[str, tuple[str, str]] = {
    "bg": ("#0f1117", "#f6f7f9"),
    "panel": ("#161922", "#ffffff"),
    "raised": ("#1e222d", "#eef0f4"),
    "line": ("#2a2f3c", "#dde1e8"),
    "text": ("#e7e9ee", "#1b1f2a"),
    "mute": ("#9aa1b1", "#667085"),
    "faint": ("#6b7385", "#98a2b3"),
    "accent": ("#7c8cff", "#4f5dff"),
    "on-accent": ("#0b0d14", "#ffffff"),
    "focus": ("#7c8cff66", "#4f5dff55"),
    "good": ("#3ecf8e", "#12805c"),
    "warn": ("#f5b53d", "#a15c00"),
    "bad": ("#f2616b", "#c4323f"),
    # states of controls, made from the ones above
    "field": ("#1e222d", "#ffffff"),
    "field-line": ("#2a2f3c", "#cdd3de"),
    "field-off": ("#161922", "#eef0f4"),
    "hover": ("#262b38", "#e5e8ee"),
    "pressed": ("#2f3545", "#d9dde6"),
    "line-strong": ("#3a4152", "#c5ccd8"),
    "accent-hover": ("#93a0ff", "#3f4cf0"),
    "accent-pressed": ("#6a79ee", "#343fd6"),
    "accent-soft": ("#7c8cff26", "#4f5dff1a"),
    "bad-soft": ("#f2616b1f", "#c4323f14"),
    "warn-soft": ("#f5b53d1f", "#a15c0014"),
    "good-soft": ("#3ecf8e1f", "#12805c14"),
    "scrim": ("#05060a8c", "#1b1f2a3d"),
    "shadow": ("#00000080", "#1b1f2a2e"),
    "knob": ("#e7e9ee", "#ffffff"),
    # kinds of artifacts: icon and badge
    "kind-text": ("#6cb2ff", "#1b66c9"),
    "kind-conversation": ("#6cb2ff", "#1b66c9"),
    "kind-image": ("#b794ff", "#7444d1"),
    "kind-score": ("#43cdc5", "#0b7672"),
    "kind-audio": ("#62cf80", "#1d7d41"),
    "kind-molecules": ("#f2b457", "#955500"),
    "kind-code": ("#f788ad", "#bd2a63"),
    "kind-table": ("#9aa1b1", "#667085"),
    "kind-plot": ("#7c8cff", "#4f5dff"),
    "kind-video": ("#b794ff", "#7444d1"),
    "kind-weights": ("#43cdc5", "#0b7672"),
    # highlighted code
    "syntax-keyword": ("#c792ea", "#8431c5"),
    "syntax-name": ("#82aaff", "#2756c9"),
    "syntax-type": ("#f2c26b", "#8a5a00"),
    "syntax-string": ("#a5d67f", "#2c7a3f"),
    "syntax-number": ("#f7a072", "#b04a12"),
    "syntax-comment": ("#7d8699", "#6a7488"),
    "syntax-operator": ("#89ddff", "#1f6f8b"),
}

# px
BODY, SECTION, MONO = 13, 11, 12.5
PAGE_MARGIN_X, PAGE_MARGIN_Y = 28, 22
ICON, RAIL_ICON = 16, 20
MOTION_MS = 140


def tokens(dark: bool) -> Tokens:
    """Return the table of one theme; colours as Qt reads them (``#rrggbb`` or ``#aarrggbb``)."""
    side = 0 if dark else 1
    return Tokens(dark, {name: _qt(pair[side]) for name, pair in _COLORS.items()})


def _qt(css: str) -> str:
    return css if len(css) == 7 else f"#{css[7:]}{css[1:7]}"
