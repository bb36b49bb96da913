"""Parameters of fine-tuning."""

from __future__ import annotations

from typing import Annotated, Literal

from studio.api import (
    BadInput,
    Capability,
    File,
    Group,
    Label,
    Params,
    Range,
    Seed,
    ShownIf,
    Text,
    WeightsId,
)

_TRAINING = Group("Training", advanced=True)


class FineTune(Params, frozen=True):
    """Which language model learns more, from what, for how long."""

    method: Annotated[
        Literal["examples", "preferences", "verdict"],
        Label(
            "Learn from",
            "Examples are answers to imitate. Preferences are pairs of a better and a worse answer "
            "(DPO). With a verdict the model tries itself, and a checker of yours says which "
            "answers are right (reinforcement).",
        ),
    ] = "examples"
    data: Annotated[
        str,
        File((".csv", ".tsv", ".jsonl", ".json", ".txt", ".md")),
        Label(
            "Data",
            "A CSV or JSONL file with a prompt and an answer in each row, or a plain text. For "
            "preferences: prompt, chosen, rejected; without a file the stars in Chat and in the "
            "Gallery tell. For a verdict: prompts alone.",
        ),
    ] = ""
    checker: Annotated[
        str,
        File((".json", ".py")),
        Label(
            "Checker",
            "A JSON schema for answers, or a Python file with a function check(prompt, answer) "
            "that says whether an answer is right; it runs in the sandbox.",
        ),
        ShownIf("method", "verdict"),
    ] = ""
    pattern: Annotated[
        str,
        Text(placeholder=r"e.g. \d+ (apples|pears)", max_chars=2000, code=True),
        Label("Regular expression", "What a whole answer must match, without a checker."),
        ShownIf("method", "verdict"),
    ] = ""
    answer: Annotated[
        int,
        Range(1, 512, 8, "tokens"),
        Label("Answer", "How long an answer may be."),
        ShownIf("method", "verdict"),
    ] = 48
    weights: Annotated[
        WeightsId,
        Capability("text"),
        Label("Model", "The language model that is adapted; it stays as it is."),
    ] = WeightsId()
    epochs: Annotated[
        int, Range(1, 100), Label("Epochs", "How often each example is seen, at most.")
    ] = 3
    minutes: Annotated[
        float, Range(0.05, 10_000, 1, "min"), Label("Time", "How long to train at most.")
    ] = 30.0
    rank: Annotated[
        int,
        Range(1, 256),
        Label("Rank", "How much the adapter can change; a higher one needs more examples."),
        _TRAINING,
    ] = 8
    strength: Annotated[
        float,
        Range(0.1, 512.0, 1.0),
        Label("Strength", "What the changes are multiplied by; twice the rank is usual."),
        _TRAINING,
    ] = 16.0
    batch: Annotated[
        int, Range(1, 256), Label("Batch", "How many examples each step learns from."), _TRAINING
    ] = 4
    rate: Annotated[
        float,
        Range(0.00001, 0.1, 0.0001),
        Label("Learning rate", "How large the steps are at most."),
        _TRAINING,
    ] = 0.001
    length: Annotated[
        int,
        Range(16, 8192, 16, "tokens"),
        Label("Length", "What is behind so many tokens of an example is cut."),
        _TRAINING,
    ] = 256
    checkpoint_seconds: Annotated[
        float,
        Range(1, 3600, 10, "s"),
        Label("Checkpoint every", "After a crash, training continues from the last one."),
        _TRAINING,
    ] = 60.0
    early_stopping: Annotated[
        bool,
        Label("Stop early", "End when the validation has not improved for a while."),
        _TRAINING,
    ] = True
    merge: Annotated[
        bool,
        Label(
            "Whole model",
            "Also make a GGUF file that needs neither the model nor the adapter.",
        ),
        Group("Result", advanced=True),
    ] = False
    seed: Seed = Seed.random()

    def check(self) -> None:
        """Refuse to learn from nothing."""
        if self.method == "verdict" and not (self.checker or self.pattern):
            raise BadInput(
                "Nothing says which answers are right.",
                "Choose a checker, or write a regular expression.",
            )
        if self.method != "preferences" and not self.data:
            raise BadInput("There is nothing to learn from.", "Choose a file with examples.")
