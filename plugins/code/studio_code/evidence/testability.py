"""Decide whether tests in a sandbox can verify a request at all. Pure."""

from __future__ import annotations

import ast
import re
from typing import Final

from studio.api import sentence
from studio_code.execution.python_runner import parsed

_UNDECIDABLE: Final = re.compile(
    r"\bhalts?\b|\b(?:every|all|any) possible (?:inputs?|arguments?|programs?)\b"
    r"|\bfor (?:every|all|any) (?:python )?programs?\b",
    re.IGNORECASE,
)
_MODULES: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("requests", "urllib.request", "http.client", "socket", "aiohttp", "httpx", "smtplib",
         "ftplib", "yfinance", "urllib3", "imaplib", "paramiko"),
        sentence("it needs the network"),
    ),
    **dict.fromkeys(("random", "secrets", "uuid"), sentence("its result depends on chance")),
    **dict.fromkeys(
        ("tkinter", "turtle", "pygame", "PySide6", "PyQt5", "matplotlib", "matplotlib.pyplot"),
        sentence("what it does shows on a screen"),
    ),
}  # fmt: skip
_CLOCK: Final = frozenset({"now", "today", "utcnow", "localtime", "gmtime", "time", "ctime"})
_CLOCKS: Final = frozenset({"datetime", "date", "time"})


def untestable(request: str, code: str) -> str:
    """Return why tests cannot show whether code is right, within a sentence; empty if they can."""
    if _UNDECIDABLE.search(request):
        return sentence("no program can decide this for every input")
    tree = parsed(code)
    for node in ast.walk(tree) if tree else ():
        for name in _imported(node):
            if reason := _MODULES.get(name) or _MODULES.get(name.partition(".")[0]):
                return reason
        if isinstance(node, ast.Call) and (reason := _of_call(node)):
            return reason
    return ""


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [item.name for item in node.names]
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return [f"{module}.{item.name}" for item in node.names] + [module]
    return []


def _of_call(node: ast.Call) -> str:
    called = node.func
    if isinstance(called, ast.Name) and called.id == "input":
        return sentence("it waits for input from the keyboard")
    if isinstance(called, ast.Attribute) and called.attr in _CLOCK:
        names = {item.id for item in ast.walk(called.value) if isinstance(item, ast.Name)}
        if names & _CLOCKS and not node.args:
            return sentence("its result depends on the clock")
    return ""
