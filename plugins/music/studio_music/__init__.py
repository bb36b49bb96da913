"""Music: compose, harmonise, edit, engrave and hear it. A plugin of Offline Studio.

Knows the studio by ``studio.api`` only. Rooms: ``score`` (a piece as notes), above it ``compose``
and ``audio``, above these ``tasks`` and ``pages``.

Where things are:

* How a melody is set for four voices: ``compose/chorales``: networks propose, ``lines.py`` has the
  rules, a search keeps both.
* How a piece gets form, tension and layers: ``compose/prompt`` reads them, ``compose/tunes``
  plans, ``compose/arc`` shapes the result.
* How bars of a tune are continued, varied or written anew: ``compose/tunes/passages.py`` reads
  the bars before; without a model: ``score/theory/development.py``.
* Lyrics, accents and dynamics of a score: a syllable and an accent are in their note, signs are
  in the track (``score/piece.py``); ``score/theory/dynamics.py`` lets velocities follow signs.
* How a line is set against a melody: ``compose/backing/counter_melody.py``: its rules are costs of
  the search of ``compose/chorales``.
* How a coin, an explosion or rain is made: ``audio/effects``: a family is a function of a few
  lines.
* MusicGen, Stable Audio, AudioLDM of the user: ``audio/models``: ``folder.py`` reads,
  ``networks.py`` builds, ``musicgen.py`` and ``diffusion.py`` run the libraries' own loops.
* How a recording becomes notes: ``audio/transcription``: a network, rules, a beat, a score.
* How tracks become sound: sends, room, compressor, limiter: ``audio/mix``, for export and
  playback alike; who plays the notes: ``audio/synth`` beside it (``font_process.py`` for a font
  in the window).
* How a MIDI keyboard is recorded, how a synthesiser plays: ``audio/midi`` has ports, notes and
  messages; ``pages/midi`` counts in and keeps the notes played.
"""
