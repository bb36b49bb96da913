"""How a piece is written: a prompt is read, a tune is planned, set for voices and accompanied.

Knows ``score`` only.
"""
