"""The bench ``chat``: window time of a streamed answer and of a thread of a thousand messages.

A process of its own has the page's widgets, without a runtime and without a library.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks import child_environment
from studio.api import PluginContext
from studio.api.window.ui import Ui
from studio.cli.doctor.display import has_display
from studio.cli.terminal.studio_session import StudioSession
from studio.desktop.appearance.appearance import Appearance
from studio.desktop.ui import WindowUi
from studio.protocol.errors import ErrorCode, StudioError
from studio_chat.pages.session import Session
from studio_chat.pages.thread.message_card import ReplyBody
from studio_chat.pages.thread.thread_view import ThreadView
from studio_chat.pages.thread.turns import Reply, Turn

_MOST_SECONDS = 600
TOKENS = 5_000
MESSAGES = 1_000
SCROLL_STEP = 120
"""Pixels: one click of a mouse wheel."""
_SECTION = """## Part {n}
A **dilated** convolution spaces its taps *d* pixels apart, so a `3×3` kernel with `d = {n}` sees a
wider field with nine weights. See [the paper](https://example.org/{n}) for more.

1. The first point is about the *kernel*
2. The second about the **stride**
   - with a nested remark that is long enough to wrap onto a second line of the column

```python
class Dilated{n}(nn.Module):
    \"\"\"Taps that are {n} pixels apart.\"\"\"

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding={n}, dilation={n})  # same size
```

| layer | output | parameters |
|:--|:-:|--:|
| conv{n} | 64×64 | {n},728 |

> Output size stays equal when `padding = dilation`.

"""


def measure(session: StudioSession) -> dict[str, Any]:
    """Stream 5,000 tokens and scroll through 1,000 messages with the page's own widgets.

    ``ratio`` is the median window time of a token against its budget of one millisecond.
    """
    environment = child_environment()
    if not has_display():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as home:
        environment["STUDIO_HOME"] = home
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.chat.page_time"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
    if done.returncode:
        raise StudioError(
            ErrorCode.INTERNAL,
            "The chat benchmark failed: its window process crashed.",
            "Run `studio doctor` to see what is missing.",
            done.stderr[-4000:],
        )
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {"ratio": figures["stream_ms_per_token_by_1_median"], **figures}


def run(ui: Ui, window: QWidget) -> dict[str, float]:
    """Return milliseconds of window time: per streamed token and per scrolled frame.

    Args:
        ui: The window's building blocks, as pages get them; there must be a ``QApplication``.
        window: In view, and dressed as the studio's.
    """
    ctx = cast(PluginContext, SimpleNamespace(ui=ui, weights=_Weights()))
    return {**stream(ctx, window, batch=1), **stream(ctx, window, batch=4), **scroll(ctx, window)}


class _Weights:
    def title(self, weights: str) -> str:
        return weights

    def for_capability(self, capability: str, prefer: str = "") -> Sequence[tuple[str, str]]:
        return ()


def answer_tokens(count: int) -> list[str]:
    """Return an answer with all that Markdown has, in pieces as a model writes them."""
    text, n = "", 0
    while len(text) < count * 4:
        n += 1
        text += _SECTION.format(n=n)
    return [text[at : at + 4] for at in range(0, count * 4, 4)]


def stream(ctx: PluginContext, window: QWidget, batch: int) -> dict[str, float]:
    """Time an answer of ``TOKENS`` tokens, drawn each ``batch`` tokens with layout and painting.

    A drawing for each token is the worst there is: the page gathers what comes within 33 ms.
    """
    thread, _session = _thread(
        ctx, window, [Turn("q", "user", "Explain it all"), Turn("a", "assistant", "")]
    )
    card = thread.cards[-1]
    card.set_reply(Reply("bench", "a"))
    assert isinstance(card.body, ReplyBody)
    view = card.body.view
    spent: list[float] = []
    tokens = answer_tokens(TOKENS)
    for at in range(0, len(tokens), batch):
        pieces = tokens[at : at + batch]
        started = time.perf_counter()
        for piece in pieces:
            thread.add_text("a", piece)
        view.flush()
        _frame()
        spent.append((time.perf_counter() - started) * 1000 / len(pieces))
    thread.close()
    return _figures(f"stream_ms_per_token_by_{batch}", spent)


def scroll(ctx: PluginContext, window: QWidget) -> dict[str, float]:
    """Time frames while a thread of ``MESSAGES`` messages is scrolled from its end to its start."""
    turns = []
    for n in range(MESSAGES // 2):
        turns.append(Turn(f"q{n}", "user", f"Question {n}: what about d = {n}?"))
        turns.append(Turn(f"a{n}", "assistant", _SECTION.format(n=n)))
    started = time.perf_counter()
    thread, _session = _thread(ctx, window, turns)
    opened = (time.perf_counter() - started) * 1000
    for _ in range(50):  # what is made while the window is idle
        _frame()
    bar = thread.verticalScrollBar()
    spent: list[float] = []
    while bar.value() > 0 or not thread.at_start:
        before = bar.value()
        started = time.perf_counter()
        bar.setValue(before - SCROLL_STEP)
        _frame()
        if bar.value() != before:  # at the top there is nothing to draw until more turns are made
            spent.append((time.perf_counter() - started) * 1000)
    live = len(thread.cards)
    thread.close()
    return {"open_ms": round(opened, 1), "live_cards": live, **_figures("scroll_frame_ms", spent)}


def _thread(ctx: PluginContext, window: QWidget, turns: list[Turn]) -> tuple[ThreadView, Any]:
    session = SimpleNamespace(turns=turns, reply=None, busy=False)
    thread = ThreadView(ctx)
    thread.setParent(window)
    thread.resize(820, 700)
    thread.show()
    thread.set_session(cast(Session, session))
    _frame()
    return thread, session


def _frame() -> None:
    """Let Qt lay out and paint what has changed."""
    for _ in range(2):  # a layout may ask for another one
        QCoreApplication.processEvents()


def _figures(name: str, spent: Sequence[float]) -> dict[str, float]:
    centiles = statistics.quantiles(spent, n=100)
    return {
        f"{name}_median": round(statistics.median(spent), 3),
        f"{name}_p95": round(centiles[94], 3),
        f"{name}_max": round(max(spent), 3),
    }


def _main() -> None:
    """Print the figures as JSON: the child of :func:`measure`."""
    look = Appearance.dress(QApplication([]))
    window = QWidget()
    window.resize(820, 700)
    look.theme.dress(window)
    window.show()
    unused: Any = None  # no model is chosen here
    sys.stdout.write(json.dumps(run(WindowUi(look, window, unused, unused), window)) + "\n")
    look.theme.close()


if __name__ == "__main__":
    _main()
