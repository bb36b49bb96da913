"""The 128 programs of General MIDI as recipes, and how loud each stands in a mix. Data only."""

from __future__ import annotations

from dataclasses import replace

from studio_music.audio.synth.spectra import Spectrum
from studio_music.audio.synth.voices import Held, Recipe, Section, Struck

_BAR = (1.0, 2.756, 5.404, 8.933)
_TUNED_BAR = (1.0, 3.932, 9.538, 16.69)

PIANO = Struck(
    Spectrum(0.9, 650, 4200), stiffness=0.00035, place=0.12, ring=9.0, damping=0.16, cents=0.9,
    knock=0.10, knock_hertz=(150, 1800), release=0.16,
)  # fmt: skip
BRIGHT_PIANO = replace(PIANO, spectrum=Spectrum(0.8, 1100, 6500))
ELECTRIC_PIANO = Struck(
    Spectrum(1, 1200, 5000), ratios=(1, 2, 3, 7.02, 14.1), gains=(1, 0.28, 0.08, 0.06, 0.05),
    ring=6.0, damping=0.5, cents=0.7, knock=0.03, shimmer=(0.16, 4.6), release=0.14,
)  # fmt: skip
FM_PIANO = replace(ELECTRIC_PIANO, ratios=(1, 2, 4, 13.0, 14.0), gains=(1, 0.2, 0.12, 0.09, 0.12))
HARPSICHORD = Struck(
    Spectrum(0.55, 3500, 7000), stiffness=0.00005, place=0.09, ring=4.5, damping=0.07, cents=1.2,
    attack=0.001, knock=0.06, knock_hertz=(1200, 6000), release=0.08,
)  # fmt: skip
CLAVINET = replace(HARPSICHORD, spectrum=Spectrum(0.8, 1800, 5200), place=0.22, ring=2.2)

CELESTA = Struck(
    ratios=(1, 2.0, 4.0, 6.7), gains=(1, 0.18, 0.22, 0.05), ring=3.0, damping=0.5, knock=0.02,
    release=0.3,
)  # fmt: skip
GLOCKENSPIEL = Struck(
    Spectrum(1, 5000, 9000), ratios=_BAR, gains=(1, 0.35, 0.16, 0.05), ring=5.0, damping=0.35,
    knock=0.05, knock_hertz=(2000, 8000), release=0.5,
)  # fmt: skip
MUSIC_BOX = Struck(
    ratios=(1, 2.0, 6.27, 9.1), gains=(1, 0.12, 0.12, 0.04), ring=3.2, damping=0.6, knock=0.03,
    knock_hertz=(1500, 6000), release=0.5,
)  # fmt: skip
VIBRAPHONE = Struck(
    ratios=(1, 4.0, 9.9), gains=(1, 0.14, 0.03), ring=7.0, damping=0.6, knock=0.02,
    shimmer=(0.22, 5.2), release=0.35,
)  # fmt: skip
MARIMBA = Struck(
    ratios=_TUNED_BAR, gains=(1, 0.22, 0.08, 0.02), ring=1.3, damping=1.2, knock=0.07,
    knock_hertz=(200, 1500), release=0.2,
)  # fmt: skip
XYLOPHONE = Struck(
    Spectrum(1, 4000, 9000), ratios=(1, 3.0, 6.2, 9.8), gains=(1, 0.4, 0.2, 0.08), ring=0.9,
    damping=0.7, knock=0.12, knock_hertz=(800, 5000), release=0.2,
)  # fmt: skip
TUBULAR = Struck(
    Spectrum(1, 3000, 7000), ratios=(1, 1.5, 2.0, 2.63, 3.32, 4.1, 5.43),
    gains=(0.9, 0.14, 0.6, 0.22, 0.2, 0.14, 0.08), ring=7.0, damping=0.25, cents=0.8, knock=0.04,
    release=0.9,
)  # fmt: skip
DULCIMER = Struck(
    Spectrum(0.8, 2000, 6000), stiffness=0.0001, place=0.13, ring=3.5, damping=0.15, cents=2.5,
    knock=0.08, release=0.4,
)  # fmt: skip
KALIMBA = Struck(
    ratios=(1, 5.6, 6.3, 12.1), gains=(1, 0.09, 0.06, 0.02), ring=1.6, damping=0.8, knock=0.05,
    release=0.3,
)  # fmt: skip
STEEL_DRUM = Struck(
    ratios=(1, 2.0, 3.01, 4.02, 5.1), gains=(1, 0.75, 0.3, 0.12, 0.08), ring=1.6, damping=0.5,
    cents=3.0, knock=0.05, release=0.3,
)  # fmt: skip
BELL = Struck(
    Spectrum(1, 4000, 8000), ratios=(1, 2.0, 2.4, 3.0, 4.5, 5.33, 6.67),
    gains=(0.8, 0.7, 0.35, 0.25, 0.2, 0.12, 0.08), ring=6.0, damping=0.3, cents=1.5, release=0.8,
)  # fmt: skip

_ORGAN = Spectrum(1, 5000, 6500, drawbars=(1, 0.7, 0.5, 0.3, 0, 0.15, 0, 0.12))
ORGAN = Section(_ORGAN, attack=0.012, cents=2.0, players=1, tremolo=(0.08, 6.2), release=0.06)
ROCK_ORGAN = replace(
    ORGAN, spectrum=replace(_ORGAN, drawbars=(1, 0.9, 0.8, 0.5, 0.25, 0.3, 0, 0.3)), cents=4.0,
    tremolo=(0.16, 6.4),
)  # fmt: skip
CHURCH_ORGAN = Section(
    replace(_ORGAN, drawbars=(1, 0.8, 0.35, 0.6, 0.12, 0.25, 0.05, 0.3), loud=7000), attack=0.05,
    cents=3.0, players=2, breath=0.008, release=0.3,
)  # fmt: skip
REED_ORGAN = Section(Spectrum(0.9, 2500, 4500, even=0.7), attack=0.05, cents=3.0, players=1)
ACCORDION = Section(Spectrum(0.75, 2500, 5000, even=0.8), attack=0.04, cents=7.0, players=2)
HARMONICA = Held(
    Spectrum(0.7, 2200, 4500, even=0.7), attack=0.04, vibrato=(9, 5.0), breath=0.02, release=0.08
)

NYLON = Struck(
    Spectrum(1.25, 900, 3600), stiffness=0.00003, place=0.21, ring=3.2, damping=0.30, knock=0.07,
    knock_hertz=(120, 900), release=0.12,
)  # fmt: skip
STEEL = Struck(
    Spectrum(0.95, 1600, 6000), stiffness=0.00006, place=0.15, ring=4.5, damping=0.16, cents=0.8,
    knock=0.05, knock_hertz=(400, 4000), release=0.12,
)  # fmt: skip
JAZZ_GUITAR = replace(NYLON, spectrum=Spectrum(1.1, 900, 2400), ring=3.6, knock=0.03)
CLEAN_GUITAR = replace(STEEL, spectrum=Spectrum(0.95, 1400, 4200), place=0.18, knock=0.02)
MUTED_GUITAR = replace(CLEAN_GUITAR, ring=0.45, damping=0.4, knock=0.08)
OVERDRIVE = Struck(
    Spectrum(0.65, 1800, 3400), place=0.16, ring=9.0, damping=0.015, cents=1.5, attack=0.004,
    release=0.09,
)  # fmt: skip
DISTORTION = replace(OVERDRIVE, spectrum=Spectrum(0.45, 2200, 3600), ring=14.0, damping=0.005)
HARMONICS = Struck(ratios=(1, 2, 3, 4), gains=(1, 0.3, 0.1, 0.05), ring=3.0, damping=0.3)

ACOUSTIC_BASS = Struck(
    Spectrum(1.25, 500, 1500), stiffness=0.00004, place=0.24, ring=1.7, damping=0.28, knock=0.05,
    knock_hertz=(80, 700), release=0.09,
)  # fmt: skip
FINGER_BASS = Struck(
    Spectrum(1.0, 600, 2000), stiffness=0.00005, place=0.2, ring=2.6, damping=0.2, knock=0.03,
    release=0.08,
)  # fmt: skip
PICK_BASS = replace(
    FINGER_BASS, spectrum=Spectrum(0.9, 1100, 3200), place=0.14, knock=0.07,
    knock_hertz=(800, 4000),
)  # fmt: skip
FRETLESS = replace(FINGER_BASS, spectrum=Spectrum(0.9, 450, 1300), ring=4.0, attack=0.012)
SLAP_BASS = replace(
    FINGER_BASS, spectrum=Spectrum(0.7, 1800, 5000), place=0.11, damping=0.25, knock=0.14,
    knock_hertz=(1200, 6000),
)  # fmt: skip
SYNTH_BASS = Struck(Spectrum(0.9, 500, 2400), ring=4.5, damping=0.09, cents=3.0, attack=0.004)

_FIDDLE = ((300, 120, 0.9), (480, 150, 0.8), (950, 350, 0.7), (2700, 900, 1.1))
VIOLIN = Held(
    Spectrum(0.85, 2500, 5500, formants=_FIDDLE), attack=0.07, vibrato=(12, 5.6), breath=0.016,
    breath_hertz=(1500, 6500), release=0.14,
)  # fmt: skip
VIOLA = replace(
    VIOLIN,
    spectrum=Spectrum(0.95, 2000, 4200, formants=((230, 120, 1), (700, 400, 0.8))),
)
CELLO = replace(
    VIOLIN, attack=0.08, vibrato=(11, 5.0),
    spectrum=Spectrum(
        0.95, 1500, 3400, formants=((180, 120, 1), (450, 250, 0.9), (1200, 600, 0.7)),
    ),
)  # fmt: skip
CONTRABASS = replace(
    CELLO,
    vibrato=(6, 4.6),
    spectrum=Spectrum(1.0, 900, 2200, formants=((110, 80, 1), (350, 250, 1))),
)
STRINGS = Section(Spectrum(1.0, 1600, 4200, formants=((400, 300, 0.7), (1000, 600, 0.7))), 0.1)
SLOW_STRINGS = replace(STRINGS, attack=0.28, release=0.4, spectrum=Spectrum(1.1, 1100, 3200))
TREMOLO_STRINGS = replace(STRINGS, attack=0.05, tremolo=(0.55, 8.5))
SYNTH_STRINGS = Section(Spectrum(0.95, 1800, 4800), attack=0.16, cents=12.0, release=0.35)
PIZZICATO = Struck(
    Spectrum(1.1, 900, 3000),
    place=0.17,
    ring=0.55,
    damping=0.35,
    cents=4.0,
    knock=0.06,
    release=0.2,
)
HARP = Struck(
    Spectrum(1.15, 1000, 3600), stiffness=0.00002, place=0.3, ring=4.0, damping=0.28, knock=0.04,
    knock_hertz=(150, 1200), release=0.5,
)  # fmt: skip
TIMPANI = Struck(
    ratios=(1, 1.504, 1.993, 2.44, 2.89), gains=(1, 0.45, 0.28, 0.12, 0.07), ring=2.2, damping=0.7,
    knock=0.16, knock_hertz=(60, 500), release=0.5,
)  # fmt: skip

_AH = ((700, 160, 1.2), (1150, 180, 0.7), (2700, 350, 0.35), (3500, 400, 0.2))
_OO = ((330, 130, 1.3), (750, 160, 0.6), (2500, 350, 0.12))
CHOIR = Section(
    Spectrum(0.85, 2500, 4000, formants=_AH), attack=0.14, cents=13.0, breath=0.01, release=0.3
)
VOICES = replace(CHOIR, spectrum=Spectrum(0.9, 2000, 3200, formants=_OO), attack=0.11)
SYNTH_VOICE = replace(CHOIR, cents=8.0, breath=0.0)
HIT = Section(Spectrum(0.7, 2500, 6000), attack=0.006, cents=16.0, fade=4.0, breath=0.05)

TRUMPET = Held(
    Spectrum(0.55, 1300, 4300, formants=((1200, 700, 0.9),)), attack=0.035, bloom=0.25,
    vibrato=(7, 5.2), onset=0.6, breath=0.006, release=0.08,
)  # fmt: skip
TROMBONE = replace(
    TRUMPET, spectrum=Spectrum(0.7, 900, 2800, formants=((550, 350, 0.9),)), attack=0.05
)
TUBA = replace(
    TRUMPET, spectrum=Spectrum(1.0, 500, 1400, formants=((260, 200, 1),)), vibrato=(3, 4.5)
)
MUTED_TRUMPET = replace(
    TRUMPET, spectrum=Spectrum(0.35, 2200, 4800, formants=((1700, 500, 1.4), (3400, 800, 0.7)))
)
HORN = replace(
    TRUMPET, spectrum=Spectrum(1.0, 600, 1900, formants=((450, 300, 0.9),)), attack=0.06, bloom=0.1,
    vibrato=(4, 4.8),
)  # fmt: skip
BRASS = replace(TRUMPET, spectrum=Spectrum(0.65, 1300, 3800), players=4, cents=5.0, vibrato=(5, 5))
SYNTH_BRASS = Section(Spectrum(0.8, 1200, 4200), attack=0.045, cents=8.0, release=0.18)

SAX = Held(
    Spectrum(0.7, 1500, 3800, formants=((600, 350, 0.9), (1400, 500, 0.7))), attack=0.04,
    bloom=0.15, vibrato=(11, 5.0), breath=0.022, breath_hertz=(1200, 5500),
)  # fmt: skip
LOW_SAX = replace(
    SAX, spectrum=Spectrum(0.75, 900, 2800, formants=((350, 200, 1), (900, 400, 0.8)))
)
OBOE = Held(
    Spectrum(0.45, 2400, 4200, formants=((1050, 350, 1.3), (2900, 600, 0.8))), attack=0.035,
    vibrato=(8, 5.3), breath=0.008,
)  # fmt: skip
ENGLISH_HORN = replace(OBOE, spectrum=Spectrum(0.6, 1600, 3200, formants=((800, 300, 1.2),)))
BASSOON = replace(
    OBOE, spectrum=Spectrum(0.7, 900, 2300, formants=((480, 180, 1.4), (1150, 300, 0.6))),
    vibrato=(5, 5),
)  # fmt: skip
CLARINET = Held(Spectrum(0.8, 1400, 3600, even=0.12), attack=0.04, vibrato=(2.5, 4.8), breath=0.012)

FLUTE = Held(
    Spectrum(1.9, 1800, 4200), attack=0.055, vibrato=(8, 5.1), onset=0.3, breath=0.05,
    breath_hertz=(900, 4500), release=0.1,
)  # fmt: skip
PICCOLO = replace(FLUTE, attack=0.035, breath=0.035)
RECORDER = Held(
    Spectrum(1.8, 2000, 3600, even=0.35), attack=0.03, vibrato=(3, 4.8), breath=0.028, release=0.07
)
PAN_FLUTE = replace(FLUTE, spectrum=Spectrum(2.1, 1500, 3000, even=0.4), attack=0.05, breath=0.11)
BOTTLE = replace(PAN_FLUTE, spectrum=Spectrum(2.8, 900, 1800), breath=0.14)
SHAKUHACHI = replace(FLUTE, vibrato=(16, 4.6), breath=0.12, attack=0.08)
WHISTLE = replace(FLUTE, spectrum=Spectrum(3.0, 3000, 5000), breath=0.03, vibrato=(12, 5.4))
OCARINA = replace(WHISTLE, spectrum=Spectrum(2.6, 1500, 3000), vibrato=(6, 5.0), breath=0.02)

SQUARE_LEAD = Held(
    Spectrum(1.0, 1800, 5000, even=0.02), attack=0.012, vibrato=(6, 5.4), players=2, release=0.1
)
SAW_LEAD = replace(SQUARE_LEAD, spectrum=Spectrum(1.0, 2000, 6000), players=3, cents=6.0)
CALLIOPE = replace(RECORDER, breath=0.08, attack=0.04)
CHIFF = replace(SQUARE_LEAD, spectrum=Spectrum(1.5, 1500, 4000), breath=0.05)
CHARANG = replace(OVERDRIVE, cents=4.0)
VOICE_LEAD = Held(
    Spectrum(0.9, 2000, 3200, formants=_AH), attack=0.08, vibrato=(14, 5.2), players=2
)
BASS_LEAD = replace(SAW_LEAD, spectrum=Spectrum(0.9, 900, 3000))

WARM_PAD = Section(Spectrum(1.3, 700, 2200), attack=0.35, cents=11.0, release=0.7)
NEW_AGE = replace(WARM_PAD, spectrum=Spectrum(1.1, 1500, 4500), attack=0.12, breath=0.01)
POLY_PAD = replace(WARM_PAD, spectrum=Spectrum(1.0, 1500, 3600), attack=0.12)
CHOIR_PAD = replace(CHOIR, attack=0.35, release=0.7)
BOWED_PAD = replace(WARM_PAD, spectrum=Spectrum(1.2, 1800, 4000, even=0.4), attack=0.5)
METAL_PAD = replace(BELL, ring=9.0, attack=0.08, cents=5.0)
HALO_PAD = replace(CHOIR_PAD, spectrum=Spectrum(0.8, 2500, 5000, formants=_OO), attack=0.45)
SWEEP_PAD = replace(WARM_PAD, spectrum=Spectrum(0.8, 1200, 5000), attack=0.6, cents=15.0)
SOFT_BELLS = replace(MUSIC_BOX, ring=5.0, cents=4.0, attack=0.01)
ATMOSPHERE = replace(NYLON, ring=6.0, cents=6.0, spectrum=Spectrum(1.2, 1200, 4000))

SITAR = replace(STEEL, spectrum=Spectrum(0.5, 3000, 5500), place=0.05, ring=5.0, damping=0.06)
BANJO = replace(STEEL, spectrum=Spectrum(0.7, 2500, 6000), place=0.1, ring=1.3, knock=0.12)
SHAMISEN = replace(BANJO, ring=1.0, place=0.07, knock=0.16)
KOTO = replace(STEEL, place=0.09, ring=3.0, cents=0.6)
BAGPIPE = Section(Spectrum(0.45, 2500, 5000), attack=0.04, cents=4.0, players=2, release=0.05)
FIDDLE = replace(VIOLIN, vibrato=(7, 5.6), attack=0.045)
SHANAI = replace(OBOE, vibrato=(14, 5.6), spectrum=Spectrum(0.35, 3000, 5000))

AGOGO = Struck(ratios=(1, 2.45, 3.7), gains=(1, 0.5, 0.25), ring=0.8, damping=0.4, knock=0.06)
WOODBLOCK = Struck(ratios=(1, 2.6, 4.1), gains=(1, 0.4, 0.2), ring=0.14, damping=0.8, knock=0.2)
TAIKO = replace(TIMPANI, ring=1.4, knock=0.3)
TOM = replace(TIMPANI, ring=0.9, knock=0.12)
_AIR = Section(Spectrum(3.0, 400, 800), attack=0.12, breath=1.2, release=0.3)
REVERSE = replace(_AIR, attack=0.9, breath_hertz=(3000, 9000))
FRET = replace(_AIR, attack=0.02, breath_hertz=(1800, 4500), fade=6.0, release=0.05)
BREATH = replace(_AIR, breath_hertz=(900, 4000))
SEASHORE = replace(_AIR, attack=1.2, breath_hertz=(200, 2500), tremolo=(0.5, 0.2), release=1.0)
BIRD = replace(WHISTLE, vibrato=(90, 9.0), onset=0.01)
TELEPHONE = replace(BELL, ring=3.0)
HELICOPTER = replace(_AIR, breath_hertz=(60, 900), tremolo=(0.9, 11.0))
APPLAUSE = replace(_AIR, attack=0.4, breath_hertz=(900, 5000), release=0.8)
GUNSHOT = Struck(ratios=(1, 1.6), gains=(0.4, 0.2), ring=0.3, knock=2.5, knock_hertz=(80, 5000))

PROGRAMS: tuple[Recipe, ...] = (
    PIANO, BRIGHT_PIANO, BRIGHT_PIANO, replace(PIANO, cents=7.0),
    ELECTRIC_PIANO, FM_PIANO, HARPSICHORD, CLAVINET,
    CELESTA, GLOCKENSPIEL, MUSIC_BOX, VIBRAPHONE, MARIMBA, XYLOPHONE, TUBULAR, DULCIMER,
    ORGAN, replace(ORGAN, attack=0.004), ROCK_ORGAN, CHURCH_ORGAN,
    REED_ORGAN, ACCORDION, HARMONICA, ACCORDION,
    NYLON, STEEL, JAZZ_GUITAR, CLEAN_GUITAR, MUTED_GUITAR, OVERDRIVE, DISTORTION, HARMONICS,
    ACOUSTIC_BASS, FINGER_BASS, PICK_BASS, FRETLESS,
    SLAP_BASS, SLAP_BASS, SYNTH_BASS, replace(SYNTH_BASS, damping=0.2),
    VIOLIN, VIOLA, CELLO, CONTRABASS, TREMOLO_STRINGS, PIZZICATO, HARP, TIMPANI,
    STRINGS, SLOW_STRINGS, SYNTH_STRINGS, replace(SYNTH_STRINGS, attack=0.3),
    CHOIR, VOICES, SYNTH_VOICE, HIT,
    TRUMPET, TROMBONE, TUBA, MUTED_TRUMPET, HORN, BRASS, SYNTH_BRASS,
    replace(SYNTH_BRASS, attack=0.08),
    SAX, SAX, LOW_SAX, LOW_SAX, OBOE, ENGLISH_HORN, BASSOON, CLARINET,
    PICCOLO, FLUTE, RECORDER, PAN_FLUTE, BOTTLE, SHAKUHACHI, WHISTLE, OCARINA,
    SQUARE_LEAD, SAW_LEAD, CALLIOPE, CHIFF, CHARANG, VOICE_LEAD, SAW_LEAD, BASS_LEAD,
    NEW_AGE, WARM_PAD, POLY_PAD, CHOIR_PAD, BOWED_PAD, METAL_PAD, HALO_PAD, SWEEP_PAD,
    SOFT_BELLS, POLY_PAD, SOFT_BELLS, ATMOSPHERE, NEW_AGE, HALO_PAD, METAL_PAD, SWEEP_PAD,
    SITAR, BANJO, SHAMISEN, KOTO, KALIMBA, BAGPIPE, FIDDLE, SHANAI,
    BELL, AGOGO, STEEL_DRUM, WOODBLOCK, TAIKO, TOM, TOM, REVERSE,
    FRET, BREATH, SEASHORE, BIRD, TELEPHONE, HELICOPTER, APPLAUSE, GUNSHOT,
)  # fmt: skip

# Decibels over the others, by the eight programs of a group: what carries a tune stands out, what
# lies under it stands back.
_GROUPS = (-2, -2, -4, -3, 0, -2, -4, -2, -2, -1, -4, -5, -4, -1, -3, -8)


def recipe(program: int) -> Recipe:
    """Return how a program, 0…127, is made."""
    return PROGRAMS[program]


def decibels(program: int) -> float:
    """Return how much louder than others a program stands in a mix."""
    return float(_GROUPS[program // 8])
