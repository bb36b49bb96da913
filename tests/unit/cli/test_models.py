"""``studio models``: adding, removing, noting, folders, and fetching from the hub."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest

from studio.api import Capability, Params, Range, WeightsId
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.cli.models import fits
from studio.cli.terminal.exit_code import ExitCode
from studio.models import pickle_conversion
from studio.models.defaults import filled, parsed, settable
from studio.models.download import hub
from studio.protocol.messages import PoolEvent
from studio.runtimes.device.memory_log import MemoryLog
from studio.studio import Studio
from studio.testing.scripted import ScriptedRuntime
from tests.unit.cli.conftest import one_object
from tests.unit.models.download.toy_hub import tiny_gguf, toy_hub


class Reply(Params):
    """A task that writes."""

    weights: Annotated[WeightsId, Capability("text")] = WeightsId()
    temperature: Annotated[float, Range(0, 2)] = 0.3
    top_k: int = 40
    prompt: str = ""


Command = Callable[..., tuple[int, str, str]]
GGUF = tiny_gguf(2000)


@pytest.fixture
def file(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(StudioPaths, "weights_folders", lambda self: (self.weights,))
    path = tmp_path / "elsewhere" / "Tiny.gguf"
    path.parent.mkdir()
    path.write_bytes(GGUF)
    return path


def ids(command: Command) -> list[str]:
    rows = one_object(command("models", "list", "--json")[1])["weights"]
    return [row["id"] for row in rows]


def test_added_weights_are_listed_removed_and_come_back(command: Command, file: Path) -> None:
    code, out, _ = command("models", "add", str(file))
    assert "tiny" in command("models")[1], "with no word, they are listed"
    assert (code, out) == (ExitCode.OK, f"tiny was added: gguf llama F32, {file}.\n")
    assert ids(command) == ["tiny"]
    assert "removed from the list" in command("models", "remove", "tiny")[1]
    assert file.exists()
    added = one_object(command("models", "add", str(file), "--copy", "--json")[1])
    assert added["format"] == "gguf"
    assert "`studio models restore tiny`" in command("models", "remove", "tiny")[1]
    assert ids(command) == []
    (binned,) = one_object(command("models", "bin", "--json")[1])["bin"]
    assert (binned["id"], binned["bytes"]) == ("tiny", len(GGUF))
    assert command("models", "restore", "tiny")[0] == ExitCode.OK
    assert ids(command) == ["tiny"]
    command("models", "remove", "tiny")
    assert one_object(command("models", "bin", "--empty", "--json")[1]) == {
        "freed_bytes": len(GGUF)
    }
    assert command("models", "restore", "tiny")[0] == ExitCode.NOT_FOUND


def test_what_fits_is_told_by_the_limit_that_the_runtime_keeps_to() -> None:
    facts = {"weights_bytes": 9 * 10**9, "working_bytes": 10**9}
    assert fits({}, 10**10) == ""
    assert fits(facts, 2 * 10**10) == "tightly: 10.0 GB when loaded; the memory limit is 18.0 GB"
    assert fits(facts, 10**10) == "no: 10.0 GB when loaded; the memory limit is 9.0 GB"
    assert fits(facts | {"layers_here": 3, "layers": 8}, 10**10).startswith("3 of 8 layers: 10.0")
    assert fits(facts, 10**11).startswith("well")
    assert fits(facts, 10**11, limit=10**10).startswith("tightly")


def test_what_is_no_weights_is_not_added(command: Command, file: Path) -> None:
    file.write_bytes(b"<html>")
    code, _, err = command("models", "add", str(file))
    assert code == ExitCode.FAILED
    assert "web page" in err
    assert command("models", "add", "nowhere.gguf")[0] == ExitCode.NOT_FOUND


def test_notes_stars_and_defaults_are_kept(command: Command, file: Path) -> None:
    command("models", "add", str(file))
    assert command("models", "note", "tiny")[1] == "There is no note.\n"
    command("models", "note", "tiny", "fast, but dull")
    assert command("models", "rate", "tiny", "4")[1] == "Tiny: ★★★★.\n"
    row = one_object(command("models", "list", "--json")[1])["weights"][0]
    assert (row["note"], row["rating"], row["origin"]) == ("fast, but dull", 4, "added")
    code, _, err = command("models", "rate", "tiny", "9")
    assert (code, "from 1 to 5" in err) == (ExitCode.BAD_INPUT, True)
    for word in ("nonsense=1", "temperature", "temperature=warm"):
        assert command("models", "defaults", "tiny", word)[0] == ExitCode.BAD_INPUT


def test_defaults_of_weights_reach_the_task_unless_something_is_given() -> None:
    fields = settable([Reply], ["text"])
    assert sorted(fields) == ["context_limit", "temperature", "top_k"]
    assert settable([Reply], ["upscale"]) == {}
    kept = {"tiny": {"temperature": parsed(fields, "temperature", "0.9"), "unknown": 3}}

    def fill(given: dict[str, object]) -> dict[str, object]:
        return filled(Reply, given, lambda c, p: "tiny", lambda id: kept.get(id, {}))

    assert fill({}) == {"temperature": 0.9}
    assert fill({"temperature": 0.1})["temperature"] == 0.1
    assert fill({"weights": "other"}) == {"weights": "other"}


def test_folders_are_watched_and_programs_switched(
    command: Command, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "hub").mkdir()
    command("models", "folders", "--add", str(file.parent))
    assert ids(command) == ["tiny"]
    told = one_object(command("models", "folders", "--json")[1])
    assert told["watched"] == [str(file.parent)]
    assert {"id": "huggingface", "title": "Hugging Face cache", "on": False,
            "folders": [str(tmp_path / "hub")]} in told["programs"]  # fmt: skip
    assert "not searched: `--on huggingface`" in command("models", "folders")[1]
    told = one_object(command("models", "folders", "--on", "huggingface", "--json")[1])
    assert [each["on"] for each in told["programs"] if each["id"] == "huggingface"] == [True]
    command("models", "folders", "--remove", str(file.parent))
    assert ids(command) == []


def test_the_log_says_what_was_loaded_and_why(command: Command, home: Path) -> None:
    assert command("models", "log")[1] == "No models have been loaded yet.\n"
    MemoryLog(home / "logs" / "memory.jsonl").add(
        PoolEvent("tiny", "evicted", 1_000_000, "Pictures needs the room")
    )
    assert "tiny   evicted  1.0 MB  Pictures needs the room" in command("models", "log")[1]
    (event,) = one_object(command("models", "log", "--json")[1])["events"]
    assert event["what"] == "evicted"


@pytest.mark.loopback
def test_an_address_is_listed_then_fetched(
    command: Command, file: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with toy_hub() as server:
        monkeypatch.setenv(hub.ADDRESS, server.address)
        server.files = {"small.gguf": GGUF, "net.pth": b"\x80\x04."}
        server.large = {"small.gguf"}
        out = command("models", "get", "ada/tiny")[1]
        assert "small.gguf  gguf    2.1 kB" in out
        assert "Licence: mit" in out
        listed = one_object(command("models", "get", "ada/tiny", "--json")[1])
        assert [edition["name"] for edition in listed["editions"]] == ["small.gguf", "net.pth"]
        code, out, _ = command("models", "get", "ada/tiny", "--file", "small.gguf")
        assert (code, out) == (
            ExitCode.OK,
            f"small was downloaded to {home / 'weights' / 'small.gguf'}\n",
        )
        assert ids(command) == ["small"]
        assert command("models", "verify", "small")[0] == ExitCode.OK
        code, _, err = command("models", "get", "ada/tiny", "--file", "net.pth")
        assert (code, "--convert" in err) == (ExitCode.FAILED, True)
        Settings(home / "settings.json").set(hub.NEVER, True)
        asked = len(server.asked)
        code, _, err = command("models", "get", "ada/tiny")
        assert (code, "Network access is turned off" in err) == (ExitCode.FAILED, True)
        assert len(server.asked) == asked


@pytest.mark.loopback
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox")
def test_a_pickle_is_fetched_to_be_converted_at_once(
    command: Command, file: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    made = len(header).to_bytes(8, "little") + header + bytes(8)
    program = tmp_path / "program.py"
    program.write_text(f"import sys; sys.stdin.read(); sys.stdout.buffer.write({made!r})")
    monkeypatch.setattr(pickle_conversion, "PROGRAM", program)
    with toy_hub() as server:
        monkeypatch.setenv(hub.ADDRESS, server.address)
        server.files = {"net.pth": b"PK\x03\x04" + b"x" * 100}
        code, out, _ = command(
            "models", "get", "ada/tiny", "--file", "net.pth", "--convert", "--json"
        )
    assert code == ExitCode.OK
    assert one_object(out)["path"] == str(home / "weights" / "net.safetensors")
    left = {each.name for each in (home / "weights").iterdir() if not each.name.endswith(".lock")}
    assert left == {"net.safetensors", "net.toml"}


def test_a_run_takes_the_defaults_of_its_weights(
    command: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = ScriptedRuntime()
    monkeypatch.setattr(Studio, "_launch", lambda self: runtime.launch())
    command("models", "add", str(file))
    told = command("models", "defaults", "tiny", "temperature=0.9", "top-k=7", "--json")[1]
    assert one_object(told)["defaults"] == {"temperature": 0.9, "top_k": 7}
    command("models", "defaults", "tiny", "top_k=", "context-limit=512")
    assert one_object(command("models", "list", "--json")[1])["weights"][0]["context_limit"] == 512
    command("run", "chat.reply", "--prompt", "hi")
    command("run", "chat.reply", "--prompt", "hi", "--temperature", "0.1")
    sent = [message.params["temperature"] for message in runtime.submitted]
    assert sent == [0.9, 0.1]
    assert runtime.submitted[0].params["top_k"] == 40
