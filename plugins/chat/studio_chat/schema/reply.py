"""Parameters of replies and vectors; the section of the chat in Settings. Plain data only."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import (
    BadInput,
    Capability,
    Constraint,
    File,
    Group,
    Hidden,
    Label,
    MaxTokens,
    MinP,
    Params,
    Range,
    Seed,
    Temperature,
    Text,
    TextModel,
    TopK,
    TopP,
    WeightsId,
)

_SAMPLING = Group("Sampling", advanced=True)
_PENALTIES = Group("Repetition", advanced=True)
_LIMITS = Group("Length")
_FORM = Group("Output format", advanced=True)

PANEL_FIELDS = (
    "system",
    "grounded",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "max_tokens",
    "stop",
    "repetition_penalty",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "schema",
    "regex",
    "grammar",
)
"""What the page shows beside a conversation: all but what the composer and the thread hold."""


DOCUMENTS = (
    *(".txt", ".pdf", ".docx", ".odt", ".epub", ".pptx", ".html", ".csv", ".tsv"),
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"),
)
"""Files that a person is shown to choose from."""


class Reply(Params, frozen=True):
    """Parameters of a reply: prompt and sampling.

    A page hands in the conversation: the input ``messages``, role and content of each turn, oldest
    first; a person at a terminal gives ``prompt``. Given both, the prompt is the last turn. A last
    turn of the ``assistant`` is continued rather than answered.
    """

    prompt: Annotated[
        str,
        Text(lines=4, placeholder="Ask anything"),
        Label("Prompt", "Your message to the model."),
    ] = ""
    system: Annotated[
        str,
        Text(lines=4, placeholder="You are a helpful assistant."),
        Label("System prompt", "Instructions for the model: its role and how it should reply."),
    ] = ""
    raw: Annotated[
        bool,
        Label("Plain text", "Continue the prompt as plain text, without a chat template."),
        _LIMITS,
    ] = False
    documents: Annotated[
        list[str],
        Hidden(),
        File(DOCUMENTS),
        Label(
            "Documents",
            "Files the reply can use: text, PDF, Word, EPUB, HTML, PowerPoint, CSV, scans, photos.",
        ),
    ] = []
    grounded: Annotated[
        bool,
        Label(
            "Answer only from documents",
            "If the attached documents do not answer a question, the reply says so.",
        ),
    ] = True
    assisted: Annotated[
        bool,
        Hidden(),
        Label(
            "Help the model",
            "Computes sums and units in a question, and rewrites a reply in the wrong language.",
        ),
    ] = False
    pictures: Annotated[
        list[str],
        Hidden(),
        File((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")),
        Label("Pictures", "Pictures the message shows; needs a model that sees."),
    ] = []
    encoder: Annotated[
        WeightsId | None,
        Hidden(),
        Capability("embedding"),
        Label("Encoder", "Finds passages by meaning; without one, passages are found by keywords."),
    ] = WeightsId()
    multilingual: Annotated[
        WeightsId | None,
        Hidden(),
        Capability("multilingual-embedding"),
        Label("Multilingual encoder", "Finds passages by meaning where not all is English."),
    ] = WeightsId()
    reader: Annotated[
        WeightsId | None,
        Hidden(),
        Capability("text-recognition"),
        Label("Text recognition", "Reads scanned pages and photos; without it, they have no text."),
    ] = WeightsId()
    weights: TextModel = WeightsId()
    temperature: Annotated[Temperature, _SAMPLING] = 0.3
    top_p: Annotated[TopP, _SAMPLING] = 0.95
    top_k: Annotated[TopK, _SAMPLING] = 40
    min_p: Annotated[MinP, _SAMPLING] = 0.05
    max_tokens: Annotated[MaxTokens, _LIMITS] = 1024
    stop: Annotated[
        list[str],
        Label("Stop sequences", "The reply ends before the first of these texts."),
        _LIMITS,
    ] = []
    repetition_penalty: Annotated[
        float,
        Range(0.5, 3, 0.05),
        Label("Repetition penalty", "Above 1, tokens already used become less likely; 1 is off."),
        _PENALTIES,
    ] = 1.05
    presence_penalty: Annotated[
        float,
        Range(-2, 2, 0.1),
        Label(
            "Presence penalty",
            "Above 0, tokens already used become less likely, however often they occur; 0 is off.",
        ),
        _PENALTIES,
    ] = 0.0
    frequency_penalty: Annotated[
        float,
        Range(-2, 2, 0.1),
        Label("Frequency penalty", "Above 0, tokens become less likely with each use; 0 is off."),
        _PENALTIES,
    ] = 0.0
    seed: Annotated[
        Seed, Label("Seed", "The same seed and settings give the same reply."), _PENALTIES
    ] = Seed.random()
    schema: Annotated[
        str,
        Text(lines=4, placeholder='{"type": "object"}', from_file=True, code=True),
        Label("JSON schema", "The reply is JSON that matches this schema exactly."),
        _FORM,
    ] = ""
    regex: Annotated[
        str,
        Text(placeholder="yes|no", code=True),
        Label("Regular expression", "The reply matches this expression exactly."),
        _FORM,
    ] = ""
    grammar: Annotated[
        str,
        Text(lines=4, placeholder='start: "yes" | "no"', from_file=True, code=True),
        Label("Grammar", "The reply follows this Lark grammar exactly."),
        _FORM,
    ] = ""

    def check(self) -> None:
        """Refuse a form that cannot be one.

        Raises:
            BadInput: There is more than one, or it is broken.
        """
        self.constraint()

    def constraint(self) -> Constraint | None:
        """Return the form that the answer must have.

        Raises:
            BadInput: There is more than one, or it is broken.
        """
        forms: list[tuple[Literal["json_schema", "regex", "grammar"], str]] = [
            ("json_schema", self.schema),
            ("regex", self.regex),
            ("grammar", self.grammar),
        ]
        given = [(kind, text) for kind, text in forms if text.strip()]
        if len(given) > 1:
            raise BadInput(
                "A reply can have only one output format.",
                "Keep one of JSON schema, regex and grammar.",
            )
        return Constraint(*given[0]) if given else None


class Recognise(Params, frozen=True):
    """Which documents become text."""

    documents: Annotated[
        list[str],
        File(DOCUMENTS),
        Label("Documents", "Scans, photos of pages, or any document."),
    ] = []
    weights: Annotated[
        WeightsId | None,
        Capability("text-recognition"),
        Label("Model", "Reads the scanned pages; without one, only documents with text are read."),
    ] = WeightsId()


class Embed(Params, frozen=True):
    """Which texts become vectors."""

    texts: Annotated[
        list[str],
        Label("Texts", "Each text becomes one vector."),
    ] = []
    languages: Annotated[
        Literal["english", "any"],
        Label("Languages", "Texts that are to be compared need the same choice."),
    ] = "english"
    purpose: Annotated[
        Literal["passage", "question"],
        Label("Purpose", "What is looked through, or what is looked for."),
    ] = "passage"
    weights: Annotated[
        WeightsId | None, Capability("embedding"), Label("Model", "The embedding model.")
    ] = WeightsId()
    multilingual: Annotated[
        WeightsId | None,
        Capability("multilingual-embedding"),
        Label("Multilingual model", "The embedding model for any language."),
    ] = WeightsId()


class Rank(Params, frozen=True):
    """Which texts are held against which questions."""

    questions: Annotated[
        list[str],
        Label("Questions", "What is looked for."),
    ] = []
    texts: Annotated[
        list[str],
        Label("Texts", "What is looked through."),
    ] = []
    encoder: Annotated[
        WeightsId | None,
        Capability("embedding"),
        Label("Encoder", "Compares the meanings of English texts; without one, words decide."),
    ] = WeightsId()
    multilingual: Annotated[
        WeightsId | None,
        Capability("multilingual-embedding"),
        Label("Multilingual encoder", "Compares the meanings of texts that are not all English."),
    ] = WeightsId()


class ChatSettings(Params, frozen=True):
    """The section of the chat in Settings."""

    send_with_ctrl: Annotated[
        bool,
        Label("Send with Ctrl+Enter", "Enter then starts a new line."),
    ] = False
    tool_steps: Annotated[
        int,
        Range(1, 30, 1),
        Label("Maximum tool steps", "An answer that uses tools ends after this many steps."),
    ] = 8
    read_aloud: Annotated[
        bool,
        Label("Read answers aloud", "Each sentence is spoken as soon as it is written."),
    ] = False
