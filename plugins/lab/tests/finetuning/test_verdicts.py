"""A model learns what a checker of the user's lets pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.api import BadInput
from studio.runtime.engines.text.engine import TextEngine
from studio.testing.plugins import Made, run_task
from studio_lab.finetuning.checkers import Pattern, Schema
from studio_lab.schema.finetune import FineTune
from studio_lab.tasks.finetune import finetune
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

CODE = "def check(prompt, answer):\n    return answer[:1].islower() and 'degrees' in prompt\n"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> TextEngine:
    """A model that has learned nothing: it writes whatever comes."""
    model = tiny_models.reference(initializer_range=0.1)
    return TextEngine.load(tiny_models.save_folder(model, tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prompts") / "prompts.txt"
    path.write_text("".join(f"Steer {n} degrees\n" for n in range(20)))
    return path


def tuned(base: TextEngine, prompts: Path, **params: object) -> Made:
    asked = {"method": "verdict", "data": str(prompts), "weights": "tiny", "rate": 0.03,
             "epochs": 8, "answer": 1, "rank": 4, "early_stopping": False}  # fmt: skip
    return run_task(finetune, FineTune.parse(asked | params), seed=1, models={"tiny": base})


@pytest.mark.slow
def test_more_answers_pass_than_before(base: TextEngine, prompts: Path) -> None:
    made = tuned(base, prompts, pattern="[a-z].*")
    measures = made.result["measures"]
    assert measures["passed_before"] < 0.6, "the control: the model does not do so by itself"
    assert measures["passed_after"] > measures["passed_before"] + 0.3
    table = next(each for each in made.artifacts if each.suffix == ".csv").text
    assert table.startswith("prompt,answer before,answer after,share passed before")


@pytest.mark.slow
def test_a_checker_in_python_runs_in_the_sandbox(
    base: TextEngine, prompts: Path, tmp_path: Path
) -> None:
    (tmp_path / "judge.py").write_text(CODE)
    made = tuned(base, prompts, checker=str(tmp_path / "judge.py"), epochs=1, batch=16)
    assert 0 < made.result["measures"]["passed_before"] < 1
    (tmp_path / "judge.py").write_text("import torch\n")
    with pytest.raises(BadInput, match="cannot judge answers: ModuleNotFoundError"):
        tuned(base, prompts, checker=str(tmp_path / "judge.py"))
    (tmp_path / "judge.py").write_text(CODE.replace("check", "look"))
    with pytest.raises(BadInput, match="cannot import name 'check'"):
        tuned(base, prompts, checker=str(tmp_path / "judge.py"))


def test_answers_fulfil_a_schema_or_an_expression() -> None:
    schema = {"type": "object", "required": ["age"], "properties": {"age": {"type": "integer"}}}
    judge = Schema("it", json.dumps(schema).encode())
    answers = ['{"age": 3}', '{"age": "3"}', "age: 3", "[" * 100_000]
    assert judge.passes([("", each) for each in answers]) == [True, False, False, False]
    judge = Pattern(r"\d+ apples")
    assert judge.passes([("", "12 apples\n"), ("", "I have 12 apples")]) == [True, False]


def test_what_cannot_judge_is_told(base: TextEngine, prompts: Path) -> None:
    with pytest.raises(BadInput, match="Nothing says which answers are right"):
        tuned(base, prompts)
    with pytest.raises(BadInput, match="regular expression is invalid"):
        tuned(base, prompts, pattern="(")
    with pytest.raises(BadInput, match="not a JSON schema"):
        Schema("it", b'{"type": 3}')
