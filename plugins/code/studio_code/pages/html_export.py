"""Code as a page of HTML that needs nothing else. Writes no file."""

from __future__ import annotations

from html import escape
from typing import Any

from studio.api import SavedArtifact
from studio_code.pages.editor.languages import language_named, language_of
from studio_code.pages.editor.token_scanner import lexer_named

_STYLE = (
    "body { font: 14px/1.5 monospace; margin: 2em; } h1 { font: 600 18px sans-serif; }"
    " p { font: 13px sans-serif; color: #667085; } pre { white-space: pre-wrap; }"
)


def as_html(artifact: SavedArtifact) -> str:
    """Return a result as HTML with syntax colours, followed by its verdict."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import TextLexer

    code = artifact.path.read_bytes().decode("utf-8", "replace")
    named = language_named(str(artifact.meta.get("language") or ""))
    language = named if named.lexer else language_of(artifact.path.name)
    drawn: Any = HtmlFormatter(style="default")
    body = highlight(code, lexer_named(language.lexer) or TextLexer(), drawn)
    checks = artifact.verdict.checks if artifact.verdict is not None else ()
    shown = " · ".join(check.evidence or check.name for check in checks)
    title = escape(artifact.title or "Code")
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE} {drawn.get_style_defs('.highlight')}</style></head>"
        f"<body><h1>{title}</h1><p>{escape(shown)}</p>{body}</body></html>\n"
    )
