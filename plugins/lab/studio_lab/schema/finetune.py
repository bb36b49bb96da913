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
from studio_lab.schema.training_fields import (
    TRAINING,
    AdapterBatch,
    AdapterRate,
    CheckpointSeconds,
    EarlyStopping,
    Minutes,
    Rank,
    Strength,
)


class FineTune(Params, frozen=True):
    """Which language model learns more, from what, for how long."""

    method: Annotated[
        Literal["examples", "preferences", "verdict"],
        Label(
            "Learn from",
            "Examples are answers to imitate. Preferences are pairs of a better and a worse answer "
            "(DPO). With a verdict the model tries itself, and your own checker says which "
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
    minutes: Minutes = 30.0
    rank: Rank = 8
    strength: Strength = 16.0
    batch: AdapterBatch = 4
    rate: AdapterRate = 0.001
    length: Annotated[
        int,
        Range(16, 8192, 16, "tokens"),
        Label("Length", "What is behind so many tokens of an example is cut."),
        TRAINING,
    ] = 256
    checkpoint_seconds: CheckpointSeconds = 60.0
    early_stopping: EarlyStopping = True
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
