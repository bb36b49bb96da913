"""The language of texts, by how often its commonest words occur, and the stems of its words."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, Final

_WORD: Final = re.compile(r"\w+")
COMMON: Final = frozenset([
    "the", "of", "and", "to", "in", "is", "that", "for", "it", "with", "as", "be", "on", "are",
    "this", "or", "by", "not", "from", "you", "which", "at", "can", "an", "if", "what", "how",
    "must", "who", "when", "where", "why", "does", "do", "has", "have", "was", "were", "will",
])  # fmt: skip
_LISTED: Final = {
    "english": "a i me my we they their its may should would could",
    "german": """
        der die das des dem den und oder ist sind war im in zu zum zur von vom mit für auf an aus
        bei nach um ein eine einen einem einer eines es ich mich mir mein sich man nicht auch als
        wie was wer wo wozu wofür warum wann welche welcher welches kann wird werden muss soll
    """,
    "french": """
        le la les un une des du de et ou est sont dans en à au aux pour par sur avec ne pas que qui
        quoi quel quelle comment où quand pourquoi il elle on je ce cette se son sa ses plus
    """,
    "spanish": """
        el la los las un una unos de del y o es son en a al para por con no que qué quién cómo cuál
        dónde cuándo se su sus lo le como más este esta
    """,
    "italian": """
        il lo la i gli le un una di del della dei e o è sono in a al per con non che chi come quale
        dove quando si su da dal nel nella più questo questa
    """,
    "dutch": """
        de het een en of is zijn in van op te voor met aan bij niet dat die wat wie hoe waar wanneer
        welke ik je zich er om uit door als ook worden wordt
    """,
    "portuguese": """
        o a os as um uma de do da dos das e ou é são em no na para por com não que quem como qual
        onde quando se seu sua ao mais este esta
    """,
    "swedish": """
        en ett och eller är i på av till för med som inte det den de att vad vem hur var när vilken
        jag man sig om från kan ska har
    """,
}
_LITTLE: Final = {
    name: frozenset(words.split()) | (COMMON if name == "english" else frozenset())
    for name, words in _LISTED.items()
}
"""Words that tell nothing of what a text is about, by the name that Snowball has for a language."""
_SAMPLE: Final = 20_000
_SHARE: Final = 0.2
"""English text has a third of such words, lists and tables fewer; German, French, Spanish under a
tenth."""
_MARGIN: Final = 2
"""Little words by which one language must be ahead of the others."""
_ENOUGH: Final = 40
"""Words; of fewer nobody can tell by their shares."""
_one_at_a_time: Final = threading.Lock()


def is_english(question: str, texts: Sequence[str]) -> bool:
    """Return whether a question and the texts it is about are all English.

    A short question is unless it has letters that English has not, or none of its common words.
    """
    words = _words(question)
    is_odd = not question.isascii() and any(not word.isascii() for word in words)
    if is_odd or (len(words) > 3 and not COMMON.intersection(words)):
        return False
    return all(_is_english(text) for text in texts)


def language_of(text: str) -> str:
    """Return the language that most of the little words are of; empty where there are none."""
    counts = _counts(text)
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else ""


def sure_language_of(text: str) -> str:
    """Return the language of a text; empty where its little words could be those of another."""
    counts = _counts(text)
    best = max(counts, key=lambda name: counts[name])
    others = max(count for name, count in counts.items() if name != best)
    return best if counts[best] >= others + _MARGIN else ""


def _counts(text: str) -> dict[str, int]:
    words = _words(_middle(text))
    return {name: sum(word in little for word in words) for name, little in _LITTLE.items()}


def stems(text: str, language: str) -> list[str]:
    """Return the words that tell something, each cut to its stem (Snowball; Porter 2001).

    Where none does, all of them tell what there is to be told.

    Args:
        language: As ``language_of`` names it; words of others stay as they are.
    """
    return telling_stems(text, language) or [stem(word, language) for word in _words(text)]


def telling_stems(text: str, language: str) -> list[str]:
    """Return the words that tell something, each cut to its stem; none where none does."""
    little = _LITTLE.get(language, frozenset())
    return [stem(word, language) for word in _words(text) if word not in little]


@lru_cache(1 << 18)
def stem(word: str, language: str) -> str:
    """Return the stem of a word in small letters."""
    if language not in _LITTLE:
        return word
    with _one_at_a_time:  # a stemmer holds the word that it is at
        return str(_stemmer(language).stemWord(word))


@cache
def _stemmer(language: str) -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer(language)


def _is_english(text: str) -> bool:
    words = _words(_middle(text))
    return len(words) < _ENOUGH or sum(word in COMMON for word in words) > _SHARE * len(words)


def _middle(text: str) -> str:
    start = max(0, len(text) // 2 - _SAMPLE // 2)
    return text[start : start + _SAMPLE]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
