"""Engines, electricity, and voices that are none."""

from __future__ import annotations

import numpy as np

from studio_music.audio.effects.blocks import bodies, envelopes, filters, grains, noises, tones
from studio_music.audio.effects.family import Collection, Knob
from studio_music.audio.effects.stage import Signal, Stage

MACHINES = Collection()
VOWELS = {
    "a": ((750, 90, 1.0), (1150, 110, 0.7), (2500, 160, 0.35)),
    "e": ((420, 80, 1.0), (2000, 120, 0.6), (2600, 160, 0.35)),
    "i": ((290, 70, 1.0), (2250, 120, 0.55), (3000, 180, 0.35)),
    "o": ((450, 80, 1.0), (850, 100, 0.7), (2500, 160, 0.2)),
    "u": ((320, 70, 1.0), (750, 90, 0.5), (2300, 160, 0.15)),
}
"""Resonances of the mouth: hertz, width, gain."""


def firing(s: Stage, rate: Signal, rough: float = 0.25) -> Signal:
    """Return strokes of an engine, ``rate`` a second, each a bit different, as pipes make them."""
    strokes = np.diff(np.floor(tones.phase(s, rate)), prepend=0.0)
    strokes *= 1 + rough * s.rng.standard_normal(s.frames)
    places = [(s.hz(62, 0), 40, 1.0), (s.hz(125, 0), 60, 0.8), (s.hz(260, 0), 110, 0.5)]
    return filters.resonate(s, strokes, [*places, (s.hz(700, 0), 300, 0.25)]) * 8


@MACHINES.add(
    "A starter cranks, the motor fires and runs up.",
    3.0,
    "ignition, start the car, car start, motor start, starter",
    Knob("cranks", 7, 3, 14, "How often it turns over before it fires."),
)
def engine_start(s: Stage) -> Signal:
    fires = s.length * 0.42
    turn = s["cranks"] / fires
    swing = 1 + 0.25 * np.sin(2 * np.pi * turn * s.time)
    whine = tones.saw(s, s.hz(190) * swing) * (1 + 0.8 * np.sin(2 * np.pi * turn * s.time))
    cranking = filters.band(s, whine, 200, 1800) * envelopes.gate(s, 0, fires, 0.03)
    since = np.clip((s.time - fires) / (s.length - fires), 0, 1)
    rate = 18 + 42 * np.sin(np.pi * np.clip(since * 1.6, 0, 1)) + 8 * since
    motor = firing(s, rate) * np.clip((s.time - fires) / 0.08, 0, 1)
    air = noises.between(s, 200, 2000) * np.clip(since * 4, 0, 1) * 0.12
    end = np.clip((s.length - s.time) / 0.3, 0, 1)
    return (0.35 * cranking + filters.drive(motor, 2) + air) * end


@MACHINES.add(
    "Two even tones together.",
    0.8,
    "horn, honk, hoot, klaxon, beep beep, traffic",
    Knob("times", 1, 1, 4, "How many times."),
)
def car_horn(s: Stage) -> Signal:
    base, count = s.hz(415), round(s["times"])
    blast, on = s.length / count, s.silence()
    for number in range(count):
        on += envelopes.gate(
            s, number * blast, number * blast + blast * (0.9 if count == 1 else 0.65), 0.012
        )
    wave = tones.pulse(s, base, 0.3) + tones.pulse(s, base * 1.26, 0.3)
    return filters.band(s, wave, 300, 4000) * on


@MACHINES.add(
    "Steam through three pipes, swelling and sinking.",
    2.2,
    "train, steam whistle, locomotive, steam, railway",
)
def train_whistle(s: Stage) -> Signal:
    base, wind = s.hz(440), s.silence()
    bend = 1 - 0.04 * np.exp(-s.time / 0.1)
    for ratio in (1, 1.26, 1.5, 1.78):
        wind += tones.harmonics(s, base * ratio * bend, (1, 0.4, 0.25, 0.1))
    steam = noises.between(s, 900, 6000) * 0.35
    return (wind + steam) * envelopes.gate(s, 0, s.length, 0.18)


@MACHINES.add(
    "A small motor that runs up and bites.",
    1.6,
    "saw, machine tool, power tool, robot arm, servo, mixer",
    Knob("speed", 210, 60, 500, "Turns per second at full speed."),
)
def drill(s: Stage) -> Signal:
    up = np.clip(s.time / (0.25 * s.length), 0, 1) * np.clip(
        (s.length - s.time) / (0.3 * s.length), 0, 1
    )
    rate = s.hz(s["speed"]) * (0.25 + 0.75 * up) * envelopes.drift(s, 6, 0.03)
    wave = tones.saw(s, rate) + 0.5 * tones.pulse(s, rate * 3.02, 0.3)
    brush = noises.between(s, 2000, 8000) * (1 + 0.6 * tones.sine(s, rate)) * 0.25
    return (filters.band(s, wave, 250, 5000) + brush) * np.sqrt(up)


@MACHINES.add(
    "Electricity jumps: a buzzing crackle.",
    0.8,
    "electric, electricity, electrical, shock, short circuit, tesla, arc, static",
    Knob("buzz", 100, 40, 240, "Strokes per second."),
)
def spark(s: Stage) -> Signal:
    turns = tones.phase(s, s["buzz"] * envelopes.drift(s, 12, 0.15))
    burst = (
        np.exp(-9 * (turns % 1))
        * (s.rng.uniform(0, 1, s.frames // 441 + 1).repeat(441)[: s.frames])
    )
    flash = noises.between(s, 1800, 12000, 1.0) * burst
    holes = noises.between(s, 2, 14) > -0.5
    return (
        (flash + 0.8 * filters.high(s, noises.crackles(s, 300), 1500))
        * holes
        * envelopes.gate(s, 0, s.length, 0.01)
    )


@MACHINES.add(
    "Someone turns the dial: hiss, whistles, scraps.",
    1.8,
    "tuning, radio static, interference, signal, transmission, walkie talkie",
)
def radio(s: Stage) -> Signal:
    whistle = tones.sine(s, s.hz(900) * envelopes.drift(s, 2, 0.7))
    hiss = noises.between(s, 500, 4500) * (0.5 + 0.5 * (noises.between(s, 1, 9) > 0))
    scrap = tones.pulse(s, s.hz(180) * envelopes.drift(s, 6, 0.4)) * (noises.between(s, 2, 8) > 0.6)
    return filters.band(s, 0.5 * whistle + 0.5 * hiss + 0.6 * scrap, 350, 3400) * envelopes.gate(
        s, 0, s.length, 0.03
    )


@MACHINES.add(
    "A machine says a few syllables on one pitch.",
    1.4,
    "robot, android, speech, talk, droid, computer voice, alien, cyborg",
    Knob("syllables", 5, 1, 12, "How many syllables."),
)
def robot_voice(s: Stage) -> Signal:
    count, total = round(s["syllables"]), s.silence()
    slot = s.length * 0.95 / count
    carrier = tones.pulse(s, s.hz(118), 0.2) + 0.5 * tones.pulse(s, s.hz(118, 0) * 1.5, 0.2)
    for number in range(count):
        vowel = VOWELS["aeiou"[int(s.rng.integers(5))]]
        start = 0.01 + number * slot
        syllable = carrier * envelopes.gate(s, start, start + slot * 0.8, 0.012)
        total += filters.resonate(s, syllable, vowel)
        puff = noises.between(s, 2500, 7000) * envelopes.decay(s, 0.04, at=start)
        total += 0.15 * puff
    ringing = total * (0.6 + 0.4 * np.sin(2 * np.pi * s.hz(52) * s.time))
    return filters.crush(ringing / max(1e-9, float(np.abs(ringing).max())), 11025, 24)


@MACHINES.add(
    "A hollow voice that wails up and down.",
    2.6,
    "spirit, haunt, wail, moan, spooky, phantom, scary",
)
def ghost(s: Stage) -> Signal:
    arch = envelopes.swell(s, 0.45, 1.0)
    pitch = s.hz(300) * 2 ** (0.9 * arch) * envelopes.wobble(s, 5.5, 0.02)
    voice = tones.triangle(s, pitch) + 0.2 * tones.sine(s, pitch * 2)
    breath = noises.moving(s, pitch * 3, 0.8) * 0.25
    wail = filters.resonate(s, voice + breath, VOWELS["u"]) + 0.2 * voice
    return filters.echo(s, wail * envelopes.swell(s, 0.45, 1.3), 0.17, 0.45)


@MACHINES.add(
    "Two dull beats, again and again.",
    2.6,
    "heart, pulse, beating",
    Knob("rate", 70, 40, 160, "Beats per minute."),
)
def heartbeat(s: Stage) -> Signal:
    every = 60 / s["rate"]
    total, low = s.silence(), s.hz(55)
    for start in np.arange(0.02, max(0.03, s.length - 0.3), every):
        for at, size in ((start, 1.0), (start + 0.28 * min(1, every), 0.7)):
            total += size * envelopes.decay(s, 0.2, attack=0.012, at=float(at))
    return total * (tones.sine(s, low) + 0.35 * noises.between(s, 30, 90))


@MACHINES.add(
    "Keys, a drawer, and a bell.",
    1.3,
    "register, cash, till, shop, sell, buy, kaching, purchase",
)
def cash_register(s: Stage) -> Signal:
    rung = bodies.strike(s, bodies.CHIME, s.hz(2100), at=s.seconds(0.34), seconds=s.seconds(1.1))
    keys = np.array([0.01, 0.07]) * s.pace
    clack = grains.scatter(s, keys, lambda _n: bodies.ring(s, bodies.PLATE, s.hz(900), 0.08))
    slide = noises.between(s, 1200, 5000) * envelopes.gate(s, s.seconds(0.12), s.seconds(0.3), 0.02)
    coins = grains.scatter(
        s, s.seconds(0.4) + s.rng.uniform(0, 0.35, 9),
        lambda _n: bodies.ring(s, bodies.GLASS, s.hz(3600, 0.2), 0.12), 0.25,
    )  # fmt: skip
    return rung + 0.8 * clack + 0.12 * slide + coins
