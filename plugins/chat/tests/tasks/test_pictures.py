"""Pictures of a conversation reach the engine with the message that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import BadInput
from studio.testing.engines import FakeTextEngine
from studio.testing.plugins import run_task
from studio_chat.schema import Reply
from studio_chat.tasks.pictures import with_pictures
from studio_chat.tasks.reply import conversation, reply


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [tmp_path / f"{name}.png" for name in ("cat", "dog")]
    for path in paths:
        path.write_bytes(path.stem.encode())
    return [str(path) for path in paths]


def test_a_prompt_shows_all_pictures_that_no_message_names(files: list[str]) -> None:
    engine = FakeTextEngine("A cat and a dog.")
    params = Reply.parse({"prompt": "What?", "pictures": files, "weights": "any"})
    made = run_task(reply, params, models={"any": engine})
    assert engine.pictures == [b"cat", b"dog"]
    assert made.result["text"] == "A cat and a dog."


def test_each_message_has_its_own_behind_a_system_prompt_too(files: list[str]) -> None:
    class Given:
        def json(self, name: str, _type: object, default: object) -> object:
            if name != "messages":
                return default
            return [
                {"role": "user", "content": "A", "pictures": [1]},
                {"role": "assistant", "content": "B"},
                {"role": "user", "content": "C", "pictures": [0]},
            ]

    params = Reply.parse({"pictures": files, "system": "Be kind.", "weights": "any"})
    turns = conversation(Given(), params)  # type: ignore[arg-type]  # what it asks for is there
    messages, missing = with_pictures(turns, Given(), params)  # type: ignore[arg-type]  # as above
    assert [m.get("pictures") for m in messages] == [None, [b"dog"], None, [b"cat"]]
    assert not missing
    Path(files[1]).unlink()  # of an earlier message: the conversation goes on
    messages, missing = with_pictures(turns, Given(), params)  # type: ignore[arg-type]  # as above
    assert "dog.png" in missing
    Path(files[0]).unlink()
    with pytest.raises(BadInput, match=r"cat\.png cannot be read"):
        with_pictures(turns, Given(), params)  # type: ignore[arg-type]  # as above


def test_a_program_hands_its_pictures_in_behind_those_of_files(files: list[str]) -> None:
    engine = FakeTextEngine("Three.")
    asked = [{"role": "user", "content": "What?", "pictures": [0, 2]}]
    handed = {"messages": asked, "pictures": ["b3ds", "aGVu"]}
    params = Reply.parse({"pictures": files[:1], "weights": "any"})
    run_task(reply, params, models={"any": engine}, inputs=handed)
    assert engine.pictures == [b"cat", b"hen", b"owl"], "what no message names is the last one's"
    with pytest.raises(BadInput, match="base64"):
        run_task(reply, params, models={"any": engine}, inputs={**handed, "pictures": ["%", "a"]})
