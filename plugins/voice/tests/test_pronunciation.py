"""Written English becomes words, sentences and sounds."""

from __future__ import annotations

import pytest
import torch

from studio_voice.pronunciation.lexicon import Lexicon, sentences
from studio_voice.pronunciation.network import SLOTS, Speller, numbered
from studio_voice.pronunciation.numbers import read_out
from studio_voice.pronunciation.sentence_stream import SentenceStream

pytestmark = pytest.mark.torch

KNOWN = {
    "us": {
        "cat": "kˈæt", "dog": "dˈɔɡ", "dish": "dˈɪʃ", "apple": "ˈæpᵊl", "pear": "pˈɛɹ",
        "jump": "ʤˈʌmp", "make": "mˈAk", "M": "ˈɛm", "A": "ˈA", "H": "ˈAʧ",
        "wound": {"DEFAULT": "wˈund"},
    },
    "gb": {"cat": "kˈat"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Dr. Smith", "Doctor Smith"),
        ("$1,250.50", "one thousand two hundred and fifty dollars and fifty cents"),
        ("£3.01", "three pounds and one penny"),
        ("€2.5 million", "two point five million euros"),
        ("3 March 2026", "March third twenty twenty six"),
        ("2026-11-29", "November twenty ninth, twenty twenty six"),
        ("9:05 am", "nine oh five A M"),
        ("at 14:00", "at fourteen o'clock"),
        ("the 21st", "the twenty first"),
        ("-3.14", "minus three point one four"),
        ("1 km and 5 km", "one kilometre and five kilometres"),
        ("12 %", "twelve percent"),
        ("007", "zero zero seven"),
        ("9" * 20, " ".join(["nine"] * 20)),
        ("https://www.example.org/a?b", "example dot org"),
        ("99:99 and 13-13-13", None),
    ],
)
def test_what_is_no_word_is_read_out(written: str, said: str | None) -> None:
    made = read_out(written)
    assert not any(letter.isdigit() for letter in made)
    if said is not None:
        assert made.strip() == said


def sounds(text: str, accent: str = "us") -> tuple[str, list[str]]:
    return Lexicon(KNOWN).sounds(text, accent, lambda word, accent: "ʔ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cats", "kˈæts"),
        ("dogs", "dˈɔɡz"),
        ("dishes", "dˈɪʃɪz"),
        ("jumped", "ʤˈʌmpt"),
        ("making", "mˈAkɪŋ"),
        ("cat's", "kˈæts"),
        ("the apple", "ði ˈæpᵊl"),
        ("the pear", "ðə pˈɛɹ"),
        ("a cat", "ɐ kˈæt"),
        ("wound!", "wˈund!"),
        ("HMA", "ˈAʧ ˈɛm ˈA"),
    ],
)
def test_words_are_known_with_their_endings(text: str, said: str) -> None:
    made, guessed = sounds(text)
    assert made == said
    assert not guessed


def test_other_words_are_guessed_and_named() -> None:
    assert sounds("zyx cat") == ("ʔ kˈæt", ["zyx"])
    assert sounds("cat", "gb") == ("kˈat", [])


def test_a_text_is_said_sentence_by_sentence() -> None:
    text = "Dr. Who said so. “Really?” he asked!\n\nYes… * * *\n- one\n- two"
    assert list(sentences(text)) == [
        "Dr. Who said so.", "“Really?”", "he asked!", "Yes…", "- one", "- two",
    ]  # fmt: skip


def test_a_long_sentence_is_said_in_parts_and_nothing_is_lost() -> None:
    text = ", ".join(f"word{n} and another one" for n in range(60)) + " " + "x" * 2000
    parts = list(sentences(text))
    assert all(len(part) <= 241 for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split()), "of the long word all is said"


def test_the_network_says_what_it_has_learned() -> None:
    torch.manual_seed(0)
    network = Speller("abc")
    rows = [("ab", [1, 2]), ("cab", [3, 1, 2]), ("bac", [2, 1, 3])]
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    lost = torch.nn.CTCLoss()
    for _ in range(60):
        for word, target in rows:
            likely = network(torch.tensor([numbered(word)]), torch.tensor([0])).transpose(0, 1)
            loss = lost(likely, torch.tensor([target]), (SLOTS * len(word),), (len(target),))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    assert network.say([word for word, _ in rows], "us") == ["ab", "cab", "bac"]
    assert network.say(["123"], "us") == [""]


def test_sentences_of_a_text_that_is_being_written_come_as_soon_as_they_are_whole() -> None:
    text = (
        "Well, to begin with the **short** answer, yes. See [the docs](http://a.b) or `x`. "
        "Dr. Smith agrees!\n\n## More\n- One_two\n- Two\n\n"
        "```python\nprint(1). No!\n```\nThat is all"
    )
    stream = SentenceStream()
    came: list[tuple[int, str]] = []
    for at in range(0, len(text), 3):
        came += [(at, sentence) for sentence in stream.add(text[at : at + 3])]
    assert [sentence for _, sentence in came] == [
        "Well, to begin with the short answer,",
        "yes.",
        "See the docs or x.",
        "Dr. Smith agrees!",
        "More",
        "One_two",
        "Two",
    ]
    assert all(text.find(words.split()[-1][:3]) < at + 4 for at, words in came)
    assert stream.end() == ["That is all"]
    assert stream.end() == []


@pytest.mark.parametrize("step", [3, 1000])
def test_of_a_long_first_sentence_a_phrase_is_said_at_once(step: int) -> None:
    text = "The train to the city leaves every half hour from the second platform. It is late."
    stream, came = SentenceStream(), list[str]()
    for at in range(0, len(text), step):
        came += stream.add(text[at : at + step])
    came += stream.end()
    assert came == [
        "The train to the city leaves every half hour,",
        "from the second platform.",
        "It is late.",
    ]
