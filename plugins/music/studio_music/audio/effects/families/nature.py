"""Water, weather, air and animals."""

from __future__ import annotations

import numpy as np

from studio_music.audio.effects.blocks import envelopes, filters, grains, noises, tones
from studio_music.audio.effects.family import Collection, Knob
from studio_music.audio.effects.stage import Signal, Stage

NATURE = Collection()


@NATURE.add(
    "One drop falls into water: a short tone that rises.",
    0.35,
    "drop, droplet, tap, leak, waterdrop, water",
)
def drip(s: Stage) -> Signal:
    total = s.silence()
    s.put(total, grains.drop(s.hz(820, 0.25), s.seconds(0.16)), 0.03)
    s.put(total, 0.15 * grains.tick(s, 2500, 0.01), 0.002)
    return total


@NATURE.add(
    "Air rises in water: a handful of short rising tones.",
    0.9,
    "bubbles, bubbling, underwater, blub, potion, boil",
    Knob("count", 9, 1, 40, "How many bubbles rise."),
)
def bubble(s: Stage) -> Signal:
    count = round(s["count"])
    times = np.sort(s.rng.uniform(0, s.length * 0.8, count))
    times[0] = 0.01

    def one(_number: int) -> Signal:
        return grains.drop(s.hz(430, 0) * 2 ** s.rng.uniform(-0.6, 0.9), s.rng.uniform(0.05, 0.14))

    return grains.scatter(s, times, one, s.rng.uniform(0.4, 1, count))


@NATURE.add(
    "Something falls into water.",
    1.2,
    "water, dive, plunge, wet",
    Knob("size", 50, 0, 100, "From a pebble (0) to a person (100)."),
)
def splash(s: Stage) -> Signal:
    size = s["size"] / 100
    centre = envelopes.glide(s, s.hz(3200 - 2000 * size), s.hz(4500 - 1500 * size))
    spray = noises.moving(s, centre, 2.4) * envelopes.decay(s, s.seconds(0.9), attack=0.02)
    plunge = noises.between(s, 80, 500) * envelopes.decay(s, s.seconds(0.25), attack=0.008) * size
    times = s.rng.uniform(0.1, 0.8, 30) * s.length

    def back(_number: int) -> Signal:
        return grains.drop(s.hz(1200, 0) * 2 ** s.rng.uniform(-1, 1), 0.05)

    return 0.5 * spray + 1.1 * plunge + grains.scatter(s, times, back, 0.18)


@NATURE.add(
    "A crack and a long roll that sinks.",
    5.0,
    "lightning, storm, rumble, thunderstorm",
    Knob("distance", 30, 0, 100, "From overhead (0) to far away (100): without its crack."),
)
def thunder(s: Stage) -> Signal:
    near = 1 - s["distance"] / 100
    roll = noises.between(s, 25, s.hz(110 + 110 * near), 1.6)
    peals = s.silence()
    for at in np.sort(s.rng.uniform(0, 0.6, 7)) * s.length:
        peals += envelopes.decay(s, s.seconds(2.2), at=at, attack=0.08) * s.rng.uniform(0.3, 1)
    crack = noises.between(s, 200, 5000, 1.0) * envelopes.decay(s, s.seconds(0.5), attack=0.002)
    tear = 0.5 + 0.5 * np.abs(noises.between(s, 5, 60))
    fade = envelopes.gate(s, 0, s.length, s.length * 0.25 * (1 - near) + 0.01)
    end = np.clip((s.length - s.time) / (0.3 * s.length), 0, 1)
    return (roll * (peals + 0.3) * fade + 0.8 * near * crack * tear) * end


@NATURE.add(
    "Air is cut: noise that swells, rises, and sinks.",
    0.6,
    "swish, swoosh, swing, woosh, fly by, flyby, pass by, swipe, throw, wing",
    Knob("height", 1400, 300, 5000, "Where it is brightest, in hertz."),
)
def whoosh(s: Stage) -> Signal:
    arch = envelopes.swell(s, 0.55, 1.0)
    centre = s.hz(s["height"]) * 2 ** (2.2 * (arch - 1))
    return noises.moving(s, centre, 1.3) * envelopes.swell(s, 0.55, 2.2)


@NATURE.add(
    "A hiss that flies by, and a stroke into wood.",
    0.7,
    "bow, dart, archer, knife throw",
)
def arrow(s: Stage) -> Signal:
    lands = s.length * 0.6
    hiss = noises.moving(s, envelopes.glide(s, s.hz(4200), s.hz(2600), lands), 0.9)
    flight = hiss * np.clip(s.time / lands, 0, 1) ** 2 * (s.time < lands)
    shaft = tones.sine(s, s.hz(95) * envelopes.wobble(s, 28, 0.1))
    stuck = noises.between(s, 150, 1500) * envelopes.decay(s, 0.06, at=lands, attack=0.001)
    return 0.5 * flight + 1.3 * stuck + 0.7 * shaft * envelopes.decay(s, s.seconds(0.3), at=lands)


@NATURE.add(
    "A rising hiss that ends in a crack.",
    0.5,
    "lash, crack of a whip, snap of a whip",
)
def whip(s: Stage) -> Signal:
    cracks = s.length * 0.55
    rising = noises.moving(s, envelopes.glide(s, s.hz(500), s.hz(4500), cracks), 1.0)
    before = rising * np.clip(s.time / cracks, 0, 1) ** 3 * (s.time < cracks)
    crack = noises.between(s, 1200, 12000, 1.0) * envelopes.decay(s, 0.09, at=cracks, attack=0.0004)
    return 0.35 * before + 1.4 * crack


@NATURE.add(
    "A small bird: a few quick whistles.",
    1.2,
    "chirp, tweet, songbird, sparrow, canary",
    Knob("notes", 5, 1, 14, "How many whistles."),
)
def bird(s: Stage) -> Signal:
    count, base = round(s["notes"]), s.hz(3300, 0.12)
    times = 0.02 + np.arange(count) * s.length * 0.85 / count

    def note(_number: int) -> Signal:
        start = base * 2 ** s.rng.uniform(-0.3, 0.3)
        end = start * 2 ** (s.rng.choice((-1, 1)) * s.rng.uniform(0.1, 0.5))
        length = min(0.15, s.length * 0.7 / count) * s.rng.uniform(0.6, 1)
        return grains.chirp(start, end, length, attack=0.2, fall=2.0)

    return grains.scatter(s, times, note, s.rng.uniform(0.6, 1, count))


@NATURE.add(
    "A dog barks.",
    0.9,
    "bark, barking, woof, puppy, hound",
    Knob("barks", 2, 1, 5, "How many times."),
)
def dog(s: Stage) -> Signal:
    total, count = s.silence(), round(s["barks"])
    for number in range(count):
        at = 0.01 + number * s.length * 0.9 / count
        since = np.clip((s.time - at) / 0.16, 0, 1)
        pitch = s.hz(270, 0.04) * 2 ** (0.9 * np.sin(np.pi * since**0.7) - 0.4 * since)
        voice = tones.saw(s, pitch) + 0.5 * noises.between(s, 300, 3000)
        total += voice * envelopes.decay(s, 0.2, at=at, attack=0.014, hold=0.05)
    places = [(650, 130, 1.2), (1250, 180, 1.0), (2600, 300, 0.5)]
    return filters.drive(filters.resonate(s, total, places), 2)


@NATURE.add(
    "A cat mews: a tone that opens and closes.",
    0.9,
    "meow, mew, kitten, miaow",
)
def cat(s: Stage) -> Signal:
    arch = envelopes.swell(s, 0.35, 1.0)
    pitch = s.hz(480) * 2 ** (0.55 * arch) * envelopes.wobble(s, 7, 0.012)
    voice = tones.saw(s, pitch)
    centre = s.hz(900, 0) * 2 ** (1.1 * arch)
    mouth = filters.moving(s, voice, filters.bump(centre, 1.5))
    return (mouth + 0.15 * filters.low(s, voice, 1200)) * envelopes.swell(s, 0.4, 0.8)


@NATURE.add(
    "A frog croaks.",
    0.6,
    "croak, toad, ribbit",
    Knob("pulses", 42, 15, 90, "Pulses of the croak per second."),
)
def frog(s: Stage) -> Signal:
    rate = envelopes.glide(s, s["pulses"], s["pulses"] * 1.4)
    pulses = np.diff(np.floor(tones.phase(s, rate)), prepend=0.0)
    places = [(s.hz(620), 90, 1.0), (s.hz(1150), 140, 0.8), (s.hz(2300), 300, 0.3)]
    return filters.resonate(s, pulses, places) * envelopes.swell(s, 0.4, 0.7) * 10


@NATURE.add(
    "A large animal growls: rough and deep.",
    1.6,
    "monster, roar, beast, dragon, creature, lion, zombie",
    Knob("rasp", 60, 0, 100, "How rough the voice is, in percent."),
)
def growl(s: Stage) -> Signal:
    pitch = s.hz(75) * envelopes.drift(s, 4, 0.12) * 2 ** (0.4 * envelopes.swell(s, 0.4))
    rough = 1 + s["rasp"] / 60 * noises.between(s, 15, 45)
    voice = tones.saw(s, pitch) * rough + 0.3 * noises.between(s, 100, 1500)
    places = [(280, 90, 1.0), (560, 120, 0.9), (1150, 220, 0.5), (2300, 500, 0.2)]
    return filters.drive(filters.resonate(s, voice, places), 2.5) * envelopes.swell(s, 0.4, 0.7)
