"""Files reach a plugin in a process of its own only if a person picked them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api import StudioError
from studio.api.artifacts import NewArtifact
from studio.api.jobs import JobRequest
from studio.base.paths import StudioPaths
from studio.base.settings import Settings
from studio.jobs.picked_files import PickedFiles
from studio.jobs.reuse import settings_of
from studio.library import Library
from studio.models.defaults import filled
from studio.protocol.errors import ErrorCode
from studio.protocol.messages import Call, CallEnded
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio.testing.plugins import host_of, plugins_in
from studio.testing.scripted import ScriptedRuntime, Stall

pytestmark = pytest.mark.skipif("sys.platform == 'win32'")

MANIFEST = """
id = "far"
title = "Far"
version = "1.0.0"
api = ">=1,<2"
worker = "picked_far.worker"
[[tasks]]
id = "far.read"
title = "Read"
params = "picked_far.schema:Read"
produces = ["text"]
accepts = { text = "text" }
[[tasks]]
id = "far.ask"
title = "Ask"
params = "picked_far.schema:Ask"
[permissions]
files = "picked"
"""
SCHEMA = """
from typing import Annotated
from studio.api import Capability, File, Hidden, Params, RenamedFrom, WeightsId

class Read(Params):
    text: str = ""
    config: Annotated[str, File(), Hidden(), RenamedFrom("settings")] = ""
    weights: Annotated[WeightsId | None, Capability("toy")] = None

class Ask(Params):
    config: Annotated[str, File()] = ""
"""
Open = Callable[[], Studio]


def write(folder: Path, more: str = "", schema: str = SCHEMA) -> Path:
    package = folder / "picked_far"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "manifest.toml").write_text(MANIFEST + more)
    (package / "schema.py").write_text(schema)
    (package / "worker.py").write_text("raise OSError('never imported here')")
    return folder


@pytest.fixture
def runtime() -> ScriptedRuntime:
    """The runtime of each studio of a test."""
    return ScriptedRuntime()


@pytest.fixture
def opened(tmp_path: Path, runtime: ScriptedRuntime) -> Iterator[Open]:
    """Opens a studio on one home with a plugin of a stranger; the one before is closed."""
    folder, lives = write(tmp_path / "plugins"), []

    def begin() -> Studio:
        for studio in lives:
            studio.close()
        lives.clear()
        paths = StudioPaths.default(tmp_path / "home")
        host = host_of(plugins_in(folder), paths.journals)
        library = Library.open(paths)
        studio = Studio(
            paths, Settings(paths.settings), library, host, launch=runtime.launch, attended=True
        )
        lives.append(studio)
        return studio

    yield begin
    for studio in lives:
        studio.close()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the user's that nobody picked."""
    file = tmp_path / "secret.txt"
    file.write_text("secret")
    return file


def read(studio: Studio, file: object, **more: Any) -> Any:
    return studio.submit(JobRequest("far.read", {"config": str(file), **more}))


def result(studio: Studio, words: str = "made") -> Any:
    record = studio.library.add_record("far.read", {}, plugin="far")
    new = NewArtifact("text", words.encode(), ".txt", words)
    return studio.library.add_artifact(new, record=record.id)


# --- requests ---------------------------------------------------------------------------------


def test_a_value_that_is_not_the_default_is_not_picked(opened: Open, secret: Path) -> None:
    studio = opened()
    for path in (secret, f"{secret.parent}/./secret.txt", studio.library.folder / "library.db"):
        with pytest.raises(StudioError, match="you did not choose that file") as refused:
            read(studio, path)
        assert refused.value.code is ErrorCode.PERMISSION
    assert not studio.jobs.jobs()


def test_what_was_picked_is_handed_over_in_the_next_studio_too(opened: Open, secret: Path) -> None:
    opened().picked.grant([secret])
    studio = opened()
    assert read(studio, secret).recipe.files == ("config",)
    with pytest.raises(StudioError, match="did not choose"):
        read(studio, secret.with_name("other.txt"))


def test_results_of_the_library_need_no_dialog(opened: Open, secret: Path) -> None:
    studio = opened()
    path = studio.library.payload_path(result(studio))
    assert read(studio, path).recipe.files == ("config",)
    beside = path.with_name(f"{path.name.partition('.')[0]}.txt.json")
    beside.write_text("{}")
    for other in (beside, path.parent, studio.library.folder):
        with pytest.raises(StudioError, match="did not choose"):
            read(studio, other)


def test_an_imported_recipe_loses_its_files_and_says_which(opened: Open, secret: Path) -> None:
    studio = opened()
    used = {"text": "a", "config": str(secret)}
    schema = studio.plugins.params_class("far.read")

    def allows(path: str) -> bool:
        return studio.proofs.allows("far.read", path)

    assert settings_of(schema, used, [], allows) == ({"text": "a"}, ["secret.txt"])
    studio.picked.grant([secret])
    assert settings_of(schema, used, [], allows) == (used, [])


# --- manifests --------------------------------------------------------------------------------

ACTION = """
[[actions]]
id = "far.look"
title = "Look"
task = "far.read"
run = true
params = { PARAM = "/etc/passwd" }
"""
TOUR = """
[[tour]]
task = "far.read"
title = "Look"
params = { PARAM = "/etc/passwd" }
"""
MODE = """
[[modes]]
kind = "text"
task = "far.read"
title = "Look"
verb = "Look"
capability = "text"
params = { PARAM = "/etc/passwd" }
"""


@pytest.mark.parametrize("param", ["config", "settings"])
@pytest.mark.parametrize("table", [ACTION, TOUR, MODE], ids=["action", "tour", "mode"])
def test_a_manifest_names_no_file(tmp_path: Path, table: str, param: str) -> None:
    folder = write(tmp_path / "plugins", table.replace("PARAM", param))
    host = host_of(plugins_in(folder), tmp_path / "journals")
    with pytest.raises(StudioError, match=f"names a file for {param}"):
        host.params_class("far.read")


def test_a_manifest_may_set_what_is_no_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "plugins", ACTION.replace("PARAM", "text"))
    assert host_of(plugins_in(folder), tmp_path / "journals").params_class("far.read")


def test_no_default_is_a_file(tmp_path: Path) -> None:
    schema = SCHEMA.replace(
        'config: Annotated[str, File()] = ""', 'config: Annotated[str, File()] = "/etc/passwd"'
    )
    folder = write(tmp_path / "plugins", schema=schema)
    host = host_of(plugins_in(folder), tmp_path / "journals")
    with pytest.raises(StudioError, match="default of config is a file"):
        host.params_class("far.ask")


# --- calls ------------------------------------------------------------------------------------


def call(studio: Studio, runtime: ScriptedRuntime, file: str, **request: Any) -> CallEnded:
    runtime.enqueue(Stall())
    caller = studio.submit(JobRequest("far.ask", **request))
    pump_until(studio, lambda: caller.id in {each.job for each in runtime.submitted})
    runtime.report(Call(caller.id, 1, "far.read", {"config": file}))

    def answers() -> list[CallEnded]:
        return [m for m in runtime.received if isinstance(m, CallEnded) and m.job == caller.id]

    pump_until(studio, lambda: bool(answers()))
    runtime.release()
    pump_until(studio, lambda: not studio.jobs.live())
    return answers()[0]


def test_a_call_reads_what_its_caller_may_and_no_more(
    opened: Open, runtime: ScriptedRuntime, secret: Path
) -> None:
    studio = opened()
    given, other = result(studio, "given"), result(studio, "other")
    studio.picked.grant([secret])  # for the user, not for what a plugin calls
    for file in (
        str(secret),
        str(studio.library.folder / "library.db"),
        str(studio.library.folder),
        str(studio.library.payload_path(other)),
        other.id,
    ):
        ended = call(studio, runtime, file, parents=[given.id])
        assert ended.error is not None, file
        assert ended.error.code is ErrorCode.PERMISSION, file
    for file in (given.id, str(studio.library.payload_path(given))):
        assert call(studio, runtime, file, parents=[given.id]).error is None
        assert runtime.submitted[-1].params["config"] == str(studio.library.payload_path(given))
    passed_on = call(studio, runtime, str(secret), params={"config": str(secret)})
    assert passed_on.error is None


# --- weights ----------------------------------------------------------------------------------


def test_weights_recommend_no_file(opened: Open, secret: Path) -> None:
    schema = opened().plugins.params_class("far.read")
    said = {"config": str(secret), "settings": str(secret), "text": "warm"}
    values = filled(schema, {"weights": "w"}, lambda *_: "w", lambda _: said)
    assert values == {"weights": "w", "text": "warm"}


# --- the register -----------------------------------------------------------------------------


@pytest.fixture
def register(tmp_path: Path) -> PickedFiles:
    """An empty one."""
    return PickedFiles(tmp_path / "home" / "picked-files")


def test_a_folder_goes_with_all_that_is_in_it(register: PickedFiles, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside.txt"
    inside.mkdir()
    outside.touch()
    (inside / "link").symlink_to(outside)
    (inside / "up").symlink_to("/")
    register.grant([inside])
    assert register.holds(inside / "a" / "b.txt")
    assert register.holds(inside / "link"), "it is in the folder that was picked"
    assert not register.holds(outside)
    assert not register.holds(f"{inside}/../outside.txt")
    assert not register.holds(f"{inside}/up/../etc/passwd")
    assert not register.holds(tmp_path)


def test_another_process_sees_what_was_picked(register: PickedFiles, tmp_path: Path) -> None:
    assert not register.holds("/a.txt")
    other = PickedFiles(tmp_path / "home" / "picked-files")
    other.grant(["/a.txt"])
    other.grant(["/b.txt"], keep=False)
    assert register.holds("/a.txt")
    assert not register.holds("/b.txt")
    assert other.holds("/b.txt")


def test_the_list_names_nobodys_files(register: PickedFiles, tmp_path: Path) -> None:
    register.grant([tmp_path / "diary.txt"])
    kept = (tmp_path / "home" / "picked-files").read_bytes()
    assert b"diary" not in kept
    assert len(kept.splitlines()) == 2
    assert os.stat(tmp_path / "home" / "picked-files").st_mode & 0o077 == 0


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"rubbish\n" * 9])
def test_a_damaged_list_grants_nothing_and_is_begun_anew(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "picked-files"
    file.write_bytes(data)
    register = PickedFiles(file)
    assert not register.holds("/a.txt")
    register.grant(["/a.txt"])
    assert PickedFiles(file).holds("/a.txt")


def test_a_long_list_forgets_the_oldest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.jobs.picked_files.MOST", 10)
    file = tmp_path / "picked-files"
    for number in range(30):
        PickedFiles(file).grant([f"/{number}.txt"])
    assert len(file.read_bytes().splitlines()) <= 12
    register = PickedFiles(file)
    assert register.holds("/29.txt")
    assert not register.holds("/0.txt")
