"""``studio tasks``, ``plugins`` and ``models``: for people and as JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.cli.facts import lines
from studio.cli.terminal.exit_code import ExitCode
from studio.library import Library
from studio.protocol.errors import ErrorCode, StudioError
from studio.studio import Studio
from studio.testing.scripted import ScriptedRuntime
from tests.unit.cli.conftest import PLUGINS, one_object

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    data = b"GGUF" + bytes(60)
    (folder / "good.bin").write_bytes(data)
    (folder / "good.toml").write_text(
        f'id = "good"\ntitle = "Good"\nfile = "good.bin"\ncapability = ["text"]\n'
        f'licence = "MIT"\nsha256 = "{hashlib.sha256(data).hexdigest()}"\n'
    )
    (folder / "fake.gguf").write_bytes(b"<html>")
    monkeypatch.setattr("studio.base.paths.StudioPaths.weights_folders", lambda self: (folder,))
    return folder


# --- tasks ------------------------------------------------------------------------------------


def test_tasks_are_listed_with_titles_and_kinds(command: Command) -> None:
    code, out, _ = command("--only", "echo", "tasks")
    assert code == ExitCode.OK
    assert "echo.say  Say it again  text    Repeat a text, word by word." in out
    (task,) = one_object(command("--only", "echo", "tasks", "--json")[1])["tasks"]
    assert (task["id"], task["plugin"], task["lane"]) == ("echo.say", "echo", "interactive")


def test_schema_is_json_schema_by_task(command: Command) -> None:
    schema = one_object(command("tasks", "echo.say", "--schema")[1])["echo.say"]
    assert schema["required"] == ["text"]
    assert schema["properties"]["times"]["maximum"] == 1_000_000
    assert schema["additionalProperties"] is False


def test_a_bound_is_written_out(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command("run", "echo.say", "--help")
    assert "1 to 1000000." in " ".join(capsys.readouterr().out.split())
    _, _, err = command("run", "echo.say", "--text", "x", "--times", "2000000")
    assert "between 1 and 1000000" in err


def test_a_slip_in_the_name_of_a_task_is_understood(command: Command) -> None:
    _, _, err = command("run", "echo.sya", "--text", "x")
    assert "Did you mean “echo.say”?" in err
    _, _, err = command("run", "nonesuch", "--text", "x")
    assert "Known tasks: " in err


def test_what_the_library_knows_is_told_in_words() -> None:
    facts = {
        "title": "A fox", "created": 9.0, "bytes": 2048, "text": "", "starred": False,
        "recipe": {"seed": 7, "params": {"population": [f"C{n}" for n in range(100)]}},
        "verdict": {"checks": [{"name": "valid", "passed": True, "detail": "all"}]},
    }  # fmt: skip
    assert list(lines(facts)) == [
        "title          A fox",
        f"created        {datetime.fromtimestamp(9).astimezone():%Y-%m-%d %H:%M}",
        "bytes          2.0 kB",
        "recipe",
        "  seed         7",
        "  params",
        "    population C0, C1, C2, C3, C4 and 95 more",
        "verdict",
        "  checks",
        "    name valid, passed yes, detail all",
    ]


# --- plugins ----------------------------------------------------------------------------------


def test_bad_plugins_are_listed_with_their_reasons(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS / "bad"))
    code, out, err = command("plugins", "list")
    assert code == ExitCode.OK
    assert err == ""
    assert "studio_bad_toml: The manifest" in out
    assert "It needs plugin API >=2,<3" in out
    assert "incompatible version" in out, "as the window says it"


def test_plugin_switched_off_stays_off_until_it_is_on_again(command: Command) -> None:
    def state() -> str:
        plugins = one_object(command("plugins", "list", "--json")[1])["plugins"]
        return {plugin["id"]: plugin["state"] for plugin in plugins}["echo"]

    assert state() == "discovered"
    assert command("plugins", "off", "echo")[:2] == (ExitCode.OK, "Echo is off.\n")
    assert state() == "disabled"
    code, _, err = command("run", "echo.say", "--text", "x")
    assert code == ExitCode.FAILED
    assert "You disabled it" in err
    assert command("plugins", "on", "echo")[1] == "Echo is on.\n"
    assert state() == "discovered"


def test_switching_a_plugin_that_is_not_there(command: Command) -> None:
    assert command("plugins", "off", "nonesuch")[0] == ExitCode.NOT_FOUND


# --- models -----------------------------------------------------------------------------------


def test_models_are_listed_with_what_is_wrong(command: Command, weights: Path) -> None:
    code, out, _ = command("models", "list")
    assert code == ExitCode.OK
    assert "good  text" in out
    assert "fake: fake.gguf is not a GGUF file" in out
    rows = one_object(command("models", "list", "--capability", "text", "--json")[1])["weights"]
    assert [row["id"] for row in rows] == ["good"]


def test_no_weights_says_where_they_go(command: Command, weights: Path) -> None:
    for file in weights.iterdir():
        file.unlink()
    assert str(weights) in command("models", "list")[1]


def test_no_weights_for_a_purpose_is_not_no_weights_at_all(command: Command, weights: Path) -> None:
    _, out, _ = command("models", "list", "--capability", "music")
    assert "No models for “music” are installed" in out


def test_verify_finds_a_changed_byte(command: Command, weights: Path) -> None:
    code, out, _ = command("models", "verify", "good")
    assert (code, "are correct" in out) == (ExitCode.OK, True)
    (weights / "good.bin").write_bytes(b"GGUF" + bytes(59) + b"\x01")
    code, out, _ = command("models", "verify", "good", "--json")
    assert code == ExitCode.PROBLEMS
    (row,) = one_object(out)["weights"]
    assert row["passed"] is False
    assert command("models", "verify")[0] == ExitCode.PROBLEMS


def test_info_asks_the_runtime(
    command: Command, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = ScriptedRuntime()
    runtime.facts[str(weights / "good.bin")] = {
        "architecture": "llama\x1b[31m",
        "title": "run-7b_ep2",
    }
    broken = StudioError(ErrorCode.BAD_WEIGHTS, "It is cut short.", "Copy it again.")
    runtime.facts[str(weights / "fake.gguf")] = broken
    monkeypatch.setattr(Studio, "_launch", lambda self: runtime.launch())
    code, out, _ = command("models", "info", "good")
    assert code == ExitCode.OK
    assert "architecture  llama\n" in out
    assert "title  Good\n" in out, "the title that the lists show, not the one of the headers"
    shown = one_object(command("models", "info", "good", "--json")[1])
    assert shown["facts"]["architecture"].startswith("llama")
    code, _, err = command("models", "info", str(weights / "fake.gguf"))
    assert code == ExitCode.FAILED
    assert "It is cut short.\nCopy it again." in err


# --- the bin --------------------------------------------------------------------------------------


def test_results_and_conversations_come_back_from_the_bin(command: Command, home: Path) -> None:
    with Library.open(StudioPaths.default()) as library:
        talk = library.conversations.create("On waves")
        library.conversations.bin(talk.id)
        sea = library.add_artifact(NewArtifact("text", b"sea", suffix=".txt", title="The sea"))
        library.bin(sea.id)
    code, out, _ = command("library", "list", "--conversations", "--bin")
    assert "On waves" in out
    code, out, _ = command("library", "restore", talk.id, sea.id)
    assert code == ExitCode.OK
    assert "On waves is out of the bin." in out
    assert "The sea is out of the bin." in out
    with Library.open(StudioPaths.default()) as library:
        assert [found.title for found in library.conversations.list()] == ["On waves"]
        assert [found.title for found in library.find()] == ["The sea"]
    for kind, code, text in (("audio", 0, "No matches."), ("bogus", 2, "Kinds: text, ")):
        found = command("library", "list", "--kind", kind)
        assert (found[0], text in f"{found[1]}{found[2]}") == (code, True)
    code, _, err = command("library", "restore", "01NOTHERE")
    assert code == ExitCode.NOT_FOUND
    assert "01NOTHERE" in err


def test_what_is_no_backup_is_told(command: Command, home: Path, tmp_path: Path) -> None:
    Library.open(StudioPaths(home)).close()
    (tmp_path / "rubbish").mkdir()
    code, _, err = command("library", "restore", str(tmp_path / "rubbish"))
    assert code == ExitCode.BAD_INPUT
    assert "rubbish is not a backup." in err
    code, out, err = command("library", "backups", "--in", str(tmp_path / "rubbish"))
    assert (code, out) == (ExitCode.OK, f"There are no backups in {tmp_path / 'rubbish'}.\n")
    assert "--in DIR" in err


# --- tags and collections ---------------------------------------------------------------------


def test_results_are_tagged_and_gathered(command: Command, home: Path) -> None:
    with Library.open(StudioPaths(home)) as library:
        ids = [library.add_artifact(NewArtifact("text", b"a", ".txt")).id for _ in range(2)]
    assert "No tags yet" in command("library", "tags")[1]
    assert command("library", "tag", "Cover", *ids)[1] == "Tagged “Cover”: 2 results.\n"
    assert command("library", "untag", "cover", ids[0])[0] == ExitCode.OK
    assert one_object(command("library", "tags", "--json")[1])["tags"] == {"Cover": 1}
    assert command("library", "collect", "Sea", *ids)[0] == ExitCode.OK
    assert command("library", "collect", "sea", ids[0])[0] == ExitCode.OK
    assert command("library", "uncollect", "Sea", ids[1], "--json")[0] == ExitCode.OK
    assert "1        Sea" in command("library", "collections")[1]
    found = one_object(command("library", "search", "in:Sea", "--json")[1])["artifacts"]
    assert [each["id"] for each in found] == ids[:1]
    for words in (("untag", "Cover", ids[0]), ("uncollect", "Land", ids[0]), ("tag", "x", "gone")):
        code, _, err = command("library", *words)
        assert code == ExitCode.NOT_FOUND, err
