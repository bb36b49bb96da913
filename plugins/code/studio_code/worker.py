"""The runtime half: which tasks there are. Does no work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.api import hookimpl
from studio_code.tasks import (
    ask,
    complete,
    document,
    edit,
    explain,
    fix,
    plan,
    run,
    tests,
    write,
)


@hookimpl
def studio_tasks() -> Mapping[str, Any]:
    """Return the tasks of this plugin."""
    return {
        "code.write": write.write,
        "code.tests": tests.write_tests,
        "code.fix": fix.fix,
        "code.explain": explain.explain,
        "code.document": document.document,
        "code.ask": ask.ask,
        "code.complete": complete.complete,
        "code.run": run.run,
        "code.plan": plan.plan,
        "code.edit": edit.edit,
    }
