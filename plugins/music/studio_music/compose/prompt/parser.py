"""From a person's words to the constraints on a tune. Words not understood are reported.

Decides what counts; the words are read in ``reader``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING, Final, get_args

import msgspec

from studio.api import BadInput
from studio_music.compose.backing import genre_of
from studio_music.compose.backing.pattern_notation import is_compound
from studio_music.compose.prompt import lexicon as words
from studio_music.compose.prompt.form import USUAL, Section, section_named, sections_of, usual_form
from studio_music.compose.prompt.moods import MOODS
from studio_music.compose.prompt.reader import Ask, Said
from studio_music.compose.prompt.request import TuneRequest
from studio_music.compose.prompt.tension import ARCS, by_bar, drawn
from studio_music.schema import Compose, MetreName
from studio_music.score.piece import TEMPO_RANGE, TICKS, Key, Metre

if TYPE_CHECKING:
    import numpy as np

MAX_BARS: Final = 128
MOST_REMARKS: Final = 6
_NAMED: Final = {"blues": "blues", "reggae": "reggae", "battle": "battle", "ambient": "soundscape"}
"""What a piece is called by its backing."""


class Asked(msgspec.Struct, frozen=True):
    """The request for a tune with its backing.

    Attributes:
        genre: The backing; "none" for none. ``drums``: whether it has some.
        program: Of the tune; None for one that suits.
        remarks: Sentences about words not understood or left out.
    """

    request: TuneRequest
    genre: str
    title: str
    program: int | None = None
    drums: bool = True
    remarks: tuple[str, ...] = ()


def understand(params: Compose, rng: np.random.Generator) -> Asked:
    """Combine the words and the fields into a request; the words win.

    Args:
        rng: Draws the key where neither names one.

    Raises:
        BadInput: It cannot be met: no such key, metre, tempo or length.
    """
    ask = Ask(params.prompt)
    wishes = Said.of(ask)
    dance = words.DANCES.get(wishes.dance or "")
    mood = wishes.mood or _mood(wishes, params, dance)
    genre = wishes.genre or _genre(params, dance, mood)
    metre = _metre(wishes.metre or (dance.metre if dance else params.metre))
    style = genre_of(genre) if genre != "none" else None
    own = style if mood == "any" else None
    tempo = _tempo(wishes, params, dance, own.tempo if own else MOODS[mood].tempo, metre)
    blues = genre == "blues"
    form, bars = _form(wishes, params, metre, tempo, blues)
    key = _key(wishes, params, mood, rng)
    scale = wishes.key[1] if wishes.key[1] in words.OLD_MODES else ""
    request = TuneRequest(
        key=key,
        scale=scale,
        metre=metre,
        bars=bars,
        tempo=tempo,
        mood=mood,
        temperature=params.temperature,
        form=form,
        tension=_tension(wishes, params, bars),
        loop=wishes.loop or params.loop,
        blues=blues,
        seconds=wishes.seconds or params.seconds,
        pace=own.pace if own and not dance else 0,
    )
    lift = 2 if wishes.lift else params.lift
    if lift:
        at = wishes.lift_at or params.lift_at.strip()
        lifted = _lifted(form or usual_form(bars, mood), bars, at)
        request = msgspec.structs.replace(request, lift=lift, lifted=lifted)
    return Asked(
        request=request,
        genre=genre,
        title=_title(
            mood,
            wishes.dance or _NAMED.get(wishes.genre or ""),
            request.key_name,
        ),
        program=wishes.program,
        drums=_has_drums(wishes, params),
        remarks=_first(tuple(ask.remarks())),
    )


def _metre(name: str) -> Metre:
    names = get_args(MetreName)
    if name not in names:
        raise BadInput(f"Tunes in {name} are not supported.", f"Choose {_either(names)}.")
    beats, unit = name.split("/")
    return Metre(int(beats), int(unit))


def _key(wishes: Said, params: Compose, mood: str, rng: np.random.Generator) -> Key:
    tonic, mode = wishes.key[0], words.OLD_MODES.get(wishes.key[1], wishes.key[1])
    if tonic:
        return Key.parse(f"{tonic} {mode or 'major'}")
    if params.key.strip() and not mode:
        return Key.parse(params.key)
    mode = mode or MOODS[mood].mode or ("major", "minor")[int(rng.integers(2))]
    tonics = words.OPEN_TONICS[mode]
    return Key(tonics[int(rng.integers(len(tonics)))], mode)


def _tempo(
    wishes: Said, params: Compose, dance: words.Dance | None, usual: float, metre: Metre
) -> float:
    """Return quarter notes a minute: as said, as the field says, else as the dance or as usual."""
    low, high = TEMPO_RANGE
    if wishes.bpm is not None or (params.tempo and wishes.pace is None):
        tempo = wishes.bpm if wishes.bpm is not None else params.tempo
        if not low <= tempo <= high:
            raise BadInput(
                f"A tempo of {tempo:g} quarter notes per minute cannot be played.",
                f"Choose a tempo from {low:g} to {high:g}.",
            )
        return tempo
    if dance:
        pace = (wishes.pace or words.MEDIUM_TEMPO) / words.MEDIUM_TEMPO
        return round(dance.tempo * math.pow(pace, 0.6))
    # Words count beats, and a beat of 6/8 has three eighths.
    quarters = 1.5 if is_compound(metre) else 1
    return round((wishes.pace or usual) * quarters)


def _mood(wishes: Said, params: Compose, dance: words.Dance | None) -> str:
    """Return the mood of the field, else that of the dance, else that of the backing."""
    if params.mood != "any":
        return params.mood
    return dance.mood if dance else words.GENRE_MOODS.get(wishes.genre or params.genre, "any")


def _genre(params: Compose, dance: words.Dance | None, mood: str) -> str:
    if dance:
        return dance.genre
    return MOODS[mood].genre if params.genre == "auto" else params.genre


def _has_drums(wishes: Said, params: Compose) -> bool:
    """Return whether the backing has drums: as said, or as a backing has that is asked for.

    Else an instrument that is named plays without them, and so does a quiet dance.
    """
    if wishes.drums is not None:
        return wishes.drums
    if wishes.genre or params.genre != "auto":
        return True
    return wishes.program is None and wishes.dance not in words.QUIET


def _form(
    wishes: Said, params: Compose, metre: Metre, tempo: float, blues: bool
) -> tuple[tuple[Section, ...], int]:
    """Return the sections and how many bars they have together."""
    bars, usual = _bars(wishes, params, metre, tempo), 12 if blues else USUAL
    text = wishes.form or params.form.strip()
    usual_bars = wishes.bars is None and params.bars == Compose().bars
    is_open = usual_bars and not (wishes.seconds or params.seconds)
    if text:
        form = sections_of(text, None if is_open else bars, usual)
        return form, _counted(sum(section.bars for section in form))
    if blues and is_open:  # in verses
        bars = 2 * usual
    if not blues or bars % usual:
        return (), bars
    verses = "ABACABAD"
    return tuple(Section(verses[n % 8], usual) for n in range(bars // usual)), bars


def _tension(wishes: Said, params: Compose, bars: int) -> tuple[float, ...]:
    name = wishes.arc or params.arc
    return by_bar(drawn(params.curve) or ARCS.get(name, ()), bars)


def _lifted(form: tuple[Section, ...], bars: int, at: str) -> tuple[tuple[int, int], ...]:
    """Return which bars lie higher: where it is said, a bridge, or the last third by sections."""
    ends = list(accumulate(section.bars for section in form))
    starts = [0, *ends[:-1]]
    if at.isdigit():
        if not 2 <= int(at) <= bars:
            raise BadInput(
                f"The key cannot change at bar {at}.",
                f"Choose a bar from 2 to {bars}, or a section.",
            )
        return ((int(at) - 1, bars),)
    name = section_named(at)
    spans = [
        (first, last)
        for section, first, last in zip(form, starts, ends, strict=True)
        if section.name == (name or "bridge") and first
    ]
    if at and not (name and spans):
        there = _either(dict.fromkeys(section.name for section in form[1:]) or ["a bar"])
        raise BadInput(
            f"There is no later section “{at}” where the key could change.", f"Choose {there}."
        )
    if spans:
        return tuple(spans)
    first = min(starts[1:] or [bars // 2], key=lambda start: abs(start - bars * 2 / 3))
    return ((first, bars),)


def _bars(wishes: Said, params: Compose, metre: Metre, tempo: float) -> int:
    bars = params.bars if wishes.bars is None else wishes.bars
    seconds = params.seconds or None if wishes.seconds is None else wishes.seconds
    if wishes.bars is None and seconds is not None:
        bars = round(seconds * tempo / 60 * TICKS / metre.bar)
        if bars < 1:
            raise BadInput(
                f"{seconds:g} seconds are too short for one bar.", "Ask for a longer tune."
            )
    return _counted(bars)


def _counted(bars: int) -> int:
    if not 1 <= bars <= MAX_BARS:
        raise BadInput(f"A tune cannot have {bars:,} bars.", f"Ask for 1 to {MAX_BARS}.")
    return bars


def _title(mood: str, dance: str | None, key: str) -> str:
    what = dance or "tune"
    own = words.DANCES[dance].mood if dance in words.DANCES else "any"
    title = what if mood in ("any", own) else f"{mood} {what}"
    return f"{title[:1].upper()}{title[1:]} in {key}"


def _first(remarks: tuple[str, ...]) -> tuple[str, ...]:
    """Return so many remarks as one reads, and how many more there are."""
    more = len(remarks) - MOST_REMARKS
    return remarks if more <= 0 else (*remarks[:MOST_REMARKS], f"And {more} more like these.")


def _either(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
