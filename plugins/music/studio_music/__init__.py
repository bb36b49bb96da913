"""Music: compose, harmonise, edit, engrave and hear it. A plugin of Offline Studio.

Knows the studio by ``studio.api`` only.
"""
