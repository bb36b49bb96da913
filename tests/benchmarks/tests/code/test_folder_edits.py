"""The bench of changes to packages judges by hidden tests: passed, failed, broken or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks.code import folder_edits
from benchmarks.code.folder_edits import CHANGES
from studio.api.worker.bench import Wish

RIGHT = "def parse_bool(text):\n    return {'yes': True, '0': False, 'off': False}[text.lower()]\n"


class Bench:
    """Makes one edit to iniconfig, and runs what is judged as the sandbox would."""

    def __init__(self, scratch: Path, text: str) -> None:
        self.scratch, self.text = scratch, text

    def say(self, text: str) -> None:
        pass

    def weights_for(self, capability: str, prefer: str = "") -> str:
        return "coder"

    def run_all(
        self, task: str, wishes: Iterable[Wish], at_once: int = 4
    ) -> Iterator[tuple[int, Mapping[str, Any]]]:
        for place, wish in enumerate(wishes):
            yield place, self.run(task, *wish)

    def run(
        self, task: str, params: Mapping[str, Any], inputs: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        if task == "code.edit":
            path = Path(params["folder"]) / "iniconfig/_parse.py"
            assert path.is_file(), "the package lies in the folder"
            edit = {"path": "iniconfig/_parse.py", "text": self.text, "base": path.read_text()}
            return {"edits": [edit] * bool(self.text)}
        assert inputs is not None
        texts = {row["path"]: row["text"] for row in inputs["files"]}
        module = ModuleType("iniconfig._parse")
        kept = {name: sys.modules.pop(name, None) for name in ("iniconfig", "iniconfig._parse")}
        printed: list[str] = []
        try:
            exec(texts["iniconfig/_parse.py"], vars(module))
            sys.modules["iniconfig"] = ModuleType("iniconfig")
            sys.modules["iniconfig._parse"] = module
            exec(texts["judged.py"], {"print": printed.append})
        except (KeyError, SyntaxError, AssertionError):
            return {"exit_code": 1, "stdout": ""}
        finally:
            for name, value in kept.items():
                sys.modules.pop(name, None)
                if value is not None:
                    sys.modules[name] = value
        return {"exit_code": 0, "stdout": "".join(printed)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RIGHT.replace("[text.lower()]", ".get(text.lower())"), "failed"),
        (f"{RIGHT}parse_bool = staticmethod(\n", "broken"),
        ("", "nothing"),
    ],
)
def test_a_change_is_judged(tmp_path: Path, text: str, said: str) -> None:
    bench = Bench(tmp_path / "scratch", text)
    folder_edits._copy("iniconfig", tmp_path / "copy")
    made = bench.run("code.edit", {"folder": str(tmp_path / "copy")})
    assert folder_edits._judged(bench, CHANGES[0], made, tmp_path / "copy")[0] == said


def test_a_change_that_passes_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = RIGHT.replace("[text.lower()]", ".get(text.lower())") + (
        "_get = parse_bool\n\n\ndef parse_bool(text):\n    found = _get(text)\n"
        "    if found is None:\n        raise ValueError(text)\n    return found\n"
    )
    monkeypatch.setenv("STUDIO_BENCH_FOLDER_EVERY", "12")
    monkeypatch.setenv("STUDIO_BENCH_FOLDER_LOG", str(tmp_path / "log.jsonl"))
    folder_edits.measure(Bench(tmp_path, right))
    found = folder_edits.measure(Bench(tmp_path, "not asked again"))
    assert (found["passed"], found["weights"]) == ("1 of 1", "coder")
    assert len({change.package for change in CHANGES}) == 3
