"""Which weights the catalogue puts first, where nobody has chosen."""

from __future__ import annotations

import math
import os
from pathlib import Path

from studio.base.paths import resources
from studio.models import WeightsCatalogue
from tests.unit.models.test_catalogue import describe, drop


def test_a_very_small_language_model_answers_only_where_no_other_can(tmp_path: Path) -> None:
    for id, parameters in (("a-small", 135_000_000), ("b-coder", 1_500_000_000)):
        drop(tmp_path, f"{id}.gguf")
        path = describe(tmp_path, id, f"{id}.gguf")
        capability = '["text", "code"]' if id == "b-coder" else '["text"]'
        text = path.read_text("utf-8").replace('["text"]', capability)
        path.write_text(f"parameters = {parameters}\n{text}", "utf-8")
    os.truncate(drop(tmp_path, "mine.gguf"), 300_000_000)
    catalogue = WeightsCatalogue([tmp_path])
    assert [w.id for w in catalogue.list("text")] == ["b-coder", "mine", "a-small"]


def test_the_ablest_that_fits_answers_and_a_chat_model_before_its_equal_for_code(
    tmp_path: Path,
) -> None:
    for name, size in (("big", 5_000), ("chat", 1_100), ("coder", 1_100), ("tiny", 100)):
        os.truncate(drop(tmp_path, f"{name}.gguf"), size * 10**6)
    drop(tmp_path, "measured.gguf")
    sidecar = describe(tmp_path, "measured", "measured.gguf")
    sidecar.write_text(f"everyday = 0.9\n{sidecar.read_text('utf-8')}", "utf-8")

    def order(room: float) -> list[str]:
        rows = WeightsCatalogue([tmp_path], room=lambda: room).list("text")
        return [row.id for row in rows]

    assert order(16e9) == ["big", "chat", "measured", "coder", "tiny"]
    assert order(4e9) == ["chat", "measured", "coder", "tiny", "big"]
    sidecar.write_text(sidecar.read_text("utf-8").replace("0.9", "9.0"), "utf-8")
    assert any("everyday" in row.problem for row in WeightsCatalogue([tmp_path]).list())


def test_what_is_offered_is_better_than_what_is_here_and_runs_well(tmp_path: Path) -> None:
    described = resources() / "weights"

    def better(room: float, free: float = math.inf, than: str = "") -> list[str]:
        catalogue = WeightsCatalogue([tmp_path, described], room=lambda: room)
        return [row.offer.name for row in catalogue.better(than, free) if row.offer]

    assert better(5.4e9) == ["coder", "coder-small"], "a computer with 6 GB of memory"
    assert better(3e9) == ["coder-small"]
    assert better(1e9) == []
    assert better(16e9, free=6e9)[0] == "coder"
    assert better(16e9, free=4e9) == ["coder-small"]
    os.truncate(drop(tmp_path, "mine.gguf"), 10**9)
    assert better(16e9) == []
    assert better(16e9, than="smollm2-135m-instruct")[0] == "coder"
    names = [row.offer.name for row in WeightsCatalogue([described]).offers("text") if row.offer]
    assert names[:2] == ["coder", "coder-small"]


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
