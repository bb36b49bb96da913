"""Music: compose, harmonise, edit, engrave and hear it. A plugin of Offline Studio.

Knows the studio by ``studio.api`` only.

Where things are:

* How a melody is set for four voices: ``chorales``: networks propose, ``lines.py`` has the rules,
  a search keeps both.
* How a piece gets form, tension and layers: ``prompt`` reads them, ``tunes`` plans, ``arc``
  shapes what is written.
* How bars of a tune are continued, varied or written anew: ``tunes/passages.py`` reads what is
  before; what needs no model: ``theory/development.py``.
* Lyrics, accents and dynamics of a score: a syllable and an accent are in their note, signs are
  in the track (``piece.py``); ``theory/dynamics.py`` lets velocities follow signs.
* How a line is set against a melody: ``backing/counter_melody.py``: its rules are costs of the
  search of ``chorales``.
* How a coin, an explosion or rain is made: ``effects``: a family is a function of a few lines.
* MusicGen, Stable Audio, AudioLDM of the user: ``audio_models``: ``folder.py`` reads,
  ``networks.py`` builds, ``musicgen.py`` and ``diffusion.py`` make sound with the libraries' own
  loops.
* How a recording becomes notes: ``transcription``: a network, rules, a beat, a score.
* How tracks become sound: sends, room, compressor, limiter: ``sound/mix``, for export and
  playback alike; who plays the notes: ``sound/synth`` beside it (``font_process.py`` for a font
  in the window).
* How a MIDI keyboard is recorded, how a synthesiser plays: ``sound/midi`` has ports, notes and
  messages; ``pages/midi`` counts in and keeps what was played.
"""
