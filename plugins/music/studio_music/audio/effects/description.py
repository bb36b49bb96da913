"""Parses a description: which sound, its morph target, its qualities. English and German.

Decides by words alone, and reports the ones it did not understand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from studio_music.audio.effects.catalogue import FAMILIES
from studio_music.audio.effects.family import Family

Change = Mapping[str, float]
"""What a word changes: ``pitch`` in semitones, ``length`` as a factor; ``brightness``, ``space``,
``roughness`` and ``variety`` in percent; ``loudness`` in LUFS. All but the factor are added."""

_BIG: Final = {"pitch": -5.0, "length": 1.4}
_SMALL: Final = {"pitch": 5.0, "length": 0.75}

_CHANGES: Final[tuple[tuple[str, Change], ...]] = (
    ("big large great heavy giant fat massive groß riesig schwer dick", _BIG),
    ("huge enormous gigantic colossal epic gewaltig", {"pitch": -8, "length": 1.8, "space": 20}),
    ("small little klein leicht", _SMALL),
    ("tiny mini miniature cute winzig", {"pitch": 9, "length": 0.6}),
    ("low deep lower tief tiefe", {"pitch": -7}),
    ("high higher shrill squeaky hoch schrill", {"pitch": 7}),
    ("long longer slow lasting lang langsam", {"length": 1.7}),
    ("short shorter quick fast brief sudden kurz schnell", {"length": 0.55}),
    ("bright brighter crisp sharp clear sparkling shiny hell scharf klar", {"brightness": 35}),
    ("metal metallic steel silver metallisch", {"brightness": 25}),
    ("dull dark muffled soft warm round dumpf dunkel weich warm", {"brightness": -40}),
    ("wood wooden cardboard hölzern", {"brightness": -20}),
    ("distant far away faraway remote fern entfernt weit", {"space": 55, "brightness": -45}),
    ("echo echoing reverb reverberant hallway hall church hallend", {"space": 60}),
    ("cave cavern dungeon tunnel cathedral höhle", {"space": 85, "brightness": -10}),
    ("room indoors bathroom zimmer", {"space": 25}),
    ("near close dry nah trocken", {"space": -20}),
    ("rough harsh dirty distorted gritty broken aggressive rau verzerrt", {"roughness": 45}),
    ("brutal crushed overdriven brutal", {"roughness": 75}),
    ("clean smooth pure sauber glatt", {"roughness": -30}),
    ("loud louder laut", {"loudness": 6}),
    ("quiet quieter silent faint leise", {"loudness": -10}),
    ("strange odd weird random seltsam", {"variety": 50}),
    ("evil sinister dangerous böse", {"pitch": -5, "roughness": 25}),
    ("happy cheerful friendly fröhlich", {"pitch": 3, "brightness": 15}),
    ("sad traurig", {"pitch": -3, "length": 1.3, "brightness": -15}),
    ("old ancient alt", {"brightness": -20, "roughness": 15}),
)

CHANGES: Final[Mapping[str, Change]] = {
    word: change for words, change in _CHANGES for word in words.split()
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILLERS: Final = _words(
    "a an the of in on at to from with and or for my your his her its it is are as by please make "
    "me give some sound sounds effect effects noise sfx fx audio like very really quite more less "
    "that this there when while being gets get who which being made one single game games video "
    "someone somebody something "
    "ein eine einer eines der die das den dem des im in am auf mit und von für bitte klang "
    "geräusch ton sehr wie jemand etwas"
)

MORPHS: Final = _words("into becoming becomes turning morphing morph wird zu")
"""Behind these comes what the sound turns into."""

HEADS_BEFORE: Final = _words("of in on at from with near under behind mit auf im von")
"""Before these stands what the sound is, behind them where or whereof."""

GERMAN: Final[Mapping[str, str]] = {
    "coin": "münze, geld, gold",
    "jump": "sprung, springen, hüpfen",
    "laser": "laserstrahl, strahl",
    "explosion": "bombe, knall, sprengung",
    "hit": "schlag, treffer, hieb",
    "power_up": "stärker, aufstieg",
    "power_down": "schwächer, abschalten",
    "game_over": "verloren, niederlage",
    "victory": "sieg, gewonnen, fanfare",
    "teleport": "teleportieren",
    "magic": "zauber, magie, zaubern",
    "shield": "schild, schutzschild",
    "blip": "piep, auswahl",
    "click": "klick, klicken, taste",
    "switch": "schalter, hebel",
    "notification": "nachricht, hinweis",
    "error": "fehler, falsch",
    "typing": "tippen, tastatur, schreibmaschine",
    "camera": "kamera, foto",
    "alarm": "wecker, warnung",
    "siren": "sirene, polizei, krankenwagen",
    "telephone": "telefon, klingeln",
    "clock": "uhr, ticken",
    "footstep": "schritt",
    "footsteps": "schritte, gehen, laufen",
    "door": "tür, tor",
    "creak": "knarren, quietschen",
    "knock": "klopfen",
    "glass": "glas, scherben, zerbrechen",
    "clang": "metall, schwert, eisen",
    "bell": "glocke, läuten",
    "rock": "stein, fels",
    "pop": "plopp, korken",
    "gunshot": "schuss, pistole, gewehr",
    "drum": "trommel, pauke",
    "zip": "reißverschluss",
    "drip": "tropfen",
    "bubble": "blase, blubbern, blasen",
    "splash": "platschen, spritzen, wasser",
    "thunder": "donner, gewitter, blitz",
    "whoosh": "sausen, zischen, schwung",
    "arrow": "pfeil, bogen",
    "whip": "peitsche",
    "bird": "vogel, zwitschern",
    "dog": "hund, bellen",
    "cat": "katze, miauen",
    "frog": "frosch, quaken",
    "growl": "knurren, monster, brüllen",
    "engine_start": "motorstart, anlasser",
    "car_horn": "hupe, hupen",
    "train_whistle": "lokomotive, dampfpfeife",
    "drill": "bohrer, bohrmaschine",
    "spark": "funke, strom, blitzen",
    "radio": "rundfunk, rauschen",
    "robot_voice": "roboter, roboterstimme",
    "ghost": "geist, gespenst",
    "heartbeat": "herz, herzschlag",
    "cash_register": "kasse",
    "rain": "regen, regnen",
    "wind": "sturm, böe",
    "fire": "feuer, lagerfeuer, kamin",
    "sea": "meer, wellen, brandung",
    "stream": "bach, fluss, wasserfall",
    "crowd": "menge, leute, menschen, publikum",
    "applause": "beifall, applaus, klatschen",
    "engine": "motor, auto, traktor",
    "birds": "vögel, wald, vogelgesang",
    "crickets": "grillen, nacht, insekten",
    "machine_hum": "brummen, summen, maschine, lüfter",
    "spaceship": "raumschiff, weltraum",
    "train_ride": "zug, zugfahrt, eisenbahn",
}
"""German words for the families."""


_LONGEST_PHRASE: Final = 4
_NAME, _SYNONYM = 2, 1
_UNITS: Final = {"variation", "version", "variant", "take", "sample", "variante"}
_TIMES: Final = {"s": 1.0, "sec": 1.0, "second": 1.0, "sekunde": 1.0, "ms": 0.001}
_NUMBERS: Final = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "twenty": 20, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "zehn": 10,
    "zwanzig": 20,
}  # fmt: skip

_ENDINGS: Final = (
    ("ies", "y"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"),
    ("er", ""), ("ly", ""), ("y", ""), ("en", ""), ("e", ""),
)  # fmt: skip
"""Endings, and what stands in their place in the stem."""


@dataclass
class Described:
    """A parsed description.

    Attributes:
        sound, into: Ids of families; empty where none was named.
        changes: As in ``lexicon.Change``, added up.
        shape: Knobs of ``sound`` that were named.
        seconds, count: As described; 0 where nothing was.
        known, unknown: The words that were understood, and those that were not.
    """

    sound: str = ""
    into: str = ""
    changes: dict[str, float] = field(default_factory=dict)
    shape: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    count: int = 0
    known: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    _done: list[Change] = field(default_factory=list)

    def change(self, by: Change) -> None:
        """Add a change, unless a word of the same sense has: "far away" says one thing."""
        if any(by is done for done in self._done):
            return
        self._done.append(by)
        for name, value in by.items():
            if name == "length":
                self.changes[name] = self.changes.get(name, 1.0) * value
            else:
                self.changes[name] = self.changes.get(name, 0.0) + value


@dataclass(frozen=True)
class _Meant:
    """A word or phrase, and the families that it may mean."""

    words: str
    families: tuple[tuple[str, int], ...] = ()
    boundary: bool = False


def understand(text: str) -> Described:
    """Parse a description; never fails, whatever the text."""
    description = Described()
    words = re.findall(r"\d+(?:[.,]\d+)?|[^\W\d_]+(?:['’-][^\W\d_]+)*", text.lower())
    words = list(_without_numbers(words, description))
    before, after = _split(words)
    rest = _name(list(_phrases(before)), description)
    if after:
        target = Described()
        rest += _name(list(_phrases(after)), target)
        description.into = target.sound
        description.known += target.known
    for word in rest:
        _describe(word, description)
    return description


def _without_numbers(words: list[str], description: Described) -> Iterator[str]:
    """Yield the words without numbers and their units, which go into the description."""
    place = 0
    while place < len(words):
        word = words[place]
        unit = next(iter(_stems(words[place + 1])), "") if place + 1 < len(words) else ""
        units = _stems(words[place + 1]) if place + 1 < len(words) else []
        number = _NUMBERS.get(word) or _number(word)
        time = next((name for name in units if name in _TIMES), "")
        if number is not None and time:
            description.seconds = number * _TIMES[time]
        elif number is not None and any(name in _UNITS for name in units):
            description.count = round(number)
        else:
            yield word
            place += 1
            continue
        description.known.append(f"{word} {unit}")
        place += 2


def _number(word: str) -> float | None:
    return float(word.replace(",", ".")) if word[0].isdigit() else None


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Return what stands before and behind "into"."""
    for place, word in enumerate(words):
        if place and word in MORPHS:
            behind = [other for other in words[place:] if other not in MORPHS]
            return words[:place], behind
    return [word for word in words if word not in MORPHS], []


def _phrases(words: list[str]) -> Iterator[_Meant]:
    """Yield words and phrases with the families that they may mean; the longest ones first."""
    place = 0
    while place < len(words):
        for size in range(min(_LONGEST_PHRASE, len(words) - place), 0, -1):
            phrase = words[place : place + size]
            families = _families(" ".join(phrase))
            if families or size == 1:
                yield _Meant(" ".join(phrase), families, phrase[0] in HEADS_BEFORE)
                place += size
                break


def _families(phrase: str) -> tuple[tuple[str, int], ...]:
    index = _index()
    for stem in _stems(phrase):
        if stem in index:
            return index[stem]
    return ()


@cache
def _index() -> Mapping[str, tuple[tuple[str, int], ...]]:
    """Return the families of each stem, and whether it is their name or a synonym."""
    index: dict[str, dict[str, int]] = {}
    for family in FAMILIES.values():
        for stem in _stems(family.id.replace("_", " ")):
            index.setdefault(stem, {})[family.id] = _NAME
        for word in (*family.words, *GERMAN.get(family.id, "").split(", ")):
            for stem in _stems(word):
                index.setdefault(stem, {}).setdefault(family.id, _SYNONYM)
    return {stem: tuple(entries.items()) for stem, entries in index.items()}


@cache
def _stems(word: str) -> list[str]:
    """Return a word as it is and without its endings: the likeliest first."""
    stems = [word]
    for ending, put in _ENDINGS:
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3:
            stems.append(root + put)
            if len(root) > 3 and root[-1] == root[-2]:
                stems.append(root[:-1])
    return stems


def _name(meant: list[_Meant], description: Described) -> list[str]:
    """Choose the family; return the other words.

    The head of "a metal door in the rain" is the last name before "in".
    """
    parts: list[list[_Meant]] = [[]]
    for meaning in meant:
        if meaning.boundary:
            parts.append([])
        parts[-1].append(meaning)
    head = next((part for part in parts if any(meaning.families for meaning in part)), [])
    best, highest = None, (0, 0)
    for meaning in head:
        level = max((level for _, level in meaning.families), default=0)
        rank = (level, len(meaning.words.split()))  # of "church bell rings" the bell is said better
        if level and rank >= highest:
            best, highest = meaning, rank
    if best is not None:
        description.sound = max(best.families, key=lambda family: family[1])[0]
        description.known.append(best.words)
    return [word for meaning in meant if meaning is not best for word in meaning.words.split()]


def _describe(word: str, description: Described) -> None:
    """Take a word that names no sound: a knob of the sound, a change, a filler, or unknown."""
    if word in FILLERS:
        return
    knobs = _knobs(FAMILIES[description.sound]) if description.sound else {}
    for stem in _stems(word):
        if stem in knobs:
            name, value = knobs[stem]
            description.shape[name] = value
            description.known.append(word)
            return
        if stem in CHANGES:
            description.change(CHANGES[stem])
            description.known.append(word)
            return
    if description.sound and any(family == description.sound for family, _ in _families(word)):
        description.known.append(word)  # says the same again: "a door slam"
        return
    description.unknown.append(word)


def _knobs(family: Family) -> dict[str, tuple[str, float]]:
    return {word: (knob.name, value) for knob in family.knobs for word, value in knob.words}
