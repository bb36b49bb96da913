"""Parameters of the music tasks: one declaration for the panel, the flags and the record.

Plain data only, one module a task. A page hands in the score that it has open beside them: the
input ``piece``.
"""

from studio_music.schema.backing import Back
from studio_music.schema.comparison import Compare
from studio_music.schema.composition import Compose, MetreName, Mood
from studio_music.schema.development import Develop
from studio_music.schema.engraving import Engrave
from studio_music.schema.fields import SCORE_SUFFIXES, Genre, Synth
from studio_music.schema.harmonisation import Harmonise
from studio_music.schema.layers import Layers
from studio_music.schema.render import Render
from studio_music.schema.score_import import Open

__all__ = [
    "SCORE_SUFFIXES",
    "Back",
    "Compare",
    "Compose",
    "Develop",
    "Engrave",
    "Genre",
    "Harmonise",
    "Layers",
    "MetreName",
    "Mood",
    "Open",
    "Render",
    "Synth",
]
