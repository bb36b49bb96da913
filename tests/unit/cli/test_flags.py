"""Flags come from the schema: one of each kind, in help, in values, and in what is refused."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from studio.api import (
    BadInput,
    Capability,
    File,
    Group,
    Hidden,
    Label,
    Params,
    Range,
    RenamedFrom,
    Seed,
    Text,
    WeightsId,
)
from studio.cli.terminal.flags import (
    ArgumentParser,
    add_flags,
    add_positional,
    main_field,
    values_of,
)


class All(Params):
    prompt: Annotated[str, Text(lines=3, max_chars=20), Label("Prompt", "What to 100% do.")]
    max_tokens: Annotated[int, Range(1, 100, unit="tokens")] = 10
    top_p: Annotated[float, Range(0, 1)] = 0.5
    loud: bool = True
    size: Literal["s", "m"] = "s"
    count: Literal[1, 2, 4] = 1
    stop: list[str] = []
    sizes: list[int] = []
    picture: Annotated[str | None, File((".png",)), Group("Input")] = None
    folder: Annotated[str | None, File(folder=True), Group("Input")] = None
    data: Annotated[str, File(folder=True, or_file=True)] = ""
    messages: Annotated[list[dict[str, str]], Hidden()] = []
    out: str = ""
    seed: Seed = Seed.random()
    weights: Annotated[WeightsId, Capability("text")] = WeightsId()


def parser() -> ArgumentParser:
    made = ArgumentParser(prog="studio run x")
    made.add_argument("--out")
    add_flags(made, All)
    return made


def parse(*words: str) -> All:
    return All.parse(values_of(parser().parse_args(words), All))


def test_each_kind_of_field_takes_its_words(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.touch()
    words = [
        "--prompt",
        "hi",
        "--max-tokens",
        "5",
        "--top-p",
        "0.25",
        "--no-loud",
        "--size",
        "m",
        "--count",
        "4",
    ]
    words += [
        "--stop",
        "a",
        "--stop",
        "b",
        "--sizes",
        "1",
        "--sizes",
        "2",
        "--seed",
        "7",
        "--weights",
        "w",
    ]
    words += ["--picture", str(picture), "--folder", str(tmp_path), "--data", str(picture)]
    words += ["--messages", '[{"role": "user"}]', "--out", "flag", "--param-out", "field"]
    values = parse(*words).to_dict()
    assert values == {
        "prompt": "hi",
        "max_tokens": 5,
        "top_p": 0.25,
        "loud": False,
        "size": "m",
        "count": 4,
        "stop": ["a", "b"],
        "sizes": [1, 2],
        "picture": str(picture),
        "folder": str(tmp_path),
        "data": str(picture),
        "messages": [{"role": "user"}],
        "out": "field",
        "seed": 7,
        "weights": "w",
    }


def test_what_is_not_given_keeps_its_default() -> None:
    assert parse("--prompt", "x").to_dict() == All.parse({"prompt": "x"}).to_dict()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "Prompt is missing"),
        ("--prompt x --max-tokens ten", "--max-tokens must be a whole number; you entered “ten”"),
        ("--prompt x --max-tokens 1.5", "--max-tokens must be a whole number"),
        ("--prompt x --max-tokens 101", "between 1 and 100"),
        ("--prompt x --top-p much", "--top-p must be a number"),
        ("--prompt x --top-p nan", "finite"),
        ("--prompt x --size xl", "--size must be one of s, m; you entered “xl”"),
        ("--prompt x --seed -5", "--seed must be 0 or more"),
        ("--prompt x --picture /no/such.png", "--picture must be an existing file"),
        ("--prompt x --folder /no/such", "--folder must be an existing folder"),
        ("--prompt x --data /no/such", "--data must be an existing folder or file"),
        ("--prompt x --messages {", "--messages must be JSON"),
        ("--prompt x --colour red", "Unrecognized arguments: --colour red"),
        ("--prompt x --max 5", "Unrecognized arguments: --max 5"),
        ("--prompt", "Argument --prompt: expected one argument"),
        (f"--prompt {'x' * 21}", "21 characters; the limit is 20"),
    ],
)
def test_bad_words_are_refused_in_a_sentence(words: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence.replace("{", r"\{")):
        parse(*words.split())


def test_dash_reads_standard_input_but_no_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))
    assert parse("--prompt", "-").prompt == "from a pipe"
    endless = io.StringIO("x" * 1_000_000)
    monkeypatch.setattr("sys.stdin", endless)
    with pytest.raises(BadInput, match="21 characters"):
        parse("--prompt", "-")
    assert endless.tell() == 21


def test_a_text_that_comes_from_a_file_is_read_and_no_more_than_fits(tmp_path: Path) -> None:
    class Formed(Params):
        rules: Annotated[str, Text(from_file=True, max_chars=20)] = ""

    def rules(*words: str) -> str:
        made = ArgumentParser(prog="studio run x")
        add_flags(made, Formed)
        return Formed.parse(values_of(made.parse_args(words), Formed)).rules

    path = tmp_path / "rules.txt"
    path.write_text("start: “a”\n", "utf-8")
    assert rules("--rules", str(path)) == "start: “a”\n"
    path.write_text("x" * 1_000)
    with pytest.raises(BadInput, match="21 characters"):
        rules("--rules", str(path))
    path.write_bytes(b"\xff\xfe")
    for given in (path, tmp_path, tmp_path / "none"):
        with pytest.raises(BadInput, match="--rules must be"):
            rules("--rules", str(given))


def test_random_is_a_seed() -> None:
    assert parse("--prompt", "x", "--seed", "random").seed.is_random


def test_help_names_titles_ranges_defaults_and_groups() -> None:
    text = " ".join(parser().format_help().split())
    for words in (
        "What to 100% do. Use - for standard input. Required.",
        "1 to 100 tokens. Default: 10.",
        "--loud, --no-loud",
        "--size {s,m}",
        "Can be repeated.",
        "Default: random.",
        "Default: automatic.",
        "Input:",
        "--param-out",
    ):
        assert words in text
    assert text.index("Set by the page:") > text.index("Input:")


def test_the_name_of_earlier_versions_is_still_taken_and_no_longer_told() -> None:
    class Write(Params):
        prompt: Annotated[str, RenamedFrom("describe")] = ""
        main: Annotated[str, RenamedFrom("prompt")] = ""  # another has that name now

    made = ArgumentParser(prog="x")
    add_flags(made, Write)
    for flag in ("--prompt", "--describe"):
        assert values_of(made.parse_args([flag, "a"]), Write) == {"prompt": "a"}
    assert "--describe" not in made.format_help()


def test_fields_can_be_left_out() -> None:
    made = ArgumentParser(prog="x")
    add_flags(made, All, leave_out=("prompt",))
    with pytest.raises(BadInput):
        made.parse_args(["--prompt", "x"])
    values: dict[str, Any] = values_of(made.parse_args(["--max-tokens", "3"]), All)
    assert values == {"max_tokens": 3}


# --- the field that needs no flag -------------------------------------------------------------


class OneFile(Params):
    picture: Annotated[str, File((".png",))] = ""
    word: str = ""
    piece: Annotated[str, File(), Hidden()] = ""


class TwoFiles(Params):
    left: Annotated[str, File()] = ""
    right: Annotated[str, File()] = ""


class TextFirst(Params):
    words: str = ""
    picture: Annotated[str, File()] = ""


class TwoRequired(Params):
    picture: Annotated[str, File()]
    prompt: str


def plain(params: type[Params], *words: str) -> dict[str, Any]:
    made = ArgumentParser(prog="studio run x")
    made.add_argument("--json", action="store_true")
    add_positional(made, params)
    add_flags(made, params)
    return values_of(made.parse_intermixed_args(words), params)


@pytest.mark.parametrize(
    ("params", "name"),
    [
        (All, "prompt"),
        (OneFile, "picture"),
        (TextFirst, "words"),
        (TwoFiles, None),
        (TwoRequired, None),
    ],
)
def test_what_is_required_or_the_first_text_or_the_one_file_is_the_main_field(
    params: type[Params], name: str | None
) -> None:
    field = main_field(params)
    assert (field.name if field else None) == name


def test_the_main_field_needs_no_flag_wherever_it_stands(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.touch()
    for words in ([str(picture), "--word", "w"], ["--json", "--word", "w", str(picture)]):
        assert plain(OneFile, *words) == {"picture": str(picture), "word": "w"}
    assert plain(OneFile, "--word", "w") == {"word": "w"}
    assert plain(OneFile, "--picture", str(picture)) == {"picture": str(picture)}
    assert plain(All, "a word") == {"prompt": "a word"}


@pytest.mark.parametrize(
    ("params", "words", "sentence"),
    [
        (OneFile, "/no/such.png", "--picture must be an existing file; you entered “/no/such.png”"),
        (All, "one two", "Unrecognized arguments: two"),
        (All, "one --prompt two", "--prompt is given twice: “one” and “two”"),
        (TwoFiles, "one", "Unrecognized arguments: one"),
    ],
)
def test_a_word_without_a_flag_that_does_not_fit_is_refused(
    params: type[Params], words: str, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        plain(params, *words.split())


def test_help_says_what_needs_no_flag() -> None:
    made = ArgumentParser(prog="studio run x")
    add_positional(made, OneFile)
    assert "PICTURE" in made.format_help()
    assert "the same as --picture" in made.format_help()


def test_a_switch_that_excludes_has_a_flag_that_allows() -> None:
    class Excluding(Params):
        no_new_alerts: bool = True

    made = ArgumentParser(prog="studio run x")
    add_flags(made, Excluding)
    assert "--no-new-alerts, --allow-new-alerts" in made.format_help()
    for words, expected in (["--no-new-alerts"], True), (["--allow-new-alerts"], False), ([], True):
        given = values_of(made.parse_args(words), Excluding)
        assert Excluding.parse(given).no_new_alerts is expected
    with pytest.raises(BadInput):
        made.parse_args(["--no-no-new-alerts"])
