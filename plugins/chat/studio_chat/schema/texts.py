"""Parameters of the tasks that work on a text or write one from a few facts. Plain data only."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import (
    BadInput,
    File,
    Group,
    Label,
    MaxTokens,
    Params,
    Range,
    Seed,
    ShownIf,
    Temperature,
    Text,
    TextModel,
    WeightsId,
)

DOCUMENT_SUFFIXES = (
    *(".txt", ".md", ".pdf", ".docx", ".odt", ".epub"),
    *(".pptx", ".html", ".csv", ".tsv"),
)
LANGUAGES = (
    *("English", "German", "French", "Spanish", "Italian", "Portuguese", "Dutch", "Polish"),
    *("Swedish", "Turkish", "Ukrainian", "Russian", "Arabic", "Hindi", "Chinese", "Japanese"),
)
"""What the menus offer; any other can be typed."""

Change = Literal[
    "proofread", "translate", "shorter", "longer", "simpler", "formal", "friendly", "explain"
]
_SAMPLING = Group("Sampling", advanced=True)

SubjectText = Annotated[
    str, Text(lines=8, placeholder="Paste a text"), Label("Text", "What to work on.")
]
SubjectFile = Annotated[
    str,
    File(DOCUMENT_SUFFIXES),
    Label("File", "Read instead of the text above: a text file, PDF, Word file or e-book."),
]
WritingSeed = Annotated[
    Seed, Label("Seed", "The same seed and settings give the same text."), _SAMPLING
]


class Summarise(Params, frozen=True):
    """Parameters of a summary: the text and the form."""

    text: SubjectText = ""
    document: SubjectFile = ""
    form: Annotated[
        Literal["paragraph", "points", "outline"],
        Label("Form", choices={"points": "Key points"}),
    ] = "paragraph"
    words: Annotated[
        int, Range(20, 1_000, 10, "words"), Label("Length", "About how long it becomes.")
    ] = 120
    weights: TextModel = WeightsId()
    temperature: Annotated[Temperature, _SAMPLING] = 0.2
    seed: WritingSeed = Seed.random()

    def check(self) -> None:
        """Refuse two subjects.

        Raises:
            BadInput: There are a text and a document.
        """
        one_subject(self.text, self.document)


class Rewrite(Params, frozen=True):
    """Parameters of a rewrite that preserves the meaning."""

    text: SubjectText = ""
    document: SubjectFile = ""
    change: Annotated[
        Change,
        Label(
            "Change",
            "Proofread corrects spelling and grammar only, and lists each change.",
            choices={
                "formal": "More formal",
                "friendly": "Friendlier",
            },
        ),
    ] = "proofread"
    language: Annotated[
        str,
        Text(max_chars=40, placeholder="German"),
        Label("Language", "What to translate to, such as German or French."),
        ShownIf("change", "translate"),
    ] = "English"
    weights: TextModel = WeightsId()
    temperature: Annotated[Temperature, _SAMPLING] = 0.2
    seed: WritingSeed = Seed.random()

    def check(self) -> None:
        """Refuse two subjects, and a translation to no language.

        Raises:
            BadInput: There are a text and a document, or the language is missing.
        """
        one_subject(self.text, self.document)
        if self.change == "translate" and not self.language.strip():
            raise BadInput("There is no language to translate to.", "Name one, such as German.")


class Draft(Params, frozen=True):
    """Parameters of a draft from a few facts."""

    about: Annotated[
        str,
        Text(lines=4, placeholder="What it is about, and what must be in it", max_chars=20_000),
        Label("About", "What it is about; facts it must contain, one per line."),
    ]
    kind: Annotated[
        Literal["letter", "email", "post", "story"], Label("Kind", choices={"email": "E-mail"})
    ] = "letter"
    reader: Annotated[
        str,
        Text(max_chars=200, placeholder="My landlord, Ms Weber"),
        Label("For", "Who reads it; may be left empty."),
    ] = ""
    tone: Annotated[Literal["neutral", "formal", "friendly", "firm", "funny"], Label("Tone")] = (
        "neutral"
    )
    words: Annotated[
        int, Range(30, 2_000, 10, "words"), Label("Length", "About how long it becomes.")
    ] = 150
    language: Annotated[str, Text(max_chars=40), Label("Language")] = "English"
    weights: TextModel = WeightsId()
    temperature: Annotated[Temperature, _SAMPLING] = 0.6
    max_tokens: Annotated[MaxTokens, _SAMPLING] = 2_048
    seed: WritingSeed = Seed.random()


def one_subject(text: str, document: str) -> None:
    """Refuse two subjects: nobody could say which one was meant.

    Raises:
        BadInput: There are a text and a document.
    """
    if text.strip() and document:
        raise BadInput("There are both a text and a document.", "Remove one of them.")
