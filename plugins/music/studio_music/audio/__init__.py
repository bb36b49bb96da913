"""Sound: instruments, the mix, effects, models that write sound, and notes heard in a recording.

Knows ``score`` only.
"""
