"""Molecules through the command line: what is made, what is told, what is refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.api import BadInput
from studio.cli.terminal.exit_code import ExitCode
from studio.testing.plugins import run_task
from studio_molecules.schema import Analogues, Improve, Predict
from studio_molecules.tasks import analogues, optimisation, prediction

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.torch,
    pytest.mark.usefixtures("runtime_within"),
]

Command = Callable[..., tuple[int, str, str]]
LEAD = "CC(C)NCC(O)COc1cccc2ccccc12"
GENERATE = ["molecules.generate", "--count", "20", "--seed", "1"]


def result_of(command: Command, *words: str) -> dict[str, Any]:
    code, out, err = command("run", *words, "--json")
    assert code == ExitCode.OK, err
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command prints as a process, with a runtime of its own, as a user starts it."""
    home = tmp_path_factory.mktemp("molecules") / "home"
    done = subprocess.run(
        [sys.executable, "-m", "studio", "run", *GENERATE, "--json"],
        env=os.environ | {"STUDIO_HOME": str(home)},
        capture_output=True,
        encoding="utf-8",
        timeout=500,  # a busy machine
        check=False,
    )
    assert done.returncode == ExitCode.OK, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_twenty_different_molecules_with_their_figures(generated: dict[str, Any]) -> None:
    molecules = generated["molecules"]
    assert len({each["smiles"] for each in molecules}) == len(molecules) == 20
    assert all(each["seed"] == 1 and each["operation"] == "sampled" for each in molecules)
    assert all(0 <= each["qed"] <= 1 <= each["sa"] <= 10 for each in molecules)
    assert 0 < generated["valid_raw"] <= 1
    assert generated["drawn"] >= 20
    assert generated["care_version"]


def test_the_same_seed_gives_the_same_molecules_in_another_home(
    generated: dict[str, Any], command: Command
) -> None:
    again = result_of(command, *GENERATE)
    assert again["molecules"] == generated["molecules"]
    assert again["valid_raw"] == generated["valid_raw"]


def test_relatives_of_a_lead_keep_to_the_floor(command: Command) -> None:
    words = ["--lead", LEAD, "--count", "20", "--similarity", "0.5", "--seed", "2"]
    found = result_of(command, "molecules.analogues", *words)
    assert found["count"] == 20
    assert all(each["similarity"] >= 0.5 and each["parent"] for each in found["molecules"])


def test_a_lead_is_improved_to_a_profile(command: Command, tmp_path: Path) -> None:
    profile = tmp_path / "profile.json"
    objectives = [
        {"property": "qed", "low": 0.9, "tolerance": 0.5},
        {"property": "mw", "high": 350},
    ]
    profile.write_text(json.dumps({"objectives": objectives, "lead": LEAD, "similarity": 0.2}))
    words = ["--profile", str(profile), "--budget", "200", "--count", "10", "--seed", "3"]
    found = result_of(command, "molecules.improve", *words)
    scores = [each["score"] for each in found["molecules"]]
    assert scores == sorted(scores, reverse=True)
    assert found["best"] == scores[0] > 0
    assert all(each["mw"] <= 350 for each in found["molecules"])
    assert all(each["similarity"] >= 0.2 for each in found["molecules"])


def test_a_file_is_predicted_and_its_bad_rows_are_told_by_line(
    command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "rows.smi"
    long = "C" * 1_000_000
    path.write_text(f"{LEAD} propranolol\nC1CC ring\n{long}\n[Na+].CC(=O)[O-] salt\n[Fe] iron\n")
    found = result_of(command, "molecules.predict", str(path), "--no-admet")
    assert [each["name"] for each in found["molecules"]] == ["propranolol", "salt"]
    reasons = {fault["line"]: fault["reason"] for fault in found["faults"]}
    assert list(reasons) == [2, 3, 5]
    assert "ring 1 is not closed" in reasons[2]
    assert "too long" in reasons[3]
    assert "Fe" in reasons[5]
    why = "salt or mixture: only the largest part was kept; charges were neutralised"
    assert found["remarks"] == [{"line": 4, "reason": why}]


def test_a_file_is_predicted_as_a_table_and_its_odd_rows_are_told(
    command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "drugs.csv"
    path.write_text(
        "smiles,name,Date,nM\nCCO,ethanol,2024-01-31,1100\nC1CC,ring,,\nOCC,spirit,,1200\n"
        "[Na+].CC(=O)[O-],salt,,3\n"
    )
    code, out, err = command("run", "molecules.predict", str(path), "--no-admet", "--quiet")
    assert code == ExitCode.OK, err
    head, *rows = (line.split("\t") for line in out.splitlines())
    assert head[:3] == ["name", "mw", "logp"]
    assert head[-4:] == ["nM", "Date", "SMILES (file)", "smiles"]
    assert [row[0] for row in rows] == ["ethanol", "spirit", "salt"]
    assert rows[0][-4:] == ["1100", "2024-01-31", "", "CCO"]
    assert [row[-4] for row in rows] == ["1100", "1200", "3"]
    assert rows[2][-2] == "CC(=O)[O-].[Na+]"
    told = err.splitlines()
    assert [line[:6] for line in told] == ["line 3", "line 4", "line 5"]
    assert "ring 1 is not closed" in told[0]
    assert "the same molecule as line 2 (ethanol)" in told[1]
    assert "salt or mixture" in told[2]


def test_a_file_is_clustered_as_a_table(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "set.smi"
    path.write_text("c1ccccc1CCN a\nc1ccccc1CCO b\nC1CCNCC1 c\nbad bad\n")
    code, out, err = command("run", "molecules.cluster", str(path), "--quiet")
    assert code == ExitCode.OK, err
    head, *rows = (line.split("\t") for line in out.splitlines())
    assert head[:2] == ["name", "Cluster"]
    assert [row[:2] for row in rows] == [["a", "1"], ["b", "1"], ["c", "2"]]
    assert "c1ccccc1" in rows[0]
    assert err.startswith("line 4: ")


# --- what is refused --------------------------------------------------------------------------

LYING = (
    "lying\n  studio\n\n 99  0  0  0  0  0  0  0  0  0999 V2000\n    0.0 0.0 0.0 C\nM  END\n$$$$\n"
)


def test_bad_input_is_a_sentence_and_an_exit_code(command: Command, tmp_path: Path) -> None:
    (tmp_path / "lying.sdf").write_text(LYING)
    cases = {
        ("molecules.analogues", "--lead", "C1CC"): "ring 1 is not closed",
        ("molecules.predict", str(tmp_path / "lying.sdf")): "counts and its lines do not agree",
    }
    for words, sentence in cases.items():
        code, out, err = command("run", *words)
        assert (code, out) == (ExitCode.BAD_INPUT, ""), (words[:2], err)
        assert sentence in err
        assert "Traceback" not in err


def test_other_bad_input_is_refused_by_the_tasks_alike(tmp_path: Path) -> None:
    files = {
        "empty.smi": "",
        "impossible.json": '{"objectives": [{"property": "mw", "low": 500, "high": 100}]}',
        "unknown.json": '{"objectives": [{"property": "beauty", "low": 1}]}',
        "broken.json": "{",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    cases = [
        (analogues.analogues, Analogues, {"lead": "[Fe]"}, "metals"),
        (analogues.analogues, Analogues, {"lead": "C" * 1_000_000}, "2,000"),
        (prediction.predict, Predict, {"file": "empty.smi"}, "contains no valid molecule"),
        (
            optimisation.improve,
            Improve,
            {"profile": "impossible.json"},
            "Objective 1 (Weight) has a minimum of",
        ),
        (optimisation.improve, Improve, {"profile": "unknown.json"}, "Objective 1 (“beauty”)"),
        (optimisation.improve, Improve, {"profile": "broken.json"}, "This is not a profile"),
    ]
    for task, schema, values, sentence in cases:
        there = {
            key: str(tmp_path / text) if text in files else text for key, text in values.items()
        }
        with pytest.raises(BadInput, match=re.escape(sentence)):
            run_task(task, schema.parse(there))
