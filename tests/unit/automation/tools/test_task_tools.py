"""Tasks as tools: what a call may name, and which tools fit a request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from studio.api import File, Hidden, Params, Seed, StudioError, Text, WeightsId
from studio.api.artifacts import SavedArtifact
from studio.api.manifest import TaskEntry
from studio.automation.tools.catalogue import likely
from studio.automation.tools.task_tools import TaskTool, request_of, task_tool, task_tools
from studio.plugins import Plugin, PluginHost
from studio.protocol.errors import ErrorCode
from studio.testing.plugins import MemorySettings

PICTURES = (".png", ".jpg")


class Restyle(Params):
    """A task over a picture that may come as a file."""

    image: Annotated[str, File(PICTURES)] = ""
    style: Annotated[str, Text()] = "ink"
    folder: Annotated[str, File(folder=True)] = ""
    place: Annotated[str, Hidden()] = ""
    weights: WeightsId = WeightsId()
    seed: Seed = Seed.random()


RESTYLE = TaskEntry("toy.restyle", "Restyle", "toy:Restyle", ("image",), ("image",))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> PluginHost:
    return PluginHost(MemorySettings(), tmp_path_factory.mktemp("journals"))


@pytest.fixture
def restyle(host: PluginHost) -> TaskTool:
    return made(host, RESTYLE, Restyle)


def made(host: PluginHost, entry: TaskEntry, params: type[Params]) -> TaskTool:
    tool = task_tool(plugin_of(host), entry, params)
    assert tool is not None
    return tool


def plugin_of(host: PluginHost) -> Plugin:
    return next(each for each in host.plugins if each.id == "image")


def saved(id: str, kind: str = "image", name: str = "a.png") -> SavedArtifact:
    return SavedArtifact(id, kind, f"The {id}", "", Path("/library") / name)


def library(id: str) -> SavedArtifact:
    known = {"fox": saved("fox"), "tune": saved("tune", "score", "a.mid")}
    if id not in known:
        raise StudioError(ErrorCode.NOT_FOUND, "It is not there.")
    return known[id]


def test_a_file_is_named_by_the_id_of_a_result(restyle: TaskTool) -> None:
    assert restyle.tool.files == {"image": ("image",)}
    assert restyle.tool.schema["required"] == ["image"], "it has nothing to work on without"
    request = request_of(restyle, {"image": "fox", "style": "oil"}, library)
    assert request.params == {"image": "/library/a.png", "style": "oil"}
    assert request.parents == ["fox"]


def test_no_call_names_what_a_person_or_a_page_chooses(restyle: TaskTool) -> None:
    properties = restyle.tool.schema["properties"]
    assert properties.keys() == {"image", "style", "weights", "seed"}
    assert restyle.tool.model_schema()["properties"].keys() == {"image", "style"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"image": "/etc/passwd"}, "“/etc/passwd” is not in the library"),
        ({"image": "tune"}, "image cannot be “The tune”, which is of the kind score."),
        ({"image": "fox", "folder": "/etc"}, "toy_restyle has no argument “folder”."),
        ({"image": "fox", "style": "/etc/passwd"}, "style cannot be a file of this computer."),
        ({"image": "fox", "place": "x"}, "toy_restyle has no argument “place”."),
    ],
)
def test_what_does_not_fit_is_a_sentence(
    restyle: TaskTool, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(StudioError) as caught:
        request_of(restyle, arguments, library)
    assert sentence in caught.value.message


def test_a_document_that_was_attached_goes_by_its_word(restyle: TaskTool, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    request = request_of(restyle, {"image": "document-1"}, library, documents={"document-1": photo})
    assert request.params == {"image": str(photo)}
    assert not request.parents


def test_bulky_inputs_are_the_payloads_of_results(host: PluginHost, tmp_path: Path) -> None:
    entry = TaskEntry(
        "toy.compare", "Compare", "toy:P", inputs=("before", "after"), compares=("score",)
    )
    for name in ("old.mid", "new.mid"):
        (tmp_path / name).write_bytes(name.encode())
    compare = made(host, entry, Params)
    files = {name: saved(name, "score", str(tmp_path / f"{name}.mid")) for name in ("old", "new")}
    request = request_of(compare, {"before": "old", "after": "new"}, files.__getitem__)
    assert request.inputs == {"before": b"old.mid", "after": b"new.mid"}
    assert request.parents == ["old", "new"]


def test_another_schema_is_another_tool(host: PluginHost, restyle: TaskTool) -> None:
    class Wider(Restyle):
        size: int = 512

    assert made(host, RESTYLE, Restyle).tool.digest == restyle.tool.digest
    assert made(host, RESTYLE, Wider).tool.digest != restyle.tool.digest


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ("Draw me a picture of a fox", "image_generate"),
        ("restyle the picture as stained glass", "image_restyle"),
        ("write a happy tune in D major", "music_compose"),
        ("What are the properties of these molecules?", "molecules_predict"),
        ("make the sound of a coin", "music_effect"),
        ("read this text aloud", "voice_speak"),
    ],
)
def test_the_likely_tools_are_found_by_words(host: PluginHost, request_: str, wanted: str) -> None:
    tools = [each.tool for each in task_tools(host)]
    assert wanted in [tool.name for tool in likely(request_, tools, 5)]


def test_words_that_no_tool_knows_find_none(host: PluginHost) -> None:
    tools = [each.tool for each in task_tools(host)]
    assert likely("qwxz zzyx", tools, 5) == []
