"""Words become a request: each kind of word, alone and together, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.api import BadInput
from studio_music.compose.backing import GENRES
from studio_music.compose.prompt import lexicon
from studio_music.compose.prompt.moods import MOODS
from studio_music.compose.prompt.parser import Asked, understand
from studio_music.schema import Compose
from studio_music.score.piece import Key

FOUR_VOICES = "Composing gives a tune with backing; Harmonise sets it for four voices."


def asked(ask: str = "", seed: int = 0, **fields: Any) -> Asked:
    return understand(Compose.parse({"prompt": ask, **fields}), np.random.default_rng(seed))


def told(ask: str, **fields: Any) -> dict[str, Any]:
    made = asked(ask, **fields)
    request = made.request
    return {
        "key": str(request.key),
        "metre": str(request.metre),
        "bars": request.bars,
        "tempo": request.tempo,
        "mood": request.mood,
        "genre": made.genre,
        "program": made.program,
        "drums": made.drums,
        "scale": request.scale,
        "seconds": request.seconds,
        "loop": request.loop,
        "lift": request.lift,
        "lifted": request.lifted,
        "form": " ".join(section.name for section in request.form),
        "rises": request.tension != () and request.tension[-1] > request.tension[0],
        "remarks": made.remarks,
        "title": made.title,
    }


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (
            "16 bars, calm, D minor, 90 bpm, waltz",
            {
                "bars": 16,
                "mood": "calm",
                "key": "D minor",
                "tempo": 90,
                "metre": "3/4",
                "genre": "waltz",
            },
        ),
        ("a happy jig in G", {"mood": "happy", "key": "G major", "metre": "6/8", "genre": "folk"}),
        ("something sad and slow in three", {"mood": "sad", "metre": "3/4", "tempo": 62}),
        ("8 bars 6/8", {"bars": 8, "metre": "6/8"}),
        ("F# minor", {"key": "F# minor"}),
        ("f sharp minor", {"key": "F# minor"}),
        ("in d", {"key": "D major"}),
        ("in a", {"key": "A major"}),
        ("in A minor", {"key": "A minor"}),
        ("Bb", {"key": "Bb major"}),
        ("B♭ minor", {"key": "Bb minor"}),
        ("Am, fast", {"key": "A minor", "tempo": 144}),
        ("in E flat major on the violin", {"key": "Eb major", "program": 40}),
        ("sixteen bars of andante in 3/4", {"bars": 16, "tempo": 84, "metre": "3/4"}),
        ("andante in 6/8", {"tempo": 126, "metre": "6/8"}),
        ("30 seconds of jazz at 120", {"bars": 15, "tempo": 120, "genre": "jazz"}),
        ("half a minute of bossa nova", {"bars": 16, "genre": "bossa"}),
        ("32-bar hornpipe, no backing", {"bars": 32, "metre": "4/4", "genre": "none"}),
        ("a piano piece", {"program": 0, "drums": False}),
        ("sad violin melody", {"mood": "sad", "program": 40, "drums": False}),
        ("music-box lullaby", {"program": 10, "drums": False, "genre": "ballad"}),
        ("lullaby", {"drums": False}),
        ("rock on the guitar", {"program": 24, "drums": True}),
        ("a rock melody", {"drums": True}),
        ("rock solo on the guitar", {"genre": "rock", "drums": False}),
        ("a piano piece with drums", {"program": 0, "drums": True}),
        ("a march for brass", {"program": 61, "drums": False}),
        ("a march", {"drums": True}),
        ("calm, intro 4, verse 8, chorus 8", {"bars": 20, "form": "intro A B"}),
        ("slip jig", {"metre": "9/8"}),
        ("a march in six-eight", {"metre": "6/8", "genre": "march"}),
        ("cut time, tempo 72", {"metre": "2/2", "tempo": 72}),
        ("cheerful polkas for flute", {"mood": "happy", "metre": "2/4", "program": 73}),
        ("very fast and funky, ♩ = 111", {"tempo": 111, "genre": "funk"}),
        ("short lullaby", {"bars": 8, "mood": "calm", "metre": "3/4", "genre": "ballad"}),
        ("epic boss battle, loop", {"mood": "heroic", "genre": "battle", "loop": True}),
        ("boss battle", {"mood": "furious", "genre": "battle"}),
        ("tense and building up", {"mood": "tense", "genre": "suspense", "rises": True}),
        ("minor blues in A", {"key": "A minor", "genre": "blues", "bars": 24}),
        (
            "happy, intro, A, B, outro, key change",
            {"bars": 24, "lift": 2, "lifted": ((12, 24),), "form": "intro A B outro"},
        ),
        ("modulates in the bridge, A, bridge, A", {"lift": 2, "lifted": ((8, 16),), "bars": 24}),
        ("A bridge A, modulating", {"lift": 2, "lifted": ((8, 16),)}),
        ("32 bars, key change at bar 17", {"lift": 2, "lifted": ((16, 32),), "bars": 32}),
        ("reggae", {"tempo": 76}),
        ("sad reggae", {"tempo": 68}),
        ("D dorian reel", {"key": "D minor", "scale": "dorian", "title": "Reel in D dorian"}),
        (
            "tango in A minor",
            {
                "genre": "tango",
                "metre": "4/4",
                "tempo": 120,
                "drums": False,
                "title": "Tango in A minor",
                "remarks": (),
            },
        ),
        ("slow gospel with drums", {"genre": "gospel", "drums": True, "remarks": ()}),
        ("mixolydian, in G", {"key": "G major", "scale": "mixolydian"}),
        ("F lydian", {"key": "F major", "scale": "lydian", "title": "Tune in F lydian"}),
        ("sad, E phrygian", {"key": "E minor", "scale": "phrygian"}),
        ("in five, calm", {"metre": "5/4"}),
        ("rock in seven-eight", {"metre": "7/8", "genre": "rock"}),
        ("andante in 7/8", {"metre": "7/8", "tempo": 84}),
        ("exactly 30 seconds, 120 bpm", {"bars": 15, "seconds": 30, "remarks": ()}),
        ("sad, for 4 voices", {"mood": "sad", "remarks": (FOUR_VOICES,)}),
        ("four-part harmony in D major", {"key": "D major", "remarks": (FOUR_VOICES,)}),
    ],
)
def test_words_are_understood(ask: str, expected: dict[str, Any]) -> None:
    made = told(ask)
    assert {name: made[name] for name in expected} == expected
    assert made["remarks"] == expected.get("remarks", ())


@pytest.mark.parametrize(
    ("ask", "remark"),
    [
        ("a tune like Beethoven", "“Beethoven” was not understood."),
        ("悲しい曲", "“悲しい曲” was not understood."),
        ("not sad", "“not sad” was not understood."),
        ("allegro ma non troppo", "“ma non troppo” was not understood."),
        ("H minor", "“H” was not understood."),
        ("<script>alert(1)</script>", "“<script>alert” was not understood."),
    ],
)
def test_what_is_not_understood_is_said(ask: str, remark: str) -> None:
    assert remark in asked(ask).remarks


def test_remarks_are_no_more_than_one_reads() -> None:
    remarks = asked(", ".join(f"nonsense{number}" for number in range(50))).remarks
    assert len(remarks) == 7
    assert remarks[-1] == "And 44 more like these."


@given(st.text(max_size=200))
def test_any_text_is_a_request_or_a_sentence(ask: str) -> None:
    try:
        request = asked(ask).request
    except BadInput as error:
        refusal = error.message
    else:
        refusal = ""
        assert 1 <= request.bars <= 128
        assert 20 <= request.tempo <= 400
    assert not refusal or refusal.endswith(".")


def test_of_two_keys_the_first_counts_and_the_other_is_named() -> None:
    made = asked("D minor, G major")
    assert made.request.key == Key("D", "minor")
    assert made.remarks == ("“G major” was ignored because it contradicts something earlier.",)


def test_words_that_say_the_same_do_not_contradict_each_other() -> None:
    made = asked("a calm, peaceful, quiet and joyful tune in C")
    assert made.request.mood == "calm"
    assert made.remarks == ("“joyful” was ignored because it contradicts something earlier.",)


def test_a_negation_is_not_taken_for_its_word() -> None:
    assert asked("not sad").request.mood == "any"
    assert asked("not slow", tempo=100).request.tempo == 100


def test_the_article_is_no_key() -> None:
    drawn = {str(asked("A happy tune", seed).request.key) for seed in range(20)}
    assert len(drawn) > 1
    minor = {str(asked("in a minor key", seed).request.key) for seed in range(20)}
    assert len(minor) > 1
    assert all(name.endswith("minor") for name in minor)


# --- fields -----------------------------------------------------------------------------------


def test_words_win_over_fields() -> None:
    fields = {
        "mood": "happy",
        "key": "C major",
        "metre": "4/4",
        "tempo": 200,
        "bars": 4,
        "genre": "rock",
    }
    made = told("calm, D minor, 3/4, 90 bpm, 16 bars, jazz", **fields)
    assert made == {
        "mood": "calm",
        "key": "D minor",
        "metre": "3/4",
        "tempo": 90,
        "bars": 16,
        "genre": "jazz",
        "program": None,
        "drums": True,
        "loop": False,
        "lift": 0,
        "lifted": (),
        "form": "",
        "rises": False,
        "remarks": (),
        "scale": "",
        "seconds": 0,
        "title": "Calm tune in D minor",
    }


def test_fields_count_where_words_say_nothing() -> None:
    fields = {
        "mood": "sad",
        "key": "Bb minor",
        "metre": "6/8",
        "tempo": 77,
        "bars": 12,
        "genre": "none",
        "temperature": 0.5,
    }
    made = asked("", **fields)
    assert told("", **fields)["key"] == "Bb minor"
    assert (made.request.bars, made.request.tempo, made.genre) == (12, 77, "none")
    assert made.request.temperature == 0.5
    assert str(made.request.metre) == "6/8"


def test_moods_choose_mode_and_tempo_where_they_are_open() -> None:
    calm, lively = (asked(mood=mood).request.tempo for mood in ("calm", "lively"))
    assert calm < lively
    assert {asked(mood="sad", seed=seed).request.key.mode for seed in range(9)} == {"minor"}
    assert {asked(mood="happy", seed=seed).request.key.mode for seed in range(9)} == {"major"}


def test_the_same_seed_draws_the_same_key() -> None:
    keys = [str(asked("", seed).request.key) for seed in range(30)]
    assert keys == [str(asked("", seed).request.key) for seed in range(30)]
    assert len(set(keys)) > 4


def test_a_slow_dance_is_slower_and_a_fast_one_faster() -> None:
    slow, plain, fast = (
        asked(words).request.tempo for words in ("slow waltz", "waltz", "fast waltz")
    )
    assert slow < plain < fast


@pytest.mark.parametrize(
    ("ask", "title"),
    [
        ("calm, D minor", "Calm tune in D minor"),
        ("waltz in G", "Waltz in G major"),
        ("lullaby in C", "Lullaby in C major"),
        ("sad jig in E minor", "Sad jig in E minor"),
    ],
)
def test_the_title_says_what_it_is(ask: str, title: str) -> None:
    assert asked(ask).title == title


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "fields", "sentence"),
    [
        ("0 bpm", {}, "0 quarter notes per minute cannot be played"),
        ("10000 bpm", {}, "10000 quarter notes per minute cannot be played"),
        ("", {"tempo": 10}, "10 quarter notes per minute cannot be played"),
        ("", {"tempo": 10_000}, "Tempo must be between"),
        ("0 bars", {}, "cannot have 0 bars"),
        ("-5 bars", {}, "cannot have -5 bars"),
        ("9" * 60 + " bars", {}, "cannot have"),
        ("two hundred hours, 129 bars", {}, "cannot have 129 bars"),
        ("100 minutes", {}, "cannot have"),
        ("0 seconds", {}, "too short for one bar"),
        ("11/8", {}, "Tunes in 11/8 are not supported"),
        ("0/0", {}, "Tunes in 0/0 are not supported"),
        ("G# major", {}, "“G# major” is not a key"),
        ("", {"key": "H"}, "“H” is not a key"),
        ("x" * 100_000, {}, "100,000 characters; the limit is 2,000"),
    ],
)
def test_what_cannot_be_met_is_refused_in_a_sentence(
    ask: str, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        asked(ask, **fields)


# --- the words --------------------------------------------------------------------------------


def test_every_word_of_the_tables_is_understood_by_itself() -> None:
    words = [
        *lexicon.DANCES,
        *lexicon.TEMPI,
        *lexicon.METRES,
        *lexicon.LENGTHS,
        *lexicon.INSTRUMENTS,
        *(word for mood in MOODS.values() for word in mood.words.split()),
        *(word for said in (*lexicon.ARCS.values(), lexicon.LOOPS, lexicon.LIFTS) for word in said),
        *(word for said in lexicon.GENRES.values() for word in said if "(" not in word),
    ]
    words = [word for word in words if not set("(?") & set(word)]
    for word in words:
        assert asked(word).remarks == (), word
        assert asked(f"a tune, {word.upper()}, please").remarks == (), word


def test_dances_and_genres_have_backings() -> None:
    known = {*GENRES, "none"}
    assert {dance.genre for dance in lexicon.DANCES.values()} <= known
    assert set(lexicon.GENRES) <= known


@pytest.mark.parametrize(("at", "bars"), [("1", 16), ("17", 16), ("bridge", 16), ("what", 16)])
def test_a_key_change_where_there_is_no_such_place_is_refused(at: str, bars: int) -> None:
    with pytest.raises(BadInput, match="key c"):
        asked(bars=bars, lift=2, lift_at=at)
    assert asked(bars=16, lift=2, lift_at="b").request.lifted == ((8, 16),)
