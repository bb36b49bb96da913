"""Parameters of the tasks on code: one declaration for the panel, the flags and the record.

Plain data only. What a page has open is handed in beside them: ``text`` (the file as it is in the
editor), ``selection`` (a part of it), ``context`` and ``files`` (lists of ``path`` and ``text``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import Capability, File, Group, Hidden, Label, Params, Range, Seed, Text, WeightsId

LanguageName = Literal[
    "python", "javascript", "typescript", "java", "c", "cpp", "csharp", "go", "rust", "bash",
    "sql", "html",
]  # fmt: skip

MAX_CHARS = 1_000_000
"""Characters of one file that is handed in."""

_MORE = Group("More", advanced=True)

_Model = Annotated[
    WeightsId,
    Capability("text", prefer="code"),
    Label("Model", "The language model that writes; those made for code do it better."),
]
_FileToRead = Annotated[str, File(), Label("File", "The file to read; it is not changed.")]
_PathOfText = Annotated[str, Hidden(), Text(max_chars=400), Label("Path", "What it is called.")]
_Tests = Annotated[
    str,
    Text(lines=6, max_chars=MAX_CHARS),
    Label("Tests", "Tests (pytest) that it must pass; without any, they are written as well."),
    _MORE,
]
_Rounds = Annotated[
    int,
    Range(0, 8),
    Label("Rounds", "How often a failure goes back to the model, at most."),
    _MORE,
]


class Write(Params, frozen=True):
    """What to write, in which language, and how hard to try."""

    describe: Annotated[
        str,
        Text(lines=4, placeholder="A function that …", max_chars=40_000),
        Label("Describe", "What the code should do; examples in it become tests."),
    ]
    language: Annotated[
        LanguageName, Label("Language", "Python is also run; the others are written only.")
    ] = "python"
    path: _PathOfText = ""
    tests: _Tests = ""
    candidates: Annotated[
        int,
        Range(1, 16),
        Label("Candidates", "How many answers to write; the one that the tests prefer is kept."),
    ] = 1
    rounds: _Rounds = 2
    run: Annotated[bool, Label("Run", "Run it behind walls, so that it is known to work.")] = True
    weights: _Model = WeightsId()
    temperature: Annotated[
        float,
        Range(0, 2, 0.05),
        Label("Freedom", "Of all candidates but the first, which is the likeliest answer."),
        _MORE,
    ] = 0.7
    max_tokens: Annotated[
        int, Range(32, 8192, 64, "tokens"), Label("Longest answer", "Longer ones are cut."), _MORE
    ] = 1024
    seed: Annotated[Seed, _MORE] = Seed.random()


class WriteTests(Params, frozen=True):
    """Which file to write tests for."""

    file: _FileToRead = ""
    path: _PathOfText = ""
    rounds: _Rounds = 1
    weights: _Model = WeightsId()
    max_tokens: Annotated[
        int, Range(32, 8192, 64, "tokens"), Label("Longest answer", "Longer ones are cut."), _MORE
    ] = 1024
    seed: Annotated[Seed, _MORE] = Seed.random()


class Fix(Params, frozen=True):
    """Which file is at fault, and what tells of it."""

    file: _FileToRead = ""
    error: Annotated[
        str,
        Text(lines=6, placeholder="Traceback (most recent call last): …", max_chars=200_000),
        Label("Error", "What was printed; without it, the file is run to find out."),
    ] = ""
    path: _PathOfText = ""
    tests: _Tests = ""
    rounds: _Rounds = 2
    weights: _Model = WeightsId()
    max_tokens: Annotated[
        int, Range(32, 8192, 64, "tokens"), Label("Longest answer", "Longer ones are cut."), _MORE
    ] = 2048
    seed: Annotated[Seed, _MORE] = Seed.random()


class Explain(Params, frozen=True):
    """Which file to explain, or which part of it."""

    file: _FileToRead = ""
    path: _PathOfText = ""
    weights: _Model = WeightsId()
    max_tokens: Annotated[
        int, Range(32, 8192, 64, "tokens"), Label("Longest answer", "Longer ones are cut."), _MORE
    ] = 768
    seed: Annotated[Seed, _MORE] = Seed.random()


class Document(Params, frozen=True):
    """Which Python file gets docstrings."""

    file: _FileToRead = ""
    path: _PathOfText = ""
    rounds: _Rounds = 1
    weights: _Model = WeightsId()
    max_tokens: Annotated[
        int, Range(32, 8192, 64, "tokens"), Label("Longest answer", "Longer ones are cut."), _MORE
    ] = 2048
    seed: Annotated[Seed, _MORE] = Seed.random()


class Ask(Params, frozen=True):
    """A conversation about open files.

    A page hands in ``messages`` (role and content of each turn, oldest first); a person at a
    terminal gives ``question`` and maybe ``file``.
    """

    question: Annotated[
        str,
        Text(lines=4, placeholder="What does this do?", max_chars=40_000),
        Label("Question", "What to answer, or what to change."),
    ] = ""
    file: Annotated[str, File(), Label("File", "The file that it is about.")] = ""
    open_path: Annotated[str, Hidden(), Label("Open", "Which of the files is in front.")] = ""
    weights: _Model = WeightsId()
    temperature: Annotated[
        float, Range(0, 2, 0.05), Label("Freedom", "0 always takes the likeliest word."), _MORE
    ] = 0.2
    max_tokens: Annotated[
        int, Range(32, 8192, 64, "tokens"), Label("Longest answer", "Longer ones are cut."), _MORE
    ] = 1536
    seed: Annotated[Seed, _MORE] = Seed.random()


class Run(Params, frozen=True):
    """What to run, and how."""

    file: Annotated[str, File(), Label("File", "The file to run, alone in a fresh folder.")] = ""
    path: Annotated[
        str, Hidden(), Text(max_chars=400), Label("Path", "Which of the files is run.")
    ] = ""
    mode: Annotated[
        Literal["run", "test"],
        Label("Mode", "Run it as a program, or its tests with pytest."),
    ] = "run"
    arguments: Annotated[
        str, Text(max_chars=10_000), Label("Arguments", "As they stand after its name.")
    ] = ""
    stdin: Annotated[
        str, Text(lines=3, max_chars=MAX_CHARS), Label("Input", "What it reads from its input.")
    ] = ""
    seconds: Annotated[
        int, Range(1, 600, 1, "s"), Label("Time", "After this long it is ended."), _MORE
    ] = 30
