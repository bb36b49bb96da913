"""The window half of the diary: a page that tells of what was made."""

from __future__ import annotations

from studio.api import hookimpl


@hookimpl
def studio_pages(ctx):
    from studio_diary import page

    return {"diary.page": lambda: page.build(ctx)}
