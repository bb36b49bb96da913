"""Things that are struck, trodden on, shut and broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from studio_music.audio.effects.blocks import bodies, envelopes, filters, grains, noises, tones
from studio_music.audio.effects.family import Collection, Knob
from studio_music.audio.effects.stage import RATE, Signal, Stage

IMPACTS = Collection()

_GROUND = Knob(
    "ground",
    0,
    0,
    3,
    "What is trodden on: 0 wood, 1 gravel, 2 snow, 3 metal.",
    (
        *(("wood", 0), ("wooden", 0), ("gravel", 1), ("stone", 1), ("snow", 2), ("metal", 3)),
        *(("holz", 0), ("kies", 1), ("schnee", 2), ("metall", 3)),
    ),
)


@IMPACTS.add(
    "A heel and then a toe on the ground.",
    0.4,
    "step, shoe, boot",
    _GROUND,
)
def footstep(s: Stage) -> Signal:
    return _trodden(s)


@IMPACTS.add(
    "Somebody walks: one step after the other, for as long as the sound lasts.",
    2.4,
    "steps, walk, walking, run, running",
    _GROUND,
    Knob("pace", 110, 50, 220, "Steps a minute.", (("run", 180), ("running", 180), ("slowly", 75))),
)
def footsteps(s: Stage) -> Signal:
    gap = 60 / s["pace"]
    times = np.arange(0.005, s.length - min(gap, 0.3), gap)
    times[1:] += s.rng.uniform(-0.06, 0.06, len(times) - 1) * gap * s.variety
    one = replace(s, frames=round(0.4 * RATE), pace=1.0)
    return grains.scatter(
        s, times, lambda _number: _trodden(one), s.rng.uniform(0.75, 1, len(times))
    )


def _trodden(s: Stage) -> Signal:
    """Return one step on the ground that is set."""
    ground, toe = round(s["ground"]), s.seconds(0.11)
    both = envelopes.decay(s, 0.1, attack=0.003) + 0.5 * envelopes.decay(s, 0.09, at=toe)
    thump = filters.low(s, noises.between(s, 40, s.hz(180)), 300) * both
    if ground == 0:
        heel = bodies.strike(s, bodies.WOOD, s.hz(190), soft=0.002)
        return 0.8 * thump + heel + 0.5 * bodies.strike(s, bodies.WOOD, s.hz(240), at=toe)
    if ground == 3:
        plate = bodies.strike(s, bodies.PLATE, s.hz(330), soft=0.001)
        return 0.5 * thump + plate + 0.4 * bodies.strike(s, bodies.PLATE, s.hz(420), at=toe)
    rate, low, high = ((900, 1200, 6000), (2600, 600, 3500))[ground - 1]
    grit = filters.band(s, noises.crackles(s, rate), low, high)
    pressed = envelopes.decay(s, 0.2, attack=0.02) + 0.7 * envelopes.decay(
        s, 0.25, at=toe, attack=0.04
    )
    return 0.4 * thump + 3.0 * grit * pressed


@IMPACTS.add(
    "A door falls shut: a blow, a rattle of the latch.",
    0.9,
    "slam, shut, close, gate",
    Knob("weight", 50, 0, 100, "From a cupboard (0) to a castle gate (100)."),
)
def door(s: Stage) -> Signal:
    heavy = s["weight"] / 100
    low = s.hz(170) * 2 ** (-1.4 * heavy)
    blow = noises.between(s, 40, low * 2.5) * envelopes.decay(s, s.seconds(0.25 + 0.4 * heavy))
    panel = bodies.strike(s, bodies.WOOD, low, seconds=s.seconds(0.25 + 0.4 * heavy), soft=0.002)
    latch = bodies.strike(s, bodies.PLATE, s.hz(1500), at=s.seconds(0.045), seconds=0.09)
    rattle = bodies.strike(s, bodies.PLATE, s.hz(1150), at=s.seconds(0.12), seconds=0.07, level=0.3)
    return filters.drive(0.6 * blow + 1.4 * panel, 1.5) + (0.35 - 0.2 * heavy) * (latch + rattle)


@IMPACTS.add(
    "Dry wood that turns slowly: a door, a stair, a ship.",
    1.6,
    "creaking, squeak, squeaky, hinge, rusty, haunted",
    Knob("slips", 55, 20, 140, "How often it sticks and slips, per second."),
)
def creak(s: Stage) -> Signal:
    rate = s["slips"] * envelopes.drift(s, 3, 0.35) * envelopes.glide(s, 0.7, 1.5)
    turns = tones.phase(s, rate)
    slips = np.diff(np.floor(turns), prepend=0.0) * s.rng.uniform(0.5, 1, s.frames)
    places = [(430, 60, 1.0), (1080, 90, 0.9), (1750, 140, 0.7), (2900, 220, 0.5)]
    moved = [(s.hz(hertz), width, gain) for hertz, width, gain in places]
    return filters.resonate(s, slips, moved) * envelopes.swell(s, 0.5, 0.6) * 10


@IMPACTS.add(
    "Knuckles on wood, a few times.",
    1.0,
    "knocking, rap, tap on wood, door knock",
    Knob("times", 3, 1, 8, "How many knocks."),
)
def knock(s: Stage) -> Signal:
    count = round(s["times"])
    times = np.arange(count) * min(0.2, s.length * 0.8 / count) * s.chance(0.1) + 0.005

    def one(_number: int) -> Signal:
        return bodies.ring(s, bodies.WOOD, s.hz(270, 0.03), 0.14, 0.001)

    return grains.scatter(s, times, one, s.rng.uniform(0.8, 1, count))


@IMPACTS.add(
    "A pane breaks: a crack, then falling pieces.",
    1.6,
    "break, shatter, window, smash, crash, bottle, broken",
    Knob("pieces", 45, 5, 120, "How many pieces fall."),
)
def glass(s: Stage) -> Signal:
    count = round(s["pieces"])
    times = 0.015 + s.length * 0.6 * s.rng.exponential(0.22, count)

    def piece(_number: int) -> Signal:
        pitch = s.hz(2600, 0) * 2 ** s.rng.uniform(-0.8, 1.3)
        return bodies.ring(s, bodies.GLASS, pitch, s.rng.uniform(0.08, 0.4), 0.0002)

    crack = noises.between(s, 2500, 12000) * envelopes.decay(s, s.seconds(0.16), attack=0.0008)
    falling = grains.scatter(s, times, piece, s.rng.uniform(0.2, 0.9, count))
    return 0.7 * crack + falling


@IMPACTS.add(
    "Metal on metal: a pipe, a sword, a lid.",
    1.6,
    "metal, metallic, sword, steel, iron, anvil, pipe, clank, hammer",
    Knob("ring", 1.4, 0.2, 4, "Seconds that it rings."),
)
def clang(s: Stage) -> Signal:
    low = s.hz(520, 0.2)
    rung = bodies.strike(s, bodies.METAL, low, seconds=s.seconds(s["ring"]))
    scrape = noises.between(s, 3000, 10000) * envelopes.decay(s, 0.04, attack=0.0008)
    return rung + 0.5 * bodies.strike(s, bodies.METAL, low * 1.37, seconds=0.5) + 0.15 * scrape


@IMPACTS.add(
    "A large bell is struck once and rings on.",
    4.0,
    "church bell, toll, gong, ring the bell",
    Knob("ring", 5, 1, 10, "Seconds that it rings."),
)
def bell(s: Stage) -> Signal:
    low = s.hz(440)
    rung = bodies.strike(s, bodies.BELL, low, seconds=s["ring"], soft=0.0008)
    return rung + 0.4 * bodies.strike(s, bodies.BELL, low * 1.003, seconds=s["ring"] * 0.8)


@IMPACTS.add(
    "A stone falls, bounces and lies still.",
    1.2,
    "stone, boulder, rubble, brick, pebble",
    Knob("bounces", 6, 1, 12, "How many times it touches the ground."),
)
def rock(s: Stage) -> Signal:
    count = round(s["bounces"])
    gaps = 0.32 * 0.68 ** np.arange(count) * s.length / 1.2
    times, levels = (
        np.concatenate(([0.005], np.cumsum(gaps)[:-1] + 0.005)),
        0.72 ** np.arange(count),
    )

    def touch(_number: int) -> Signal:
        stone = bodies.ring(s, bodies.STONE, s.hz(420, 0.25), 0.08)
        dust = grains.tick(s, 500, 0.07)
        dust[: len(stone)] += 1.6 * stone[: len(dust)]
        return dust

    return filters.low(s, grains.scatter(s, times, touch, levels), 3500)


@IMPACTS.add(
    "A bubble of air bursts: a cork, a balloon.",
    0.14,
    "cork, balloon, plop, pluck",
)
def pop(s: Stage) -> Signal:
    pitch = envelopes.glide(s, s.hz(350, 0.2), s.hz(900, 0.2), 0.06)
    breath = noises.between(s, 800, 4000) * envelopes.decay(s, 0.025, attack=0.001)
    return tones.sine(s, pitch) * envelopes.decay(s, s.seconds(0.09), attack=0.003) + 0.3 * breath


@IMPACTS.add(
    "A hard crack with an echo.",
    1.2,
    "gun, shot, pistol, rifle, shoot, cannon, bullet",
    Knob("echo", 40, 0, 100, "How much comes back, in percent."),
)
def gunshot(s: Stage) -> Signal:
    crack = noises.between(s, 120, 7000, 1.0) * envelopes.decay(s, s.seconds(0.16), attack=0.0006)
    thump = tones.sine(s, envelopes.glide(s, s.hz(190), 45, 0.12)) * envelopes.decay(s, 0.25)
    shot = filters.drive(1.5 * crack + thump, 3)
    back = filters.low(s, filters.echo(s, shot, s.seconds(0.19), 0.45), 1200)
    tail = noises.between(s, 100, 900) * envelopes.decay(s, s.length, attack=0.05) * 0.25
    return shot + (back + tail) * s["echo"] / 100


@IMPACTS.add(
    "One stroke on a deep drum.",
    0.8,
    "tom, kick drum, bass drum, taiko, timpani",
    Knob("tension", 50, 0, 100, "How tight the skin is: the higher it falls from."),
)
def drum(s: Stage) -> Signal:
    low = s.hz(72)
    pitch = low * (1 + s["tension"] / 60 * np.exp(-s.time / 0.03))
    skin = tones.sine(s, pitch) + 0.3 * tones.sine(s, pitch * 1.59)
    stick = noises.between(s, 400, 3000) * envelopes.decay(s, 0.03, attack=0.001)
    return skin * envelopes.decay(s, s.seconds(0.7), attack=0.002) + 0.25 * stick


@IMPACTS.add(
    "Teeth of a zip, faster and faster.",
    0.6,
    "zipper, tear, rip, unzip, velcro, ratchet",
)
def zip_(s: Stage) -> Signal:
    rate = envelopes.glide(s, s.hz(70), s.hz(240))
    teeth = np.diff(np.floor(tones.phase(s, rate)), prepend=0.0)
    spread = np.convolve(teeth, s.rng.standard_normal(round(0.002 * RATE)), "same")
    return filters.band(s, spread, 1500, 9000) * envelopes.swell(s, 0.6, 0.5)
