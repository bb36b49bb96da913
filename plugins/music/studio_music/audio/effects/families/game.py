"""Effects of games: collecting, casting, hits and defeat."""

from __future__ import annotations

import numpy as np

from studio_music.audio.effects.blocks import bodies, envelopes, filters, grains, noises, tones
from studio_music.audio.effects.family import Collection, Knob
from studio_music.audio.effects.stage import Signal, Stage

GAME = Collection()
_MAJOR = (0, 4, 7, 12, 16, 19, 24)


def _semitones(number: float) -> float:
    return float(2 ** (number / 12))


@GAME.add(
    "Two rising notes, the second one ringing: something was collected.",
    0.5,
    "money, gold, collect, treasure, token, gem, pickup",
    Knob("interval", 5, 2, 12, "Semitones from the first note to the second."),
)
def coin(s: Stage) -> Signal:
    first, short = s.hz(988), s.seconds(0.075)
    pitch = envelopes.steps(s, (first, short), (first * _semitones(s["interval"]), 1))
    level = envelopes.decay(s, s.seconds(0.5), hold=short)
    return level * (0.7 * tones.pulse(s, pitch) + 0.3 * tones.sine(s, pitch * 2))


@GAME.add(
    "A short tone that bends up: a figure leaves the ground.",
    0.32,
    "hop, leap, bounce",
    Knob("rise", 14, 3, 30, "Semitones that it bends up."),
)
def jump(s: Stage) -> Signal:
    start = s.hz(260)
    pitch = envelopes.glide(s, start, start * _semitones(s["rise"]), bend=s.chance(0.3))
    level = envelopes.decay(s, s.length * 1.6, attack=0.004) * envelopes.gate(s, 0, s.length, 0.03)
    return level * (0.6 * tones.pulse(s, pitch, 0.3) + 0.5 * tones.triangle(s, pitch))


@GAME.add(
    "A bright tone that falls fast: a shot of light.",
    0.4,
    "blaster, zap, ray, phaser, raygun, pew, beam",
    Knob("fall", 34, 8, 60, "Semitones that it falls."),
)
def laser(s: Stage) -> Signal:
    start = s.hz(2400, 0.15)
    pitch = envelopes.glide(s, start, start / _semitones(s["fall"]), bend=0.55)
    level = envelopes.decay(s, s.length * 1.3, attack=0.001)
    return level * filters.drive(tones.bent(s, pitch, 1.5, 1.2 * s.chance(0.4)), 2)


@GAME.add(
    "A blow of dark noise with a rumbling tail.",
    2.2,
    "blast, bomb, boom, detonation, burst, explode, grenade",
    Knob("debris", 35, 0, 100, "How much falls down afterwards, in percent."),
)
def explosion(s: Stage) -> Signal:
    blast = envelopes.decay(s, s.seconds(1.5), attack=0.004) * noises.between(s, 30, s.hz(260))
    crack = envelopes.decay(s, s.seconds(0.18), attack=0.001) * noises.between(s, 300, 3000)
    boom = envelopes.decay(s, s.seconds(0.9)) * tones.sine(s, envelopes.glide(s, s.hz(95), 28, 0.5))
    falling = noises.crackles(s, 90) * envelopes.swell(s, 0.3) * s["debris"] / 12
    debris = filters.band(s, falling, 300, 2500)
    return filters.drive(0.9 * blast + 0.5 * crack + 1.1 * boom, 1.6) + debris


@GAME.add(
    "A short dull blow with a crack: something was struck.",
    0.3,
    "punch, strike, impact, smack, kick, slap, hurt, damage, blow",
    Knob("crack", 50, 0, 100, "Share of bright noise in the blow, in percent."),
)
def hit(s: Stage) -> Signal:
    low = s.hz(160)
    thump = tones.sine(s, envelopes.glide(s, low, low * 0.4, s.seconds(0.12)))
    crack = noises.between(s, 700, 4500) * envelopes.decay(s, s.seconds(0.08), attack=0.001)
    body = thump * envelopes.decay(s, s.seconds(0.24), attack=0.002)
    return filters.drive(1.2 * body + crack * s["crack"] / 110, 1.8)


@GAME.add(
    "A run of rising notes: a figure became stronger.",
    0.9,
    "powerup, upgrade, boost, level up, levelup, bonus, extra life",
    Knob("notes", 6, 3, 12, "How many notes it runs through."),
)
def power_up(s: Stage) -> Signal:
    count, base = round(s["notes"]), s.hz(330)
    step_seconds = s.length * 0.75 / count
    scale = [_MAJOR[n % 3] + 12 * (n // 3) for n in range(count)]
    pitch = envelopes.steps(s, *((base * _semitones(step), step_seconds) for step in scale))
    level = envelopes.decay(s, s.length * 0.5, hold=s.length * 0.72)
    wave = tones.pulse(s, pitch * envelopes.wobble(s, 7, 0.006), 0.4)
    return level * (wave + 0.4 * tones.triangle(s, pitch * 2))


@GAME.add(
    "A wavering tone that sinks: strength is lost.",
    1.0,
    "powerdown, lose power, shutdown, drain, weaken",
    Knob("fall", 26, 6, 40, "Semitones that it sinks."),
)
def power_down(s: Stage) -> Signal:
    start = s.hz(660)
    pitch = envelopes.glide(s, start, start / _semitones(s["fall"]), bend=1.2)
    wave = tones.pulse(s, pitch * envelopes.wobble(s, s.hz(11), 0.05), 0.5)
    return filters.low(s, wave, 3000) * envelopes.decay(s, s.length * 1.8, attack=0.01)


@GAME.add(
    "Slow falling notes: it was lost.",
    2.0,
    "gameover, lose, lost, fail, failure, defeat, death, die",
    Knob("notes", 4, 3, 6, "How many notes fall."),
)
def game_over(s: Stage) -> Signal:
    steps = (0, -1, -3, -6, -8, -11)[: round(s["notes"])]
    base, step_seconds, total = s.hz(392), s.length * 0.7 / len(steps), s.silence()
    for place, step in enumerate(steps):
        last = place == len(steps) - 1
        level = envelopes.decay(
            s, step_seconds * (4 if last else 1.6), at=place * step_seconds, hold=step_seconds * 0.4
        )
        pitch = base * _semitones(step) * (envelopes.wobble(s, 6, 0.012) if last else 1.0)
        total += level * tones.pulse(s, pitch, 0.25)
    return filters.low(s, total, 4000)


@GAME.add(
    "A short fanfare of three rising notes and a long chord.",
    1.8,
    "win, fanfare, success, triumph, complete, achievement, celebrate, tada",
)
def victory(s: Stage) -> Signal:
    base, short, total = s.hz(392), s.seconds(0.13), s.silence()
    chord = [(0, 0), (4, 1), (7, 2), (12, 3), (7, 3), (4, 3)]
    for step, place in chord:
        pitch = base * _semitones(step) * envelopes.wobble(s, 5, 0.004)
        long = s.length if place == 3 else short * 2
        total += envelopes.decay(s, long, attack=0.012, at=place * short) * tones.saw(s, pitch)
    return filters.low(s, total, 3500)


@GAME.add(
    "A shimmering tone that swings faster and faster upwards.",
    1.1,
    "warp, portal, beam up, vanish, appear, transport",
    Knob("swings", 22, 6, 60, "How fast it swings at the end, in hertz."),
)
def teleport(s: Stage) -> Signal:
    swing = tones.sine(s, envelopes.glide(s, 4, s["swings"]))
    pitch = envelopes.glide(s, s.hz(300), s.hz(1900)) * 2 ** (0.35 * swing)
    shine = noises.moving(s, pitch * 2, 0.5) * 0.25
    return (tones.bent(s, pitch, 2.01, 0.8) + shine) * envelopes.swell(s, 0.75, 1.2)


@GAME.add(
    "Many small bells that rise: a spell, a sparkle.",
    1.6,
    "spell, sparkle, fairy, enchant, glitter, shimmer, twinkle, wand, heal",
    Knob("sparks", 26, 6, 60, "How many small bells there are."),
)
def magic(s: Stage) -> Signal:
    count, base = round(s["sparks"]), s.hz(1050)
    times = np.sort(s.rng.uniform(0, 0.65, count)) * s.length
    climb = 1 + 1.2 * times / s.length

    def spark(number: int) -> Signal:
        pitch = base * climb[number] * _semitones(s.rng.choice(_MAJOR[:5]))
        return bodies.ring(s, bodies.CHIME, pitch, s.seconds(0.5), 0.001)

    return grains.scatter(s, times, spark, s.rng.uniform(0.3, 1, count))


@GAME.add(
    "A hollow humming tone that opens and closes.",
    1.2,
    "force field, forcefield, barrier, protect, guard, block",
)
def shield(s: Stage) -> Signal:
    base = s.hz(150)
    wave = tones.saw(s, base) + tones.saw(s, base * 1.007) + tones.saw(s, base * 1.503)
    centre = envelopes.glide(s, 300, 2400) * envelopes.wobble(s, 9, 0.3)
    opened = filters.moving(s, wave, filters.bump(centre, 1.6))
    return opened * envelopes.swell(s, 0.35, 1.0)


@GAME.add(
    "One very short square tone: the choice in a menu moved.",
    0.09,
    "select, menu, cursor, beep, bleep, retro",
)
def blip(s: Stage) -> Signal:
    return tones.pulse(s, s.hz(740, 0.2), 0.5) * envelopes.gate(s, 0, s.length * 0.85, 0.003)
