"""The names of General MIDI: 128 programs in 16 families, and the drums. Plain data.

Source: the General MIDI level 1 sound set (MIDI Association).
"""

from __future__ import annotations

from typing import Final

PROGRAMS: Final = tuple(
    """
Grand piano,Bright piano,Electric grand,Honky-tonk piano,Electric piano 1,Electric piano 2
Harpsichord,Clavinet,Celesta,Glockenspiel,Music box,Vibraphone,Marimba,Xylophone,Tubular bells
Dulcimer,Drawbar organ,Percussive organ,Rock organ,Church organ,Reed organ,Accordion,Harmonica
Tango accordion,Nylon guitar,Steel guitar,Jazz guitar,Clean guitar,Muted guitar,Overdriven guitar
Distortion guitar,Guitar harmonics,Acoustic bass,Fingered bass,Picked bass,Fretless bass
Slap bass 1,Slap bass 2,Synth bass 1,Synth bass 2,Violin,Viola,Cello,Contrabass,Tremolo strings
Pizzicato strings,Harp,Timpani,Strings 1,Strings 2,Synth strings 1,Synth strings 2,Choir aahs
Voice oohs,Synth voice,Orchestra hit,Trumpet,Trombone,Tuba,Muted trumpet,French horn
Brass section,Synth brass 1,Synth brass 2,Soprano sax,Alto sax,Tenor sax,Baritone sax,Oboe
English horn,Bassoon,Clarinet,Piccolo,Flute,Recorder,Pan flute,Blown bottle,Shakuhachi,Whistle
Ocarina,Square lead,Sawtooth lead,Calliope lead,Chiff lead,Charang lead,Voice lead,Fifths lead
Bass and lead,New age pad,Warm pad,Polysynth pad,Choir pad,Bowed pad,Metallic pad,Halo pad
Sweep pad,Rain,Soundtrack,Crystal,Atmosphere,Brightness,Goblins,Echoes,Sci-fi,Sitar,Banjo
Shamisen,Koto,Kalimba,Bagpipe,Fiddle,Shanai,Tinkle bell,Agogo,Steel drums,Woodblock,Taiko drum
Melodic tom,Synth drum,Reverse cymbal,Fret noise,Breath noise,Seashore,Bird tweet,Telephone ring
Helicopter,Applause,Gunshot
""".strip()
    .replace("\n", ",")
    .split(",")
)
"""Name of each program, 0…127."""

DRUMS: Final = dict(
    enumerate(
        """
Low bass drum,Bass drum,Side stick,Snare,Hand clap,Electric snare,Low floor tom,Closed hi-hat
High floor tom,Pedal hi-hat,Low tom,Open hi-hat,Low-mid tom,High-mid tom,Crash 1,High tom,Ride 1
Chinese cymbal,Ride bell,Tambourine,Splash,Cowbell,Crash 2,Vibraslap,Ride 2,High bongo,Low bongo
Muted conga,High conga,Low conga,High timbale,Low timbale,High agogo,Low agogo,Cabasa,Maracas
Short whistle,Long whistle,Short guiro,Long guiro,Claves,High woodblock,Low woodblock,Muted cuica
Open cuica,Muted triangle,Open triangle
""".strip()
        .replace("\n", ",")
        .split(","),
        start=35,
    )
)
"""Name of each drum by its pitch, 35…81."""
