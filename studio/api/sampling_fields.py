"""Fields that schemas of many plugins share: how freely is sampled, how long, by which model.

``temperature: Temperature = 0.7`` declares one. A schema that needs it otherwise adds a note, and
the last of a kind counts: ``Annotated[Temperature, Range(0.1, 1), Group("Sampling")]``.
"""

from __future__ import annotations

from typing import Annotated

from studio.api.params import Capability, Label, Range, WeightsId

Temperature = Annotated[
    float,
    Range(0, 2, 0.05),
    Label("Temperature", "Higher is more random; 0 always picks the most likely token."),
]

TopP = Annotated[
    float,
    Range(0, 1, 0.01),
    Label(
        "Top p", "Sample only from the most likely tokens with this total probability; 1 is off."
    ),
]

TopK = Annotated[
    int,
    Range(0, 1000),
    Label("Top k", "Sample only from this many of the most likely tokens; 0 is off."),
]

MinP = Annotated[
    float,
    Range(0, 1, 0.01),
    Label(
        "Min p",
        "Exclude tokens below this share of the most likely token's probability; 0 is off.",
    ),
]

MaxTokens = Annotated[
    int,
    Range(1, 32_768, 64, "tokens"),
    Label("Maximum length", "The reply ends after this many tokens."),
]

TextModel = Annotated[
    WeightsId, Capability("text"), Label("Model", "The language model that replies.")
]
