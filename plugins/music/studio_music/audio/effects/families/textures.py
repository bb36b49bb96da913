"""Textures: sounds without an end. Each comes round by itself, so its loop has no seam."""

from __future__ import annotations

import math

import numpy as np

from studio_music.audio.effects.blocks import bodies, envelopes, filters, grains, noises, tones
from studio_music.audio.effects.families.machines import VOWELS, firing
from studio_music.audio.effects.family import Collection, Knob
from studio_music.audio.effects.stage import RATE, Signal, Stage

TEXTURES = Collection()
_STRENGTH = Knob(
    "strength",
    50,
    0,
    100,
    "From barely there (0) to violent (100).",
    (("light", 15), ("gentle", 15), ("calm", 15), ("weak", 15), ("heavy", 90), ("strong", 85),
     ("violent", 100), ("wild", 90), ("stormy", 95)),
)  # fmt: skip


@TEXTURES.add(
    "Countless drops on leaves and stone.",
    8.0,
    "raining, drizzle, shower, downpour, rainfall",
    _STRENGTH,
    endless=True,
    wide=True,
)
def rain(s: Stage) -> Signal:
    much = s["strength"] / 100
    hiss = noises.between(s, 1200, s.hz(7500, 0.02), 1.0) * (0.04 + 0.16 * much)
    drops = filters.band(s, noises.crackles(s, 150 + 900 * much, 3), 900, 9000) * 1.6
    times = s.times(25 + 60 * much)

    def near(_number: int) -> Signal:
        return grains.drop(s.hz(1900, 0) * 2 ** s.rng.uniform(-1, 0.8), 0.03)

    plops = grains.scatter(s, times, near, s.rng.uniform(0.02, 0.25, len(times)))
    return (hiss + drops) * envelopes.drift(s, 0.5, 0.08) + plops


@TEXTURES.add(
    "Air around a house: noise that wanders and whistles.",
    10.0,
    "breeze, gale, blizzard, windy, gust, air",
    _STRENGTH,
    endless=True,
    wide=True,
)
def wind(s: Stage) -> Signal:
    much = s["strength"] / 100
    gusts = envelopes.drift(s, 0.4, 0.5 + 0.5 * much)
    body = noises.moving(s, s.hz(260 + 250 * much) * gusts**0.7, 1.6)
    howl = noises.moving(s, s.hz(620) * gusts**0.6, 0.22) * 0.35 * much
    low = noises.between(s, 40, 160) * 0.25
    return (body + howl) * np.minimum(gusts, 3) * 0.5 + low


@TEXTURES.add(
    "Flames and crackling wood.",
    8.0,
    "campfire, flame, burning, fireplace, bonfire, torch, crackling",
    _STRENGTH,
    endless=True,
    wide=True,
)
def fire(s: Stage) -> Signal:
    much = s["strength"] / 100
    roar = noises.between(s, 40, s.hz(350, 0.03)) * envelopes.drift(s, 3, 0.35)
    times = s.times(7 + 16 * much)
    sizes = s.rng.uniform(0.15, 1, len(times)) ** 2.5

    def snap(_number: int) -> Signal:
        return grains.tick(s, s.rng.uniform(600, 2600), s.rng.uniform(0.004, 0.02))

    snaps = grains.scatter(s, times, snap, 2.4 * sizes)
    grit = filters.high(s, noises.crackles(s, 140, 3), 1500) * 3
    hiss = noises.between(s, 2500, 9000) * 0.025
    return roar * (0.08 + 0.25 * much) + snaps + grit + hiss


@TEXTURES.add(
    "Waves that come in, break, and draw back.",
    16.0,
    "ocean, waves, wave, surf, beach, shore",
    _STRENGTH,
    endless=True,
    wide=True,
)
def sea(s: Stage) -> Signal:
    turns = s.whole(0.125) * s.time
    place = turns % 1
    wave = np.where(place < 0.35, place / 0.35, (1 - place) / 0.65) ** 1.8
    wave = envelopes.smooth(s, wave, 0.5)
    much = 0.4 + s["strength"] / 100
    centre = s.hz(320) * 2 ** (2.4 * wave)
    foam = noises.moving(s, centre, 2.2) * (0.12 + wave * much)
    deep = noises.between(s, 30, 200) * (0.15 + 0.25 * wave * much)
    return foam + deep


@TEXTURES.add(
    "Water that runs over stones.",
    8.0,
    "brook, river, creek, flowing, waterfall, fountain",
    _STRENGTH,
    endless=True,
    wide=True,
)
def stream(s: Stage) -> Signal:
    much = s["strength"] / 100
    times = s.times(110 + 120 * much)

    def one(_number: int) -> Signal:
        return grains.drop(s.hz(700, 0) * 2 ** s.rng.uniform(-1, 1.4), s.rng.uniform(0.02, 0.07))

    bubbles = grains.scatter(s, times, one, s.rng.uniform(0.1, 0.6, len(times)) ** 1.5)
    rush = noises.between(s, 400, 5000, 1.0) * envelopes.drift(s, 2, 0.15) * (0.08 + 0.35 * much)
    return bubbles + rush


@TEXTURES.add(
    "Many people talk at once; no word can be made out.",
    10.0,
    "people, audience, chatter, talking, restaurant, cafe, market, babble, voices",
    Knob("people", 18, 4, 40, "How many voices there are."),
    endless=True,
    wide=True,
)
def crowd(s: Stage) -> Signal:
    mouths = {vowel: s.silence() for vowel in VOWELS}
    breath = 0.25 * noises.white(s)
    for _number in range(round(s["people"])):
        pitch = s.hz(150, 0) * 2 ** s.rng.uniform(-0.6, 0.8) * envelopes.drift(s, 2.5, 0.14)
        syllables = np.clip(envelopes.drift(s, 4.5, 0.9) - 0.8, 0, 2) * s.rng.uniform(0.3, 1)
        voice = tones.saw(s, pitch) + np.roll(breath, int(s.rng.integers(s.frames)))
        mouths["aeiou"[int(s.rng.integers(5))]] += voice * syllables
    total = s.silence()
    for vowel, voices in mouths.items():
        total += filters.resonate(s, voices, VOWELS[vowel])
    room = noises.between(s, 150, 1200) * 0.02 * math.sqrt(s["people"])
    return filters.low(s, total, 3500) / math.sqrt(s["people"]) + room


@TEXTURES.add(
    "Many hands clap.",
    6.0,
    "clap, clapping, cheer, ovation",
    Knob("people", 60, 3, 150, "How many people clap."),
    endless=True,
    wide=True,
)
def applause(s: Stage) -> Signal:
    times = s.times(4.2 * s["people"])
    shapes = [filters.bump(s.hz(1200, 0) * 2 ** s.rng.uniform(-0.6, 0.8), 1.6) for _ in range(8)]
    hands = [grains.tick(s, 500, 0.035) for _ in shapes]
    bins = np.fft.rfftfreq(len(hands[0]), 1 / RATE)[None, :].clip(1)
    claps = [
        np.fft.irfft(np.fft.rfft(hand) * shape(bins, bins)[0], len(hand))
        for hand, shape in zip(hands, shapes)
    ]
    levels = s.rng.uniform(0.2, 1, len(times)) ** 2
    return grains.scatter(s, times, lambda number: claps[number % 8], levels)


@TEXTURES.add(
    "A motor that runs evenly.",
    6.0,
    "car, motor, motor running, truck, tractor, motorcycle, motorbike, idle, driving, boat",
    Knob("speed", 34, 12, 140, "Strokes of the engine per second.", (("fast", 90), ("idle", 18))),
    endless=True,
)
def engine(s: Stage) -> Signal:
    rate = s["speed"] * s.pitch * envelopes.drift(s, 1.2, 0.02)
    motor = filters.drive(firing(s, rate), 1.8)
    air = noises.between(s, 150, 1800) * 0.07 * envelopes.drift(s, 6, 0.2)
    return motor + air + 0.12 * tones.sine(s, s["speed"] * 2)


@TEXTURES.add(
    "Birds in the trees, near and far.",
    12.0,
    "forest, dawn, birdsong, morning, park, garden, jungle",
    Knob("birds", 6, 1, 20, "How many birds there are."),
    endless=True,
    wide=True,
)
def birds(s: Stage) -> Signal:
    total = 0.012 * noises.between(s, 200, 3000)
    for _bird in range(round(s["birds"])):
        base, far = s.hz(3400, 0) * 2 ** s.rng.uniform(-0.7, 0.6), s.rng.uniform(0.15, 1)
        turn, speed = s.rng.uniform(-0.5, 0.5), s.rng.uniform(0.07, 0.16)
        for at in s.times(0.35):
            for note in range(int(s.rng.integers(2, 7))):
                start = base * 2 ** s.rng.uniform(-0.1, 0.1)
                sung = grains.chirp(start, start * 2**turn, speed * 0.8, attack=0.25, fall=2)
                s.put(total, far * sung, float(at) + note * speed)
    return total


@TEXTURES.add(
    "A summer night: insects that chirp in bursts.",
    8.0,
    "night, insects, cicada, summer, grasshopper",
    Knob("insects", 5, 1, 12, "How many insects there are."),
    endless=True,
    wide=True,
)
def crickets(s: Stage) -> Signal:
    total = 0.01 * noises.between(s, 100, 1200)
    for _insect in range(round(s["insects"])):
        pitch = s.whole(s.hz(4300, 0) * 2 ** s.rng.uniform(-0.25, 0.25))
        pulses = np.maximum(0, np.sin(2 * np.pi * s.whole(s.rng.uniform(26, 40)) * s.time))
        turns = s.whole(s.rng.uniform(0.9, 2.2)) * s.time + s.rng.uniform()
        bursts = envelopes.smooth(s, ((turns % 1) < 0.45).astype(float), 0.02)
        total += s.rng.uniform(0.15, 0.8) * pulses * bursts * tones.sine(s, pitch)
    return total


@TEXTURES.add(
    "Mains and fans: a steady low tone and air.",
    6.0,
    "hum, humming, transformer, fridge, server, generator, electric hum, fan, ventilation",
    Knob("mains", 50, 40, 120, "Its lowest tone, in hertz."),
    endless=True,
)
def machine_hum(s: Stage) -> Signal:
    levels = (0.4, 1, 0.35, 0.6, 0.12, 0.3, 0.06, 0.16, 0.03, 0.08)
    hum = tones.harmonics(s, s["mains"] * s.pitch, levels)
    air = noises.between(s, 120, 1400, 1.0) * 0.12
    return hum * envelopes.wobble(s, 0.6, 0.05) + air


@TEXTURES.add(
    "The inside of a large ship: a deep, slowly moving drone.",
    12.0,
    "space, drone, sci-fi, scifi, starship, ambient, reactor",
    Knob("depth", 55, 30, 110, "Its lowest tone, in hertz."),
    endless=True,
)
def spaceship(s: Stage) -> Signal:
    base = s["depth"] * s.pitch
    wave = tones.saw(s, base) + tones.saw(s, base * 1.006) + 0.6 * tones.saw(s, base * 1.498)
    centre = 240 * envelopes.drift(s, 0.25, 0.6)
    swept = filters.moving(s, wave, filters.bump(centre, 2.2))
    air = noises.between(s, 60, 500, 1.0) * 0.25
    return swept + air + 0.5 * tones.sine(s, base)


@TEXTURES.add(
    "Wheels over joints of the rails, again and again.",
    8.0,
    "rails, railroad, railway carriage, tracks, subway, metro",
    Knob("speed", 1.5, 0.5, 4, "Joints of the rails per second."),
    endless=True,
    wide=True,
)
def train_ride(s: Stage) -> Signal:
    every = 1 / s.whole(s["speed"])
    total = s.silence()
    for number in range(round(s.length / every)):
        for gap, size in ((0.0, 1.0), (0.11, 0.8)):
            joint = bodies.ring(s, bodies.PLATE, s.hz(170, 0.02), 0.18, 0.002)
            s.put(total, size * joint, number * every + gap + 0.02)
    rumble = noises.between(s, 35, 220) * 0.07
    steel = noises.between(s, 900, 3500) * 0.02 * envelopes.drift(s, 3, 0.2)
    return total + rumble + steel
