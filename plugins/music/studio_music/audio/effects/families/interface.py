"""Sounds of devices and their buttons."""

from __future__ import annotations

import numpy as np

from studio_music.audio.effects.blocks import bodies, envelopes, filters, grains, noises, tones
from studio_music.audio.effects.family import Collection, Knob
from studio_music.audio.effects.stage import Signal, Stage

INTERFACE = Collection()


@INTERFACE.add(
    "One dry tick: a button is pressed.",
    0.06,
    "button, tap, press, tick, mouse",
)
def click(s: Stage) -> Signal:
    tick = noises.between(s, 1500, 6000) * envelopes.decay(s, 0.014, attack=0.0004)
    return 0.6 * tick + bodies.strike(s, bodies.WOOD, s.hz(1700, 0.2), seconds=0.03)


@INTERFACE.add(
    "Two ticks, down and up: a lever snaps over.",
    0.16,
    "toggle, lever, snap, light switch, latch",
    Knob("gap", 70, 20, 120, "Milliseconds between its two ticks."),
)
def switch(s: Stage) -> Signal:
    total = bodies.strike(s, bodies.PLATE, s.hz(1300), seconds=0.05)
    total += bodies.strike(s, bodies.PLATE, s.hz(1900), seconds=0.04, at=s["gap"] / 1000, level=0.8)
    dust = noises.between(s, 2000, 8000) * envelopes.decay(s, 0.012, at=s["gap"] / 1000)
    return total + 0.2 * dust


@INTERFACE.add(
    "Two soft bells, one above the other: a message came.",
    1.0,
    "message, chime, alert tone, ding, ping, remind, mail, doorbell, door bell, ding dong",
    Knob("interval", 4, -12, 12, "Semitones from the first bell to the second."),
)
def notification(s: Stage) -> Signal:
    base = s.hz(880)
    second = base * 2 ** (s["interval"] / 12)
    first = bodies.strike(s, bodies.CHIME, base, soft=0.004, seconds=s.seconds(0.9))
    later = bodies.strike(
        s, bodies.CHIME, second, soft=0.004, seconds=s.seconds(1.1), at=s.seconds(0.16)
    )
    return first + later


@INTERFACE.add(
    "Two low buzzes: that was not possible.",
    0.5,
    "wrong, denied, invalid, buzzer, refuse, warning, incorrect",
)
def error(s: Stage) -> Signal:
    base, long = s.hz(130), s.length * 0.36
    wave = tones.pulse(s, base, 0.5) + tones.pulse(s, base * 1.06, 0.3)
    on = envelopes.gate(s, 0, long) + envelopes.gate(s, s.length * 0.5, s.length * 0.5 + long)
    return filters.low(s, wave, 1800) * on


@INTERFACE.add(
    "Keys of a keyboard, struck one after another.",
    1.5,
    "keyboard, type, typewriter, keys, computer",
    Knob("speed", 8, 2, 16, "Keys struck per second."),
)
def typing(s: Stage) -> Signal:
    count = max(1, round(s["speed"] * s.length * 0.9))
    times = (np.arange(count) + s.rng.uniform(-0.3, 0.3, count) * s.variety) / s["speed"] + 0.03

    def key(_number: int) -> Signal:
        body = bodies.ring(s, bodies.WOOD, s.hz(900, 0.2), 0.04)
        body[: len(body) // 2] += 0.3 * grains.tick(s, 2500, 0.03)[: len(body) // 2][: len(body)]
        return body

    return grains.scatter(s, np.abs(times), key, s.rng.uniform(0.5, 1, count))


@INTERFACE.add(
    "A shutter: two quick clacks with a small motor.",
    0.45,
    "shutter, photo, snapshot, photograph",
)
def camera(s: Stage) -> Signal:
    total = bodies.strike(s, bodies.PLATE, s.hz(1500), seconds=0.07)
    total += bodies.strike(s, bodies.PLATE, s.hz(1100), seconds=0.08, at=s.seconds(0.09))
    whirr = tones.saw(s, envelopes.glide(s, s.hz(380), s.hz(520))) * noises.between(s, 20, 90)
    clack = noises.between(s, 1500, 9000) * envelopes.decay(s, 0.03, at=s.seconds(0.09))
    on = envelopes.gate(s, s.seconds(0.14), s.length * 0.85, 0.03)
    return total + 0.4 * clack + 0.06 * filters.high(s, whirr, 600) * on


@INTERFACE.add(
    "A shrill tone that jumps between two pitches.",
    2.0,
    "alert, warning siren, alarm clock, danger, emergency, red alert",
    Knob("speed", 4, 1, 10, "Changes of pitch per second."),
)
def alarm(s: Stage) -> Signal:
    base = s.hz(780)
    turns = np.floor(s.time * s["speed"]).astype(int) % 2
    pitch = base * np.where(turns == 0, 1.0, 1.26)
    return filters.low(s, tones.pulse(s, pitch, 0.5), 5000) * envelopes.gate(s, 0, s.length, 0.01)


@INTERFACE.add(
    "A tone that rises and falls slowly and evenly.",
    4.0,
    "police, ambulance, fire engine, fire truck, air raid",
    Knob("turns", 0.5, 0.2, 4, "Rises per second."),
)
def siren(s: Stage) -> Signal:
    swing = np.sin(2 * np.pi * s["turns"] * s.time - np.pi / 2)
    pitch = s.hz(760) * 2 ** (0.6 * swing)
    wave = tones.harmonics(s, pitch, (1, 0.5, 0.35, 0.2, 0.12))
    return wave * envelopes.gate(s, 0, s.length, 0.06)


@INTERFACE.add(
    "Two bells struck in turn, twenty times a second, in bursts.",
    3.0,
    "phone, ringing, ringtone, call",
    Knob("speed", 20, 10, 30, "Strokes of the bells per second."),
)
def telephone(s: Stage) -> Signal:
    count = int(s.length * s["speed"])
    times = np.arange(count) / s["speed"]
    times = times[(times % 1.5) < 0.95]
    pitches = (s.hz(1250), s.hz(1560))

    def stroke(number: int) -> Signal:
        return bodies.ring(s, bodies.CHIME, pitches[number % 2], 0.45)

    return grains.scatter(s, times, stroke, 0.5)


@INTERFACE.add(
    "Tick and tock, evenly.",
    4.0,
    "ticking, watch, tick tock, timer, countdown",
    Knob("speed", 2, 0.5, 8, "Ticks per second."),
)
def clock(s: Stage) -> Signal:
    times = np.arange(0.02, s.length - 0.05, 1 / s["speed"])
    pitches = (s.hz(2300), s.hz(1750))

    def tick(number: int) -> Signal:
        return bodies.ring(s, bodies.WOOD, pitches[number % 2], 0.05)

    return grains.scatter(s, times, tick, 0.9)
