"""Export a copy: ask for the path, write in the background, report the outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from studio.api.window.context import PluginContext
from studio.api.window.language import tr
from studio.api.window.ui import TroubleRow
from studio.api.window.work_queue import outcome
from studio.protocol.errors import StudioError


def save_as(
    ctx: PluginContext,
    title: str,
    name: str,
    suffixes: Sequence[str],
    write: Callable[[Path], Any],
    *,
    trouble: TroubleRow,
    done: Callable[[Path, Any], None] | None = None,
) -> None:
    """Ask where to, and let ``write`` write there; ``studio.api.kit.Kit.save_as`` says more."""
    chosen = ctx.ui.save_file(title, name, suffixes)
    if chosen is None:
        return
    path = chosen if chosen.suffix else chosen.with_suffix(Path(name).suffix)
    again = partial(save_as, ctx, title, name, suffixes, write, trouble=trouble, done=done)

    def finish(result: Any) -> None:
        if isinstance(result, StudioError):
            trouble.tell(result, again)
        elif done is not None:
            done(path, result)
        else:
            words = tr("Saved as {name}.").format(name=path.name)
            ctx.notices.info(words, key=f"{ctx.plugin}.save")

    ctx.run_later(lambda: outcome(lambda: write(path)), finish)
