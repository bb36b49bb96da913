"""A conversation by voice that ends with SIGKILL; ``test_killed_talk`` runs it in a process."""

from __future__ import annotations

import os
import signal

from plugins.voice.tests.pages.test_talk import Desk, desk  # noqa: F401  a fixture
from studio.testing.scripted import Stall


def test_it_is_killed_while_it_answers(desk: Desk) -> None:  # noqa: F811
    desk.listen()
    desk.says("What is a fox?")
    desk.answers("A fox is an animal. ", "It is red. ", spoken=0, then=(Stall(),))
    lines = desk.talk.dialogue.conversation.lines
    desk.until(lambda: bool(lines) and lines[-1].text.endswith("red. "))
    os.kill(os.getpid(), signal.SIGKILL)
