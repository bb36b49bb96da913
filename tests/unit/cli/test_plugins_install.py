"""``studio plugins install`` to ``remove``: what is printed before, and what is there after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.base.paths import StudioPaths
from studio.cli.terminal.exit_code import ExitCode
from studio.library import Library
from studio.protocol.energy import Amount
from studio.testing.processes import without_torch
from tests.unit.cli.conftest import Studio, one_object
from tests.unit.plugins.install.wheels import package, plugin

Command = Callable[..., Any]
ASKS = 'permissions = { network = true, reasons = { network = "It fetches numbers." } }'


@pytest.fixture
def light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here computes: a runtime without torch will do."""
    without_torch(tmp_path / "without", monkeypatch)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    package("alpha").write(folder)
    plugin(requires=("alpha",), more=ASKS).write(folder)
    return folder


def test_all_there_is_to_know_is_printed_before(command: Command, wheels: Path) -> None:
    wheel = str(wheels / "counter-1.0-py3-none-any.whl")
    code, out, err = command("plugins", "install", wheel, "--find-links", str(wheels))
    assert code == ExitCode.BAD_INPUT
    assert "nobody could be asked" in err
    assert "--yes" in err
    for words in (
        "Counter 1.0 (counter)", "A. Stranger", "nobody has verified", "not signed", "SHA-256",
        "MIT", "alpha 1.0", "from the studio", "process of its own",
        "It wants to use the network: It fetches numbers.",
    ):  # fmt: skip
        assert words in out, words
    assert one_object(command("plugins", "log", "--json")[1])["sets"] == []


def test_from_install_to_remove(command: Command, wheels: Path, tmp_path: Path) -> None:
    code, out, err = command("plugins", "install", str(wheels), "--yes")
    assert (code, "Installed Counter 1.0." in out) == (ExitCode.OK, True)
    assert "studio plugins on counter" in err
    shown = one_object(command("plugins", "show", "counter", "--json")[1])
    assert (shown["state"], shown["permissions"]["network"]) == ("disabled", True)
    assert command("plugins", "on", "counter")[0] == ExitCode.OK
    assert one_object(command("plugins", "show", "counter", "--json")[1])["state"] == "discovered"

    plugin(version="2.0", requires=("alpha",)).write(wheels)
    _, out, _ = command("plugins", "update", "counter", "--find-links", str(wheels), "--yes")
    assert "counter: 1.0 → 2.0" in out
    log = one_object(command("plugins", "log", "--json")[1])
    assert [each["did"] for each in log["sets"]] == [
        "Updated Counter to 2.0",
        "Enabled Counter 1.0",
        "Installed Counter 1.0",
    ]
    code, out, err = command("plugins", "rollback")
    assert (code, "network (new): It fetches numbers." in out) == (ExitCode.BAD_INPUT, True)
    assert "Add --trust" in err
    back = command("plugins", "rollback", "--trust")[1]
    assert back.endswith("Went back to 2.\n  counter: 2.0 → 1.0\n")
    bundle = tmp_path / "counter.studioplugin"
    assert command("plugins", "export", "counter", "--to", str(bundle))[0] == ExitCode.OK
    assert "Removed Counter." in command("plugins", "remove", "counter")[1]
    assert "counter: not installed → 1.0" in command("plugins", "rollback", "--trust")[1]
    assert command("plugins", "remove", "counter")[0] == ExitCode.OK
    assert command("plugins", "clean", "--yes")[1].startswith("Freed ")
    assert not (tmp_path / "home/plugins").exists()
    code, out, _ = command("plugins", "import", str(bundle), "--yes", "--json")
    assert one_object(out)["plan"]["version"] == "1.0"
    assert one_object(out)["enabled"] is False


def test_a_plugin_is_updated_by_its_id_whatever_its_wheels_are_called(
    command: Command, wheels: Path, tmp_path: Path
) -> None:
    """As `studio plugins new` names them."""
    for version in ("1.0", "2.0"):
        draft = plugin("poem", version)
        draft.name = "studio-plugin-poem"
        path = draft.write(wheels)
        words = (str(path), "--yes") if version == "1.0" else ("--find-links", str(wheels), "--yes")
        given = ("install", *words) if version == "1.0" else ("update", "poem", *words)
        assert command("plugins", *given)[0] == ExitCode.OK
    again = command("plugins", "update", "poem", "--find-links", str(wheels), "--yes")[1]
    assert "Installed Poem 2.0 again." in again
    _, out, _ = command("plugins", "export", "poem", "--to", str(tmp_path / "poem.zip"))
    assert out == f"{tmp_path / 'poem.zip.studioplugin'}\n", "nobody could install another name"
    code, _, err = command("plugins", "export", "poem", "--to", str(tmp_path / "none/poem"))
    assert (code, f"{tmp_path / 'none'} does not exist" in err) == (ExitCode.NOT_FOUND, True)
    assert command("plugins", "import", out.strip(), "--yes")[0] == ExitCode.OK


def test_what_the_jobs_of_a_plugin_used_is_told(command: Command, wheels: Path, home: Path) -> None:
    assert command("plugins", "install", str(wheels), "--yes")[0] == ExitCode.OK
    assert "Its jobs" not in command("plugins", "show", "counter")[1], "it has done nothing"
    used = Amount(42.0, 42.0, 42.0, source="a counter", busy=2.0, processor=3.0, accelerator=1.5)
    with Library.open(StudioPaths.default(home).library) as library:
        for plugin in ("counter", "other"):
            record = library.records.add(f"{plugin}.make", {}, plugin=plugin)
            library.records.complete(record.id, seconds=2.0, energy=used)
    shown = command("plugins", "show", "counter")[1]
    assert "took 42 J: 3.0 s of a processor, 1.5 s of a card." in shown
    told = one_object(command("plugins", "show", "counter", "--json")[1])["used"]
    assert (told["joules"], told["accelerator"]) == (42.0, 1.5)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('uses = ["chat.reply", "code.run"]', "run tasks of other plugins (chat.reply, code.run)"),
        ("permissions = { network = true }", "use the network (new): no reason given"),
        ("permissions = { library = true }", "read what is in the library (new)"),
        ('isolation = "studio"', "It runs inside the studio"),
    ],
)
def test_yes_is_no_trust(command: Command, tmp_path: Path, more: str, words: str) -> None:
    """An enabled plugin gets nothing new by it, whatever it asks for."""
    for version, asks in (("1.0", ""), ("1.1", more)):
        path = str(plugin(version=version, more=asks).write(tmp_path / version))
        code, out, err = command("plugins", "install", path, "--yes")
        if version == "1.0":
            assert command("plugins", "on", "counter")[0] == ExitCode.OK
    assert (code, words in out, "Add --trust" in err) == (ExitCode.BAD_INPUT, True, True), out
    assert one_object(command("plugins", "list", "--json")[1])
    assert command("plugins", "install", path, "--yes", "--trust")[0] == ExitCode.OK


def test_an_update_of_what_is_not_there_is_told(command: Command, wheels: Path) -> None:
    code, _, err = command("plugins", "update", str(wheels), "--yes")
    assert code == ExitCode.NOT_FOUND
    assert "plugins install" in err


def test_a_built_in_plugin_is_not_removed(command: Command) -> None:
    code, _, err = command("plugins", "remove", "chat")
    assert code == ExitCode.NOT_FOUND
    assert "was installed by the studio" in err


def test_what_is_refused_is_told_with_its_rule(command: Command, tmp_path: Path) -> None:
    draft = plugin()
    draft.files["run.pth"] = b"import os"
    code, _, err = command("plugins", "install", str(draft.write(tmp_path)), "--yes")
    assert code == ExitCode.BAD_INPUT
    assert "every start of Python" in err


def test_the_plugin_at_fault_is_found_by_halves(command: Command) -> None:
    """Toy plugins, one of which spoils something that only the user sees."""
    _, out, _ = command("plugins", "bisect", "start")
    for _ in range(10):
        if "is the cause" in out:
            break
        off = out.partition("Off now: ")[2].partition(".")[0].split(", ")
        _, out, _ = command("plugins", "bisect", "good" if "echo" in off else "bad")
    assert out == "echo is the cause. It is off; the others are on again.\n"
    plugins = one_object(command("plugins", "list", "--json")[1])["plugins"]
    states = {each["id"]: each["state"] for each in plugins}
    assert states["echo"] == "disabled"
    assert "disabled" not in [state for id, state in states.items() if id != "echo"]
    assert command("plugins", "bisect", "good")[0] == ExitCode.NOT_FOUND


def test_a_search_can_begin_again_and_outlives_a_removal(command: Command, wheels: Path) -> None:
    def states() -> dict[str, str]:
        plugins = one_object(command("plugins", "list", "--json")[1])["plugins"]
        return {each["id"]: each["state"] for each in plugins if not each["built_in"]}

    assert command("plugins", "install", str(wheels), "--yes")[0] == ExitCode.OK
    assert command("plugins", "on", "counter")[0] == ExitCode.OK
    before = states()
    for _ in range(2):
        assert command("plugins", "bisect", "start")[0] == ExitCode.OK
        assert states() != before
    assert command("plugins", "bisect", "stop")[0] == ExitCode.OK
    assert states() == before, "the first search has left nothing off"
    command("plugins", "bisect", "start")
    assert command("plugins", "remove", "counter")[0] == ExitCode.OK
    assert command("plugins", "bisect", "bad")[0] == ExitCode.OK
    assert command("plugins", "bisect", "stop")[0] == ExitCode.OK
    assert states() == {id: state for id, state in before.items() if id != "counter"}


@pytest.mark.slow
@pytest.mark.usefixtures("light")
def test_a_task_finds_what_is_lent_and_what_it_brings(studio: Studio, tmp_path: Path) -> None:
    """Its own numpy, which is not the studio's, and the studio's packaging, which is lent."""
    package("numpy", "1.26.4").write(tmp_path)
    draft = plugin(requires=("numpy<2", "psutil"))
    name = "studio_counter/worker.py"
    draft.files[name] = draft.files[name].replace(
        b"    yield ctx",
        b"    import numpy, psutil\n    assert numpy.__version__ == '1.26.4', numpy\n"
        b"    assert psutil.__version__ != '1.0'\n    yield ctx",
    )
    draft.write(tmp_path)
    assert studio("plugins", "install", str(tmp_path), "--yes").returncode == 0
    assert studio("plugins", "on", "counter").returncode == 0
    done = studio("run", "counter.count", "--up-to", "7")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("light")
def test_without_a_network_nothing_is_missing(studio: Studio, wheels: Path, tmp_path: Path) -> None:
    """In a namespace without any interface: install, enable, run, remove."""
    who = [] if os.geteuid() == 0 else ["--map-current-user"]
    alone = ["unshare", "--net", *who, "--"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("unshare --net is not allowed here")

    def run(*words: str) -> str:
        done = subprocess.run(
            [*alone, sys.executable, "-m", "studio", *words],
            capture_output=True, encoding="utf-8", timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("plugins", "install", str(wheels), "--yes")
    run("plugins", "on", "counter")
    run("run", "counter.count", "--up-to", "7")
    run("plugins", "remove", "counter")
