"""``studio help``: the guide in the terminal."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Sequence

from studio.cli.terminal import output
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser
from studio.cli.terminal.studio_session import StudioSession
from studio.guide import Guide, Section, plain, sections, snippet
from studio.protocol.errors import ErrorCode, StudioError

_WIDEST = 100
_HITS = 20


def main(argv: Sequence[str], session: StudioSession) -> int:
    """Print a page of the guide, the parameters of a task, or what mentions some words."""
    parser = ArgumentParser(
        prog="studio help",
        description="Show the guide: the list of pages, one page, the parameters of a task, or "
        "every section with some words.",
    )
    parser.add_argument("topic", nargs="*", metavar="TOPIC", help="a page, a task, or words")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args(argv)
    guide, words = Guide(session.plugins), " ".join(arguments.topic)
    if not words:
        return _print_contents(guide, arguments.json)
    if any(topic.id == words for topic in guide.topics):
        return _print_text(words, guide.text(words), arguments.json)
    if address := guide.address_of_task(words):
        [section] = [
            section
            for section in sections(address.partition("#")[0], guide.text(address.split("#")[0]))
            if section.address == address
        ]
        return _print_text(address, f"# {section.title}\n\n{section.text}", arguments.json)
    return _print_hits(words, guide.search(words), arguments.json)


def _print_contents(guide: Guide, as_json: bool) -> int:
    if as_json:
        fields = ("id", "group", "title", "pages", "tasks")
        topics = [{name: getattr(topic, name) for name in fields} for topic in guide.topics]
        output.print_json({"topics": topics})
        return ExitCode.OK
    output.print_table([(t.id, t.title, t.group) for t in guide.topics], ("TOPIC", "TITLE", ""))
    output.hint("Run `studio help TOPIC` to read a page, `studio help WORDS` to search.")
    return ExitCode.OK


def _print_text(address: str, text: str, as_json: bool) -> int:
    if as_json:
        output.print_json({"address": address, "text": text})
        return ExitCode.OK
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    is_code = False
    for line in text.splitlines():
        is_code ^= line.startswith("```")
        if line.startswith(("```", "![")):
            continue
        indent = " " * (len(line) - len(re.sub(r"^ *(?:[-*]|\d+\.) ", "", line)))
        wraps = len(line) > width and not is_code and not line.startswith("|")
        parts = textwrap.wrap(line, width, subsequent_indent=indent) if wraps else [line]
        for part in parts:
            output.say(part if is_code else plain(part))
    return ExitCode.OK


def _print_hits(words: str, hits: Sequence[Section], as_json: bool) -> int:
    if not hits:
        raise StudioError(
            ErrorCode.NOT_FOUND,
            f"The guide does not mention “{words}”.",
            "Try fewer words, or run `studio help` for the list of pages.",
        )
    if as_json:
        fields = ("address", "title", "text")
        output.print_json({"hits": [{f: getattr(hit, f) for f in fields} for hit in hits]})
        return ExitCode.OK
    for hit in hits[:_HITS]:
        output.say(f"{hit.title}  (studio help {hit.address.partition('#')[0]})")
        output.say(textwrap.indent(textwrap.fill(snippet(hit, words.split()), 90), "    "))
    if len(hits) > _HITS:
        output.hint(f"{len(hits) - _HITS} more. Add a word to narrow the search.")
    return ExitCode.OK
