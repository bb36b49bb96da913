"""Two hundred sentences to say: written for this bench, half of them put together from parts."""

from __future__ import annotations

from itertools import product
from typing import Final

_WRITTEN = (
    "The studio keeps a record of how every picture was made, so you can make it again next year.",
    "Please write a short poem about the sea, and read it to me slowly.",
    "Everything runs on this computer, and nothing is ever sent over the network.",
    "The old lighthouse stood alone on the rocks while the storm rolled in from the west.",
    "She bought three apples, two oranges, and a loaf of bread at the corner store.",
    "Nobody knew who had left the letter on the kitchen table that morning.",
    "The train to the city leaves every half hour from the second platform.",
    "If you cannot find the key, look under the blue stone beside the door.",
    "The meeting has been moved to Thursday because the manager is ill.",
    "Water boils at a lower temperature when you climb a high mountain.",
    "He opened the window and listened to the quiet rain on the roof.",
    "The children built a castle of sand and watched the waves take it away.",
    "Could you tell me how to get to the library from here?",
    "A good teacher asks more questions than she answers.",
    "The company promised to repair the machine before the end of the week.",
    "I would rather walk home than wait another hour for the bus.",
    "The cat slept on the warm stones until the sun went down.",
    "Every great journey begins with a single step in the right direction.",
    "They painted the walls white and hung a large mirror over the fireplace.",
    "The doctor told him to rest, drink plenty of water, and avoid coffee.",
    "There was a strange light in the forest, moving slowly between the trees.",
    "Our neighbors are planning a garden party for the first of June.",
    "The museum opens at nine in the morning and closes at six in the evening.",
    "Music has always been the best way for me to forget my worries.",
    "The contract begins in March and ends after twelve months.",
    "Either party may end the agreement with thirty days of notice in writing.",
    "The river was frozen, and people were skating under the bridge.",
    "We found an old map with a red cross in the middle of the island.",
    "It is easier to ask for forgiveness than to get permission.",
)
_WHO = (
    "The gardener",
    "My older sister",
    "A young doctor",
    "The night train",
    "Our neighbour",
    "The captain",
    "An old painter",
    "The whole village",
    "His best friend",
    "The new teacher",
)
_WHAT = (
    "opened the window",
    "carried the basket",
    "watched the river",
    "repaired the clock",
    "sang a quiet song",
    "wrote a short letter",
    "crossed the bridge",
    "painted the fence",
    "followed the road",
    "read the newspaper",
)
_WHEN = (
    "before the sun came up",
    "while the others slept",
    "in the middle of the storm",
    "because nobody else would",
    "after the long winter",
    "behind the old church",
    "without saying a word",
    "until the bell rang",
    "near the edge of the forest",
    "as quickly as possible",
)
_MADE = tuple(
    f"{who} {what} {when}."
    for number, (who, what, when) in enumerate(product(_WHO, _WHAT, _WHEN))
    if number % 37 % 6 == 0
)
SENTENCES: Final = (*_WRITTEN, *_MADE[: 200 - len(_WRITTEN)])
