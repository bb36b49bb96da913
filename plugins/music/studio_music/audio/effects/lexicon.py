"""What words of a description mean beside the sounds themselves. Data only; English and German."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
    "footstep": "schritt, schritte, gehen",
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
