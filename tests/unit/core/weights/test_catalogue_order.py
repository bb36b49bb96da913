"""Which weights the catalogue puts first, where nobody has chosen."""

from __future__ import annotations

from pathlib import Path

from studio.models import WeightsCatalogue
from tests.unit.core.weights.test_catalogue import describe, drop


def test_a_very_small_language_model_answers_only_where_no_other_can(tmp_path: Path) -> None:
    for id, parameters in (("a-small", 135_000_000), ("b-coder", 1_500_000_000)):
        drop(tmp_path, f"{id}.gguf")
        path = describe(tmp_path, id, f"{id}.gguf")
        capability = '["text", "code"]' if id == "b-coder" else '["text"]'
        text = path.read_text("utf-8").replace('["text"]', capability)
        path.write_text(f"parameters = {parameters}\n{text}", "utf-8")
    drop(tmp_path, "mine.gguf")
    catalogue = WeightsCatalogue([tmp_path])
    assert [w.id for w in catalogue.list("text")] == ["b-coder", "mine", "a-small"]


def test_of_the_users_own_the_newest_that_can_comes_first(tmp_path: Path) -> None:
    made = [("b", "lab, lab-samples, lab-tunes", "01B"), ("a", "lab, lab-samples", "01A"),
            ("sure", "lab", "01C")]  # fmt: skip
    for id, capabilities, result in made:
        drop(tmp_path, f"{id}.gguf")
        names = ", ".join(f'"{each}"' for each in capabilities.split(", "))
        path = describe(tmp_path, id, f"{id}.gguf")
        text = path.read_text("utf-8").replace('["text"]', f"[{names}]")
        path.write_text(f'{text}[source]\nresult = "{result}"\n', "utf-8")
    rows = WeightsCatalogue([tmp_path]).list("lab", "lab-samples")
    assert [row.id for row in rows] == ["b", "a", "sure"]
