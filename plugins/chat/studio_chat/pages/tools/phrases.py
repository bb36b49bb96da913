"""The texts of calls: title, status and arguments of a step. Draws nothing."""

from __future__ import annotations

from studio.api.window.language import tr
from studio.api.window.tools import Tool
from studio_chat.tools.calls import ASKED, DONE, FAILED, REFUSED, RUNNING, STOPPED, Call

_LONGEST = 90
_ICONS = {
    ASKED: ("circle-help", "warn"),
    RUNNING: ("loader-circle", "accent"),
    DONE: ("circle-check", "good"),
    FAILED: ("triangle-alert", "bad"),
    REFUSED: ("circle-x", "mute"),
    STOPPED: ("circle-stop", "mute"),
}


def icon_of(call: Call) -> tuple[str, str]:
    """Return icon and colour of how a call stands."""
    return _ICONS.get(call.state, _ICONS[STOPPED])


def state_of(call: Call, *, live: bool) -> str:
    """Return how a call stands; of a run that was cut, that it is not under way."""
    if not live and call.state in (ASKED, RUNNING):
        return tr("Not finished: the run was interrupted.")
    match call.state:
        case "asked":
            return tr("The model wants to use this tool.")
        case "running":
            return call.message or tr("Running…")
        case "failed":
            return call.told
        case "refused":
            return tr("Not allowed.")
        case "stopped":
            return tr("Stopped.")
    return ""


def arguments_of(call: Call, tool: Tool | None) -> str:
    """Return the arguments in one line, without those equal to their defaults."""
    fields = tool.schema.get("properties", {}) if tool is not None else {}
    parts = [
        f"{fields.get(name, {}).get('title') or name}: {_short(value)}"
        for name, value in call.arguments.items()
        if name not in fields or fields[name].get("default", ...) != value
    ]
    return " · ".join(parts)


def _short(value: object) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}…"
