"""Parameters of the tasks that make a lesson and mark an answer. Plain data only."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import (
    Group,
    Label,
    Params,
    Range,
    Seed,
    Temperature,
    Text,
    TextModel,
    WeightsId,
)
from studio_chat.schema.texts import SubjectFile, WritingSeed, one_subject

_SAMPLING = Group("Sampling", advanced=True)


class Lesson(Params, frozen=True):
    """Parameters of a lesson: a topic, a text or a document."""

    topic: Annotated[
        str,
        Text(max_chars=300, placeholder="How bees find flowers"),
        Label("Topic", "Written about from what the model knows, which may be wrong."),
    ] = ""
    text: Annotated[
        str,
        Text(lines=6, placeholder="Paste a text"),
        Label("Text", "Learned from instead of a topic."),
    ] = ""
    document: SubjectFile = ""
    sections: Annotated[
        int, Range(1, 12, 1), Label("Sections", "At most so many, each with a question.")
    ] = 5
    questions: Annotated[
        Literal["choice", "short", "mixed"],
        Label("Questions", choices={"choice": "Multiple choice", "short": "Short answers"}),
    ] = "mixed"
    weights: TextModel = WeightsId()
    temperature: Annotated[Temperature, _SAMPLING] = 0.2
    seed: WritingSeed = Seed.random()

    def check(self) -> None:
        """Refuse two subjects.

        Raises:
            BadInput: There is more than one.
        """
        one_subject(self.text or self.topic, self.document)
        one_subject(self.text, self.topic)


class Mark(Params, frozen=True):
    """An answer to a question, and the passage that it is checked against."""

    question: Annotated[str, Text(lines=2, max_chars=2_000), Label("Question")]
    passage: Annotated[
        str,
        Text(lines=6, max_chars=20_000),
        Label("Passage", "What the answer is checked against."),
    ]
    answer: Annotated[str, Text(lines=3, max_chars=4_000), Label("Answer", "Yours.")] = ""
    weights: TextModel = WeightsId()
    temperature: Annotated[Temperature, _SAMPLING] = 0.0
    seed: WritingSeed = Seed.random()
