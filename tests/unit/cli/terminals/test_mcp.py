"""``studio mcp`` as another program meets it: a real client over stdin and stdout."""

from __future__ import annotations

import asyncio
import base64
import builtins
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, types

from studio.base.paths import StudioPaths
from studio.cli.terminal.exit_code import ExitCode
from studio.library import Library
from studio.testing import plugins
from studio.testing.guards import PATIENCE

pytestmark = pytest.mark.slow
GOOD = Path(plugins.__file__).parents[2] / "tests" / "plugins" / "good"


def text_of(result: Any) -> str:
    (text, *_) = result.content
    assert isinstance(text, types.TextContent)
    return str(text.text)


async def told_by(home: Path) -> dict[str, Any]:
    """Return what a client sees in one session."""
    variables = os.environ | {"STUDIO_HOME": str(home), "STUDIO_PLUGIN_PATH": str(GOOD)}
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "studio", "mcp"], env=dict(variables)
    )
    told: dict[str, Any] = {"progress": []}

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told["progress"].append(progress)

    async with Client(server) as client:
        told["tools"] = {tool.name: tool for tool in (await client.list_tools()).tools}
        told["unknown"] = await client.call_tool("echo_sing", {})
        told["file"] = await client.call_tool("image_generate", {"prompt": "a", "init": "/etc/x"})
        told["wrong"] = await client.call_tool("echo_say", {"text": "hello", "times": "many"})
        say = {"text": "good day", "times": 2}
        told["said"] = await client.call_tool("echo_say", say, progress_callback=note)
        picture = {"prompt": "a red circle", "steps": 1, "count": 1}
        told["drawn"] = await client.call_tool("image_generate", picture)
        (made,) = json.loads(text_of(told["drawn"]))["artifact_ids"]
        turned = {"image": made, "flip": "across"}
        told["turned"] = await client.call_tool("image_edit", turned)
        told["stopped"] = await stopped(client)
        told["after"] = await client.call_tool("echo_say", say)
    return told


async def stopped(client: Client) -> bool:
    """Begin a job that would take eleven days, and leave it once it is at work."""
    at_work = asyncio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        at_work.set()

    endless = {"text": "on", "times": 1_000_000, "seconds_per_word": 1.0}
    call = asyncio.create_task(client.call_tool("echo_say", endless, progress_callback=note))
    await asyncio.wait_for(at_work.wait(), PATIENCE)
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call
    return call.cancelled()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("mcp") / "home"
    return asyncio.run(told_by(home)) | {"home": home}


def test_tasks_are_tools_with_their_schemas(told: dict[str, Any]) -> None:
    say = told["tools"]["echo_say"]
    assert say.description == "Repeat a text, word by word."
    assert say.input_schema["required"] == ["text"]
    assert say.input_schema["properties"]["times"]["type"] == "integer"


def test_programs_are_told_what_a_tool_may_do(told: dict[str, Any]) -> None:
    draw = told["tools"]["image_generate"].annotations
    assert not draw.read_only_hint, "it adds a result to the library"
    assert draw.destructive_hint is draw.open_world_hint is False


def test_paths_and_code_are_not_offered(told: dict[str, Any]) -> None:
    tools = told["tools"]
    assert "prompt" in tools["image_generate"].input_schema["properties"]
    assert "music_open" not in tools, "it only opens a file"
    assert not [name for name in tools if name.startswith("code_")]
    assert told["file"].is_error
    assert "“/etc/x” is not in the library" in text_of(told["file"])


def test_a_result_is_worked_on_by_its_id(told: dict[str, Any]) -> None:
    assert not told["turned"].is_error, text_of(told["turned"])
    (before,) = json.loads(text_of(told["drawn"]))["artifact_ids"]
    (after,) = json.loads(text_of(told["turned"]))["artifact_ids"]
    with Library.open(StudioPaths(told["home"]), read_only=True) as library:
        assert library.inputs(after) == [before]


def test_a_call_is_a_job_with_a_record(told: dict[str, Any]) -> None:
    assert not told["said"].is_error, text_of(told["said"])
    result = json.loads(text_of(told["said"]))
    assert [Path(path).read_text() for path in result["artifacts"]]
    assert told["progress"] == sorted(told["progress"]) != []
    with Library.open(StudioPaths(told["home"]), read_only=True) as library:
        assert library.record(result["record"]).task == "echo.say"


def test_a_call_that_is_given_up_stops_its_job(told: dict[str, Any]) -> None:
    assert told["stopped"]
    assert not told["after"].is_error, "the next one has its turn"


def test_pictures_come_along(told: dict[str, Any]) -> None:
    assert not told["drawn"].is_error, text_of(told["drawn"])
    (picture,) = told["drawn"].content[1:]
    (path,) = json.loads(text_of(told["drawn"]))["artifacts"]
    assert picture.mime_type == "image/png"
    assert base64.b64decode(picture.data) == Path(path).read_bytes()


@pytest.mark.parametrize(
    ("call", "sentence"), [("unknown", "There is no tool “echo_sing”."), ("wrong", "times")]
)
def test_what_is_wrong_is_a_sentence(told: dict[str, Any], call: str, sentence: str) -> None:
    assert told[call].is_error
    assert sentence in text_of(told[call])
    assert "Traceback" not in text_of(told[call])


def test_without_the_package_it_says_how_to_get_it(
    command: Callable[..., tuple[int, str, str]], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "mcp":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    code, out, err = command("mcp")
    assert code != ExitCode.OK
    assert "offline-studio[mcp]" in err
    assert not out
