"""Causes are candidates: only what differs, and only what both records can know."""

from __future__ import annotations

from typing import Any

import pytest

from studio.library import Record
from studio.rerun.report import Report, RerunVerdict
from studio.rerun.rerun import causes
from studio.runtime import main as runtime

VERSIONS = {"system": "Linux", "offline-studio": "1.2", "numpy": "2.3.1", "instructions": "avx2"}


def record(**facts: Any) -> Record:
    return Record(id="one", task="a.b", plugin="a", **{"versions": VERSIONS, **facts})


@pytest.mark.parametrize(
    ("facts", "what", "words"),
    [
        ({"offline-studio": "1.3"}, "program", "Offline Studio is 1.3 now and was 1.2 then"),
        ({"numpy": "2.4.0"}, "library", "numpy is 2.4.0 now and was 2.3.1 then"),
        ({"numpy": ""}, "library", "numpy is not there now and was 2.3.1 then"),
        ({"numba": "0.62"}, "library", "numba is 0.62 now and was not there then"),
        ({"instructions": "avx512f"}, "device", "the instruction set of the processor is avx512f"),
        ({"text engine setting": "torch"}, "setting", "the setting “text engine” is torch now"),
        ({"small": "llama.cpp"}, "setting", "the setting “engine of small” is llama.cpp now"),
    ],
)
def test_each_version_that_differs_is_a_cause(facts: dict[str, str], what: str, words: str) -> None:
    versions = {name: each for name, each in {**VERSIONS, **facts}.items() if each}
    weights = {"small": "aa"}
    (cause,) = causes(record(weights=weights), record(weights=weights, versions=versions))
    assert cause.what == what
    assert cause.words.startswith(words)


@pytest.mark.parametrize("variable", runtime._CHOICES)
def test_a_variable_that_chooses_the_code_is_told_as_a_setting(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable, raising=False)
    before = record(versions=runtime.versions())
    monkeypatch.setenv(variable, "avx2")
    (cause,) = causes(before, record(versions=runtime.versions()))
    assert (cause.what, cause.after) == ("setting", "avx2")
    assert cause.words.startswith("the setting “")


def test_of_a_record_of_an_older_studio_only_what_it_says_is_compared() -> None:
    old = record(versions={"offline-studio": "1.2", "torch": "2.7"})
    new = record(versions={**VERSIONS, "torch": "2.8", "plugin": "1.0"})
    assert [cause.name for cause in causes(old, new)] == ["torch"]


def test_another_machine_is_told_by_its_name() -> None:
    (cause,) = causes(record(), record(machine="gpu-box"))
    assert cause.what == "device"
    assert cause.words == "the machine is gpu-box now and was this one then"


def test_models_and_files_are_told_by_their_bytes_not_by_their_names() -> None:
    def run(model: str, file: str, model_digest: str, file_digest: str) -> Record:
        params = {"model": model, "picture": file}
        return record(params=params, weights={model: model_digest}, files={file: file_digest})

    then = run("small", "/a.png", "aa", "ff")
    moved = run("new", "/b.png", "aa", "ff")
    other = run("small", "/a.png", "bb", "ee")
    assert causes(then, moved) == ()
    assert [cause.words for cause in causes(then, other)] == [
        "the file a.png has other contents now",
        "the model small has other contents now",
    ]


def test_a_parameter_that_another_schema_added_is_named() -> None:
    (cause,) = causes(record(params={"steps": 4}), record(params={"steps": 4, "blur": 2}))
    assert cause.words == "the parameter “blur” is 2 now and was not there then"


def test_a_sentence_names_the_first_causes_and_counts_the_others() -> None:
    versions = dict.fromkeys(VERSIONS, "9")
    found = causes(record(), record(versions=versions))
    report = Report("one", RerunVerdict.DIFFERENT, causes=found)
    assert "Offline Studio is 9 now and was 1.2 then" in report.sentence
    assert report.sentence.endswith("and one more thing has changed.")
