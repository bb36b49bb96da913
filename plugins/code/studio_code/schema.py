"""Parameters of the tasks on code: one declaration for the panel, the flags and the record.

Plain data only. What a page has open is handed in beside them: ``text`` (the file as it is in the
editor), ``selection`` (a part of it), ``context`` and ``files`` (lists of ``path`` and ``text``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import (
    Capability,
    File,
    Group,
    Hidden,
    Label,
    MaxTokens,
    Params,
    Range,
    RenamedFrom,
    Seed,
    Temperature,
    Text,
    TextModel,
    WeightsId,
)

LanguageName = Literal[
    "python", "javascript", "typescript", "java", "c", "cpp", "csharp", "go", "rust", "bash",
    "sql", "html",
]  # fmt: skip

MAX_CHARS = 1_000_000
"""Characters of one file that is handed in."""

_MORE = Group("More", advanced=True)

_Model = Annotated[
    TextModel,
    Capability("text", prefer="code"),
    Label("Model", "The language model to use; code models do better."),
]
_FileToRead = Annotated[str, File(), Label("File", "The file to read; it is not changed.")]
_PathOfText = Annotated[str, Hidden(), Text(max_chars=400), Label("Path", "The file name.")]
_Tests = Annotated[
    str,
    Text(lines=6, max_chars=MAX_CHARS),
    Label("Tests", "Tests it must pass (pytest for Python); without any, tests are generated too."),
    _MORE,
]
_Rounds = Annotated[
    int,
    Range(0, 8),
    Label("Rounds", "How often a failure is sent back to the model, at most."),
    _MORE,
]
_MaxTokens = Annotated[MaxTokens, Range(32, 8192, 64, "tokens"), _MORE]
_Seed = Annotated[Seed, _MORE]


class Write(Params, frozen=True):
    """Request, language and effort for writing code."""

    prompt: Annotated[
        str,
        Text(lines=4, placeholder="e.g. a function that …", max_chars=40_000),
        Label("Description", "What the code should do; examples in it become tests."),
        RenamedFrom("describe"),
    ]
    language: Annotated[
        LanguageName, Label("Language", ("Run and tested where its tools are installed."))
    ] = "python"
    path: _PathOfText = ""
    tests: _Tests = ""
    candidates: Annotated[
        int,
        Range(0, 16),
        Label(
            "Attempts",
            "How many versions to write; Python ones are run against each other. 0 is automatic.",
        ),
    ] = 0
    rounds: _Rounds = 2
    run: Annotated[bool, Label("Run the tests", "Run the code in a sandbox to verify it.")] = True
    weights: _Model = WeightsId()
    temperature: Annotated[
        Temperature,
        Label("Temperature", "Applies to all attempts but the first, which uses temperature 0."),
        _MORE,
    ] = 0.7
    max_tokens: _MaxTokens = 1024
    seed: _Seed = Seed.random()


class WriteTests(Params, frozen=True):
    """Which file to write tests for."""

    file: _FileToRead = ""
    path: _PathOfText = ""
    rounds: _Rounds = 1
    weights: _Model = WeightsId()
    max_tokens: _MaxTokens = 1024
    seed: _Seed = Seed.random()


class Fix(Params, frozen=True):
    """Which file is at fault, and what tells of it."""

    file: _FileToRead = ""
    error: Annotated[
        str,
        Text(lines=6, placeholder="Traceback (most recent call last): …", max_chars=200_000),
        Label("Error", "The error message; without it, the file is run to find out."),
    ] = ""
    path: _PathOfText = ""
    tests: _Tests = ""
    rounds: _Rounds = 2
    weights: _Model = WeightsId()
    max_tokens: _MaxTokens = 2048
    seed: _Seed = Seed.random()


class Explain(Params, frozen=True):
    """Which file to explain, or which part of it."""

    file: _FileToRead = ""
    path: _PathOfText = ""
    weights: _Model = WeightsId()
    max_tokens: _MaxTokens = 768
    seed: _Seed = Seed.random()


class Document(Params, frozen=True):
    """File to document with docstrings, or comments above its definitions."""

    file: _FileToRead = ""
    path: _PathOfText = ""
    rounds: _Rounds = 1
    weights: _Model = WeightsId()
    max_tokens: _MaxTokens = 2048
    seed: _Seed = Seed.random()


class Ask(Params, frozen=True):
    """A conversation about open files.

    A page hands in ``messages`` (role and content of each turn, oldest first); a person at a
    terminal gives ``question`` and maybe ``file``.
    """

    question: Annotated[
        str,
        Text(lines=4, placeholder="e.g. what does this do?", max_chars=40_000),
        Label("Question", "What to answer or change."),
    ] = ""
    file: Annotated[str, File(), Label("File", "The file in question.")] = ""
    open_path: Annotated[str, Hidden(), Label("Open", "Which file is in front.")] = ""
    weights: _Model = WeightsId()
    temperature: Annotated[Temperature, _MORE] = 0.2
    max_tokens: _MaxTokens = 1536
    seed: _Seed = Seed.random()


class Complete(Params, frozen=True):
    """Where in a file something is to be written.

    A page hands in ``before`` and ``after``, the text on both sides of the cursor.
    """

    file: _FileToRead = ""
    path: _PathOfText = ""
    line: Annotated[
        int, Range(0, 1_000_000), Label("Line", "The line of the cursor; 0 is the last one.")
    ] = 0
    column: Annotated[
        int,
        Range(0, 100_000),
        Label("Column", "The column of the cursor, from 1; 0 is the end of the line."),
    ] = 0
    lines: Annotated[
        int, Range(1, 40), Label("Lines", "How many lines are written, at most."), _MORE
    ] = 8
    weights: Annotated[
        TextModel,
        Capability("text", prefer="code"),
        Label("Model", "A model that was trained to fill a gap, such as Qwen2.5 Coder."),
    ] = WeightsId()
    max_tokens: Annotated[MaxTokens, Range(4, 512, 4, "tokens"), _MORE] = 64
    left_only: Annotated[
        bool, Hidden(), Label("Left only", "Continue from the text before the cursor alone.")
    ] = False


_FolderToRead = Annotated[
    str, File(folder=True), Label("Folder", "The folder to read; nothing in it is changed.")
]
_Change = Annotated[
    str,
    Text(lines=4, placeholder="e.g. add a …", max_chars=40_000),
    Label("Request", "What to change in the folder."),
]


class Plan(Params, frozen=True):
    """Change to a folder, to be divided into steps.

    A page passes ``context``: the open files, which take precedence over the disk.
    """

    prompt: _Change
    folder: _FolderToRead = ""
    weights: _Model = WeightsId()
    max_tokens: _MaxTokens = 1024
    seed: _Seed = Seed.random()


class Edit(Params, frozen=True):
    """Change to a folder, with its steps."""

    prompt: _Change
    folder: _FolderToRead = ""
    steps: Annotated[
        str,
        Text(lines=6, placeholder="Add a discount [shop.py, cart.py]", max_chars=40_000),
        Label("Steps", "One step a line, its files in brackets; without any, they are planned."),
    ] = ""
    others: Annotated[
        str, Hidden(), Label("Other steps", "Steps that are done separately, one per line.")
    ] = ""
    run: Annotated[
        bool,
        Label("Try the change", "Run a short program that uses it in a sandbox; Python only."),
        _MORE,
    ] = True
    rounds: _Rounds = 1
    weights: _Model = WeightsId()
    max_tokens: _MaxTokens = 1536
    seed: _Seed = Seed.random()


class CodeSettings(Params, frozen=True):
    """The section of code in Settings."""

    suggest: Annotated[
        bool,
        Label(
            "Suggest code while typing",
            "Tab accepts, Ctrl+Right accepts a word, Esc dismisses. Alt+\\ always asks.",
        ),
    ] = True
    suggest_after: Annotated[
        int,
        Range(100, 5000, 50, "ms"),
        Label("Suggest after", "How long the keyboard must rest before the model is asked."),
    ] = 400
    words: Annotated[
        bool,
        Label("Complete words", "List words of the file while typing; Ctrl+Space always does."),
    ] = True
    ligatures: Annotated[
        bool, Label("Ligatures", "Draw signs such as <= and == as one, in files opened next.")
    ] = False


class Run(Params, frozen=True):
    """Files to run, and options."""

    file: Annotated[
        str, File(), Label("File", "The file to run, on its own in an empty folder.")
    ] = ""
    path: Annotated[str, Hidden(), Text(max_chars=400), Label("Path", "The file to run.")] = ""
    mode: Annotated[
        Literal["run", "test"],
        Label("Mode", "Run it as a program, or run its tests."),
    ] = "run"
    arguments: Annotated[
        str, Text(max_chars=10_000), Label("Arguments", "Command-line arguments.")
    ] = ""
    stdin: Annotated[
        str,
        Text(lines=3, max_chars=MAX_CHARS),
        Label("Standard input", "The text passed to standard input."),
    ] = ""
    seconds: Annotated[
        int,
        Range(1, 600, 1, "s"),
        Label("Time limit", "The run is stopped after this time."),
        _MORE,
    ] = 30
