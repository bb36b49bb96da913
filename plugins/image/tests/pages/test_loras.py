"""LoRAs on the page: added, set, kept, and taken from recipes and prompts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from plugins.image.tests.pages.page_desk import Desk, picture
from studio.desktop.appearance.appearance import Appearance


class LoraDesk(Desk):
    capabilities = {**Desk.capabilities, "sd15": "text-to-image", "inky": "lora", "soft": "lora"}


@pytest.fixture
def loras(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    """The page with a diffusion model chosen, and two LoRAs at hand."""
    with LoraDesk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        assert desk.page.composer.set_model("sd15")
        desk.page.composer.show_chips()
        yield desk


def test_loras_are_sent_with_their_strengths(loras: Desk) -> None:
    listed = loras.page.composer.loras
    assert not listed.isHidden()
    listed.add("inky")
    listed._rows["inky"].slider.setValue(12)
    listed.add("soft", -0.5)
    loras.draw(picture())
    sent = loras.runtime.submitted[-1].params
    assert (sent["loras"], sent["lora_strengths"]) == (["inky", "soft"], [0.6, -0.5])
    listed._rows["inky"].removed.emit()
    assert listed.pairs == [("soft", -0.5)]
    state = loras.page.save_state()
    listed.set_pairs([])
    loras.page.restore_state(state)
    assert listed.pairs == [("soft", -0.5)]


def test_the_pictures_of_a_grid_have_them_in_common(loras: Desk) -> None:
    composer = loras.page.composer
    composer.loras.add("inky", 0.4)
    composer.loras.add("soft", -0.5)
    composer.modes.choose("grid")
    settings = composer.params()["settings"]
    assert set(settings) == {"weights=sd15", "loras=inky+soft", "lora_strengths=0.4+-0.5"}
    composer.loras.set_pairs([])
    composer.set_params({"prompts": "a fox", "settings": settings})
    assert composer.loras.pairs == [("inky", 0.4), ("soft", -0.5)]


def test_the_starter_model_gets_none(loras: Desk) -> None:
    listed = loras.page.composer.loras
    listed.add("inky")
    loras.page.composer.modes.forms["draw"].set_values({"weights": "image-starter"})
    loras.page.composer.show_chips()
    assert listed.isHidden()
    assert loras.page.composer.params()["loras"] == []


def test_a_lora_in_the_prompt_is_one_of_the_list(loras: Desk) -> None:
    loras.write("a boat <lora:Inky:0.4> at dusk, <lora:gone:1>")
    params = loras.page.composer.params()
    assert params["prompt"] == "a boat at dusk"
    assert (params["loras"], params["lora_strengths"]) == (["inky", "gone"], [0.4, 1.0])


def test_a_recipe_brings_its_loras_and_names_those_that_are_not_here(
    loras: Desk, tmp_path: Path
) -> None:
    info = PngImagePlugin.PngInfo()
    words = "a boat <lora:Inky:0.4> <lora:gone:1>\nSteps: 20, Seed: 3, Model: sd15"
    info.add_text("parameters", words)
    Image.new("RGB", (8, 8)).save(tmp_path / "theirs.png", pnginfo=info)
    said, offers = loras.listen(), loras.offers()
    loras.bring(tmp_path / "theirs.png")
    loras.until(lambda: bool(offers))
    offers[-1]()
    assert loras.page.composer.loras.pairs == [("inky", 0.4)]
    assert "Not available here: the LoRA gone." in said[-1]
