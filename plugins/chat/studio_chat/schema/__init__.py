"""Parameters of the chat tasks: one declaration for the panel, the flags and the record.

Plain data only.
"""

from studio_chat.schema.reply import PANEL_FIELDS, ChatSettings, Embed, Rank, Recognise, Reply
from studio_chat.schema.study import Lesson, Mark
from studio_chat.schema.texts import LANGUAGES, Change, Draft, Rewrite, Summarise

__all__ = [
    "LANGUAGES",
    "PANEL_FIELDS",
    "Change",
    "ChatSettings",
    "Draft",
    "Embed",
    "Lesson",
    "Mark",
    "Rank",
    "Recognise",
    "Reply",
    "Rewrite",
    "Summarise",
]
