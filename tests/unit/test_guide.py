"""The guide: complete, true to the window and to the terminal, and found by its words."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from studio import guide as guide_module
from studio.base.settings import Settings
from studio.cli.main import COMMANDS
from studio.cli.run import task_parser
from studio.cli.terminal.flags import values_of
from studio.guide import Guide, anchor_of, html, plain, sections, snippet
from studio.plugins import PluginHost
from tests.architecture.source_tree import ROOT
from tests.architecture.user_texts import all_texts

FOLDER = ROOT / "resources/guide"
FILES = sorted(path for path in FOLDER.rglob("*.md"))
MAKERS = ("chat", "documents", "pictures", "music", "sound", "voice", "molecules", "code", "lab")
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> PluginHost:
    home = tmp_path_factory.mktemp("guide")
    return PluginHost(Settings(home / "settings.json"), home / "journals")


@pytest.fixture
def guide(host: PluginHost) -> Guide:
    return Guide(host)


# --- complete -------------------------------------------------------------------------------------


def test_every_page_of_the_window_has_a_page_of_the_guide(guide: Guide) -> None:
    from studio.desktop.window.page_registry import _OWN, OWN

    host = guide._plugins
    pages = [page.id for plugin in host.plugins for page in plugin.manifest.pages]
    pages += [f"{OWN}{module.partition('.')[0]}" for module, *_ in _OWN]
    assert len(pages) > 14, "the control: there are pages"
    assert [page for page in pages if not guide.address_of_page(page)] == []


def test_every_task_is_described_on_one_page(guide: Guide) -> None:
    described = [task for topic in guide.topics for task in topic.tasks]
    assert sorted(described) == sorted(task.id for _, task in guide._plugins.tasks())
    assert guide_module.OTHER_PLUGINS not in [topic.id for topic in guide.topics]


def test_every_file_is_in_the_contents(guide: Guide) -> None:
    assert {path.stem for path in FILES} == {topic.id for topic in guide.topics}


@pytest.mark.parametrize("maker", MAKERS)
def test_a_maker_has_first_steps_ten_recipes_and_limits(maker: str, guide: Guide) -> None:
    titles = [(s.level, s.title) for s in sections(maker, guide.topic(maker).text)]
    assert titles[1] == (2, "First steps")
    assert {(2, "Limits"), (2, "Every parameter")} < set(titles)
    assert sum(level == 3 for level, _ in titles) >= 10


def test_the_reference_has_every_parameter_with_its_help_and_flag(guide: Guide) -> None:
    for topic in guide.topics:
        text = guide.text(topic.id)
        for task in topic.tasks:
            fields = guide._plugins.params_class(task).fields()
            shown = text.partition(f"`{task}`\n")[2].partition("\n#")[0]
            flags = re.findall(r"^- \*\*.+\*\* `(--[\w-]+)`:", shown, re.MULTILINE)
            assert len(flags) == sum(not field.hidden for field in fields), task


def test_a_plugin_of_another_is_described_by_its_own_words(
    guide: Guide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guide, "folder", FOLDER)
    bare = [topic for topic in guide.topics if topic.id != "voice"]
    monkeypatch.setattr(
        guide, "_read", lambda group, id, pages: next(t for t in bare if t.id == id)
    )
    del guide.__dict__["topics"]
    contents = (FOLDER / "contents.toml").read_text().replace('{ id = "voice", ', "# ")
    monkeypatch.setattr(guide_module, "read_regular", lambda path: contents.encode())
    assert guide.topics[-1].id == guide_module.OTHER_PLUGINS
    assert guide.topics[-1].tasks == ("voice.transcribe", "voice.speak")
    assert "`--language`" in guide.text(guide_module.OTHER_PLUGINS)


# --- true -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(FOLDER)) for path in FILES])
def test_links_anchors_and_pictures_lead_somewhere(path: Path, guide: Guide) -> None:
    text = path.read_text("utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        name, _, anchor = target.partition("#")
        if name.endswith(".png"):
            for file in (FOLDER / name, FOLDER / name.replace("-light", "-dark")):
                with Image.open(file) as picture:
                    assert picture.width > 600, file
            continue
        topic = name.removesuffix(".md") or path.stem
        anchors = {s.address.partition("#")[2] for s in sections(topic, guide.text(topic))}
        assert anchor in anchors, f"{path.name}: {target}"


def test_the_pictures_are_used_and_small() -> None:
    pictures = list((FOLDER / "pictures").iterdir())
    text = "".join(path.read_text("utf-8") for path in FILES)
    assert [p.name for p in pictures if p.name.replace("-dark", "-light") not in text] == []
    assert sum(picture.stat().st_size for picture in pictures) < 2_000_000


@cache
def labels() -> tuple[frozenset[str], str]:
    """Return the texts of the product, and all of them in one for those with shortcuts."""
    texts = [text.text for text in all_texts() if not text.file.startswith("resources/guide")]
    whole = frozenset(re.split(r"\t|  ", text)[0] for text in texts)
    return whole, "\n".join(texts)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(FOLDER)) for path in FILES])
def test_what_is_bold_stands_in_the_window(path: Path, guide: Guide) -> None:
    from studio.desktop.forms.choices import titles_of

    titles = {
        title
        for _, task in guide._plugins.tasks()
        for field in guide._plugins.params_class(task.id).fields()
        for title in (field.title, field.group.title, *titles_of(field))
    }
    bold = set(re.findall(r"\*\*(.+?)\*\*", path.read_text("utf-8").replace("\n", " ")))
    assert bold - labels()[0] - titles == set()


def commands() -> Iterator[tuple[str, str]]:
    for path in FILES:
        for block in re.findall(r"^```sh\n(.*?)^```", path.read_text("utf-8"), re.M | re.S):
            for line in block.splitlines():
                yield path.stem, line.rpartition("| ")[2]


COMMANDS_SHOWN = list(commands())
SAFE = {"help", "tasks", "queue list", "device energy", "plugins list", "machines list"}
"""Commands that only read: they are run as they stand."""


@pytest.mark.parametrize(("page", "line"), COMMANDS_SHOWN, ids=[line for _, line in COMMANDS_SHOWN])
def test_a_command_of_the_guide_is_one(
    page: str,
    line: str,
    command: Command,
    guide: Guide,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("A long text."))
    program, *words = shlex.split(line)
    assert program == "studio"
    if words[0] == "--safe-mode":
        words = words[1:]
    if words[0] == "run":
        check_run(guide, words[1:], tmp_path)
        return
    assert words[0] in COMMANDS
    if words[0] in SAFE or " ".join(words[:2]) in SAFE or words[-1] in ("--help", "--list"):
        assert shown(command, *words)
        return
    subcommands = [word for word in words[1:2] if re.fullmatch(r"[a-z-]+", word)]
    flags = {word for word in words if word.startswith("--")}
    takes_subcommand = words[0] not in ("doctor", "verify", "serve")
    out = shown(command, words[0], *subcommands * takes_subcommand, "--help")
    assert [flag for flag in flags if flag not in out] == []


def shown(command: Command, *words: str) -> str:
    """Run a command and return what it prints; ``--help`` ends the program."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            code, printed, errors = command(*words)
        except SystemExit as ended:
            code, printed, errors = int(ended.code or 0), "", ""
    assert code == 0, errors
    return out.getvalue() + printed


def check_run(guide: Guide, words: list[str], folder: Path) -> None:
    """Read the parameters of a run as the command does; the files that it names are made."""
    if words[1:] == ["--help"]:
        assert guide.address_of_task(words[0])
        return
    for word in words[1:]:
        if re.fullmatch(r"\w+\.[a-z]\w+", word):
            (folder / word).write_text("x")
    _, entry = guide._plugins.task(words[0])
    params = guide._plugins.params_class(entry.id)
    values = values_of(task_parser(entry, params).parse_intermixed_args(words[1:]), params)
    required = {field.name for field in params.fields() if field.required}
    assert required <= values.keys()
    params.parse(values)


# --- found ----------------------------------------------------------------------------------------


def test_a_search_finds_titles_first_and_parameters_too(guide: Guide) -> None:
    assert guide.search("family tree")[0].address == "library"
    assert "pictures#image.generate" in [hit.address for hit in guide.search("negative prompt")]
    assert guide.search("zzzz") == [] == guide.search(" ")


def test_a_form_leads_to_its_task(guide: Guide) -> None:
    params = guide._plugins.params_class("image.enlarge")
    assert guide.address_of_params(params) == "pictures#image.enlarge"
    assert guide.address_of_task("nothing.here") == "" == guide.address_of_page("nothing")


def test_a_page_without_a_translation_is_in_english(guide: Guide) -> None:
    german = Guide(guide._plugins, language="de", translate=str.upper)
    assert german.topic("first-steps").title == "Erste Schritte"
    assert german.topic("chat").title == "Chat and write"
    assert "**TEMPERATURE** `--temperature`" in german.text("chat")


def test_headings_in_code_are_no_sections() -> None:
    text = "# A\n\n```sh\n# no heading\n```\n\n## B `x.y`\n\ntext\n"
    assert [(s.address, s.level) for s in sections("t", text)] == [("t", 1), ("t#x.y", 2)]
    assert anchor_of("Every parameter, explained") == "every-parameter-explained"


def test_html_shows_markup_as_written_and_has_anchors() -> None:
    page = html("## A b\n\n<script>x</script>\n")
    assert '<h2 id="a-b">' in page
    assert "<script>" not in page


def test_a_snippet_is_around_the_word(guide: Guide) -> None:
    [section] = sections("t", "# T\n\n" + "word " * 100 + "**needle** " + "word " * 100)
    assert "needle" in snippet(section, ["needle"])
    assert snippet(section, ["needle"]).startswith("…")
    assert plain("**a** `b` [c](d.md) \\*") == "a b c *"


# --- in the terminal ------------------------------------------------------------------------------


def test_the_terminal_lists_shows_and_searches(command: Command) -> None:
    code, out, _ = command("help")
    assert code == 0
    assert "first-steps" in out
    _, page, _ = command("help", "chat")
    assert page.startswith("# Chat and write")
    assert "**" not in page
    _, task, _ = command("help", "image.enlarge")
    assert "--factor" in task
    assert "--prompt" not in task
    _, hits, _ = command("help", "family", "tree")
    assert "studio help library" in hits


def test_words_that_are_nowhere_are_an_error(command: Command) -> None:
    code, _, errors = command("help", "zzzz")
    assert code == 3
    assert "does not mention" in errors
