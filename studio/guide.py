"""The guide: its pages, the reference of parameters written from the tasks, and the search.

Pages are Markdown files of ``resources/guide``, in the order of ``contents.toml``. A line
``<!-- parameters: TASK … -->`` stands for the parameters of these tasks, taken from their schemas
when the page is shown.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from studio.api.params import Field, FieldKind, Params
from studio.api.window.language import tr
from studio.base.parameter_help import flag_of, limits
from studio.base.paths import resources
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.regular_file import read_regular

if TYPE_CHECKING:
    from studio.api.manifest import TaskEntry
    from studio.plugins import PluginHost

OTHER_PLUGINS = "other-plugins"
"""Topic with the tasks that no page of the guide describes: those of plugins of others."""
ENGLISH = "en"
_REFERENCE = re.compile(r"^<!-- parameters: ([\w. ]+) -->$", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,4}) (.+)$")
_LARGEST = 200


@dataclass(frozen=True)
class Topic:
    """One page of the guide.

    Attributes:
        pages: Ids of the pages of the window that it describes.
        tasks: Ids of the tasks whose parameters it lists.
        text: Markdown, the reference not yet filled in.
    """

    id: str
    group: str
    title: str
    pages: tuple[str, ...]
    tasks: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Section:
    """A heading with the text below it; ``address`` is ``TOPIC#ANCHOR``."""

    address: str
    topic: str
    title: str
    level: int
    text: str


class Guide:
    """The pages in one language; a page without a translation is in English.

    Args:
        translate: Translates labels and help texts that plugins declare.
    """

    def __init__(
        self,
        plugins: PluginHost,
        folder: Path | None = None,
        language: str = ENGLISH,
        translate: Callable[[str], str] = str,
    ) -> None:
        self._plugins, self._language, self._translate = plugins, language, translate
        self.folder = folder or resources() / "guide"

    @cached_property
    def topics(self) -> tuple[Topic, ...]:
        """The pages, in the order of the contents."""
        contents = tomllib.loads(read_regular(self.folder / "contents.toml").decode())
        topics = [
            self._read(group["title"], page["id"], tuple(page.get("pages", ())))
            for group in contents["group"]
            for page in group["page"]
        ]
        described = {task for topic in topics for task in topic.tasks}
        others = tuple(task.id for _, task in self._plugins.tasks() if task.id not in described)
        if others:
            title = tr("Other plugins")
            words = tr("Tasks of plugins that you installed. Their authors wrote these texts.")
            text = f"# {title}\n\n{words}\n\n<!-- parameters: {' '.join(others)} -->\n"
            topics.append(Topic(OTHER_PLUGINS, title, title, (), others, text))
        return tuple(topics)

    def topic(self, id: str) -> Topic:
        """Return one page.

        Raises:
            StudioError: The guide has no such page.
        """
        for topic in self.topics:
            if topic.id == id:
                return topic
        raise StudioError(
            ErrorCode.NOT_FOUND, f"The guide has no page “{id}”.", "See the list: `studio help`."
        )

    def text(self, id: str) -> str:
        """Return the Markdown of a page, its reference filled in."""
        return _REFERENCE.sub(
            lambda match: "\n".join(map(self._parameters, match[1].split())), self.topic(id).text
        )

    def address_of_page(self, page: str) -> str:
        """Return the topic that describes a page of the window; empty where there is none."""
        return next((topic.id for topic in self.topics if page in topic.pages), "")

    def address_of_task(self, task: str) -> str:
        """Return where the parameters of a task are listed; empty where they are not."""
        ids = (topic.id for topic in self.topics if task in topic.tasks)
        return next((f"{id}#{task}" for id in ids), "")

    def address_of_params(self, params: type[Params]) -> str:
        """Return where the parameters of a form are listed; empty for settings and the like."""
        for _, task in self._plugins.tasks():
            try:
                if self._plugins.params_class(task.id) is params:
                    return self.address_of_task(task.id)
            except StudioError:  # a schema that cannot be read has no form either
                continue
        return ""

    def headings(self) -> list[Section]:
        """Return the sections that the pages have as written, without the reference."""
        return [section for topic in self.topics for section in sections(topic.id, topic.text)]

    def sections(self) -> list[Section]:
        """Return all sections, those of the reference too."""
        return [
            section for topic in self.topics for section in sections(topic.id, self.text(topic.id))
        ]

    def search(self, words: str) -> list[Section]:
        """Return the sections with all of ``words``, those with them in the title first."""
        wanted = words.casefold().split()
        ranked = []
        for place, section in enumerate(self.sections() if wanted else ()):
            title, text = section.title.casefold(), section.text.casefold()
            if all(word in title or word in text for word in wanted):
                missed = sum(word not in title for word in wanted)
                ranked.append((missed, section.level, place, section))
        return [section for *_, section in sorted(ranked, key=lambda row: row[:3])]

    # --- inside -------------------------------------------------------------------------------

    def _read(self, group: str, id: str, pages: tuple[str, ...]) -> Topic:
        path = self.folder / self._language / f"{id}.md"
        path = path if path.is_file() else self.folder / f"{id}.md"
        text = read_regular(path).decode("utf-8")
        tasks = tuple(task for match in _REFERENCE.finditer(text) for task in match[1].split())
        return Topic(id, group, text.splitlines()[0].removeprefix("# "), pages, tasks, text)

    def _parameters(self, task: str) -> str:
        """Return the reference of one task; that of a disabled plugin says so."""
        try:
            _, entry = self._plugins.task(task)
            params = self._plugins.params_class(task)
        except StudioError as error:
            return f"### {task} `{task}`\n\n{error.message}\n"
        return f"{self._head(entry)}\n{''.join(self._lines(params))}"

    def _head(self, entry: TaskEntry) -> str:
        title, summary = self._translate(entry.title), self._translate(entry.summary)
        return f"### {title} `{entry.id}`\n\n{_escaped(summary)}\n"

    def _lines(self, params: type[Params]) -> Iterator[str]:
        for field in params.fields():
            if not field.hidden:
                yield f"- **{_escaped(self._translate(field.title))}** `{flag_of(field)}`: "
                yield f"{' '.join(self._sentences(field))}\n"

    def _sentences(self, field: Field) -> Iterator[str]:
        if field.help:
            yield _escaped(self._translate(field.help))
        if field.kind is FieldKind.CHOICE:
            own = field.choice_titles or ("",) * len(field.choices)
            named = zip(field.choices, map(self._translate, own), strict=True)
            choices = ", ".join(f"`{c}`{f' ({title})' if title else ''}" for c, title in named)
            yield tr("One of {choices}.").format(choices=choices)
        yield from map(_escaped, limits(field))


def sections(topic: str, text: str) -> Iterator[Section]:
    """Yield the sections of a page: each heading with the text up to the next one."""
    title, level, anchor, lines, is_code = "", 1, "", list[str](), False
    for line in [*text.splitlines(), "# "]:
        is_code ^= line.startswith("```")
        match = None if is_code else _HEADING.match(line) or re.match("(# )()", line)
        if match is None:
            lines.append(line)
            continue
        if title:
            address = topic if level == 1 else f"{topic}#{anchor}"
            yield Section(address, topic, title, level, "\n".join(lines).strip())
        title, level, anchor = plain(match[2]), len(match[1].strip()), anchor_of(match[2])
        lines = []


def anchor_of(heading: str) -> str:
    """Return the anchor of a heading: its code at the end, or its words with hyphens."""
    code = re.search(r"`([\w.]+)`$", heading)
    return code[1] if code else re.sub(r"[^\w]+", "-", heading.casefold()).strip("-")


def plain(text: str) -> str:
    """Return a line of Markdown without its marks."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\*\*|`|\\(?=[*_<>|`\[\]])", "", text)


def html(text: str) -> str:
    """Return a page as HTML, with an anchor on every heading; HTML in it is shown as written."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    for token, inline in itertools.pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor_of(inline.content))
    return str(parser.renderer.render(tokens, parser.options, {}))


def snippet(section: Section, words: Iterable[str]) -> str:
    """Return the first words of a section around one of ``words``, on one line."""
    text = " ".join(plain(section.text).split())
    places = [text.casefold().find(word.casefold()) for word in words]
    start = max(0, min((place for place in places if place >= 0), default=0) - 60)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    cut = text[start : start + _LARGEST]
    return f"{'…' * bool(start)}{cut}{'…' * (len(text) > start + _LARGEST)}"


def _escaped(text: str) -> str:
    """Return plain text as Markdown that shows the same."""
    return re.sub(r"([\\*_<>\[\]`|])", r"\\\1", " ".join(text.split()))
