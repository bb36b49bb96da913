"""Folders of models that see are known by their kind; eyes alone are a row with a reason."""

from __future__ import annotations

from pathlib import Path

from studio.models.catalogue import WeightsCatalogue
from tests.unit.models.test_catalogue import drop, model_folder


def test_what_sees_is_known_by_its_kind_and_eyes_alone_are_a_row_with_a_reason(
    tmp_path: Path,
) -> None:
    sees = {"architectures": ["SmolVLMForConditionalGeneration"], "model_type": "smolvlm"}
    model_folder(tmp_path, "Sees", sees)
    hears = {"architectures": ["OtherForConditionalGeneration"], "model_type": "other"}
    model_folder(tmp_path, "Hears", hears)
    drop(tmp_path, "mmproj-model-f16.gguf", b"GGUF" + bytes(28))
    rows = {weights.id: weights for weights in WeightsCatalogue([tmp_path]).list()}
    assert rows["sees"].capabilities == ("text", "image-to-text")
    assert rows["hears"].capabilities == ()
    assert "as a folder with safetensors" in rows["mmproj-model-f16"].problem
