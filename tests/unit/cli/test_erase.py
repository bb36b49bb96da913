"""``studio library erase`` and ``studio run --input``: asked for twice, told in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.api import BadInput
from studio.base.paths import StudioPaths
from studio.cli.terminal.exit_code import ExitCode
from studio.cli.terminal.flags import ArgumentParser, add_inputs, inputs_of
from studio.library import Library
from tests.unit.cli.conftest import one_object
from tests.unit.library.old_library import files_with

Command = Callable[..., tuple[int, str, str]]
SECRET = "words that nobody is to find"


@pytest.fixture
def talk(home: Path) -> str:
    with Library.open(StudioPaths(home)) as library:
        id = library.conversations.create(SECRET).id
        library.conversations.add_message(id, None, "user", SECRET)
    return id


def test_nothing_is_erased_without_a_yes(command: Command, home: Path, talk: str) -> None:
    code, out, err = command("library", "erase", talk)
    assert code == ExitCode.BAD_INPUT
    assert SECRET in out
    assert "--yes" in err
    assert files_with(SECRET, home)


def test_a_conversation_is_erased_from_the_terminal(
    command: Command, home: Path, talk: str
) -> None:
    parked = home / "cache" / "beginnings" / "model" / "piece"
    parked.parent.mkdir(parents=True)
    parked.write_text(SECRET)
    code, out, _ = command("library", "erase", talk, "--yes", "--json")
    assert code == ExitCode.OK
    assert one_object(out)["erased"] == [talk]
    assert files_with(SECRET, home / "library") == []
    assert files_with(SECRET, home / "cache") == []
    assert command("library", "verify")[0] == ExitCode.OK


def test_backups_that_still_hold_it_are_named_and_cleaned(
    command: Command, home: Path, talk: str
) -> None:
    with Library.open(StudioPaths(home)) as library:
        kept = library.conversations.create("kept").id
    assert command("library", "backup", "--to", str(home.with_name(f"{home.name}-backups")))[0] == 0
    (folder,) = home.with_name(f"{home.name}-backups").iterdir()
    code, out, _ = command("library", "erase", talk)
    assert code == ExitCode.BAD_INPUT
    assert f"The backup {folder.name} still holds it." in out
    code, out, err = command("library", "erase", talk, "--yes")
    assert code == ExitCode.OK
    assert f"The backup {folder.name} still holds it." in out
    assert "--backups --yes" in err
    assert files_with(SECRET, folder)
    code, out, _ = command("library", "erase", talk, "--backups", "--yes", "--json")
    assert code == ExitCode.OK
    assert one_object(out)["backups"] == []
    assert not files_with(SECRET, folder)
    assert not (folder / "library" / "ballast").exists()
    (listed,) = one_object(command("library", "backups", "--json")[1])["backups"]
    assert (listed["conversations"], listed["verified"]) == (1, True)
    assert command("library", "restore", folder.name, "--yes")[0] == ExitCode.OK
    with Library.open(StudioPaths(home)) as library:
        assert library.conversations.get(kept).title == "kept"


def test_what_is_nowhere_is_not_erased(command: Command, home: Path, talk: str) -> None:
    assert command("library", "erase", "01J0000000", "--backups", "--yes")[0] == ExitCode.NOT_FOUND


def test_what_is_left_is_found_and_erased(command: Command, home: Path, talk: str) -> None:
    with Library.open(StudioPaths(home)) as library:
        library.add_record("chat.reply", {"system": SECRET}, conversation="gone")
    code, out, _ = command("library", "verify")
    assert code == ExitCode.PROBLEMS
    assert "erase --left --yes" in out
    assert command("library", "erase", "--left", "--yes")[0] == ExitCode.OK
    assert command("library", "verify")[0] == ExitCode.OK


def test_there_is_nothing_to_erase_without_an_id(command: Command, home: Path) -> None:
    code, _, err = command("library", "erase", "--yes")
    assert code == ExitCode.BAD_INPUT
    assert "Give ids" in err


# --- what is handed in ------------------------------------------------------------------------


def given(*words: str) -> dict[str, bytes]:
    parser = ArgumentParser()
    add_inputs(parser, ["messages", "note"])
    return inputs_of(parser.parse_args(words), ["messages", "note"])


def test_files_are_handed_in_by_name(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_bytes(b"[]")
    assert given("--input", f"messages={path}") == {"messages": b"[]"}
    assert given() == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--input", "tune=x"], "one of messages, note"),
        (["--input", "note"], "cannot be read"),
        (["--input", "note=/nowhere/at/all"], "cannot be read"),
    ],
)
def test_what_cannot_be_handed_in_is_a_sentence(words: list[str], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        given(*words)
