"""The page of the lab in a real studio with a scripted runtime."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from studio.api import BadInput, Page, SavedArtifact, as_parts, sentence
from studio.api.plot import Axis, Line, Plot
from studio.desktop.appearance.appearance import Appearance
from studio.testing.page_desk import PageDesk
from studio.testing.scripted import Artifact, Fail, Stall, Step
from studio_lab.datasets.presentation import png
from studio_lab.datasets.tunes import Note, midi
from studio_lab.pages import explanations, phrases, progress
from studio_lab.pages.page import build


class Desk(PageDesk):
    plugin = "lab"
    capabilities: ClassVar = {"vae": "lab", "gan": "lab", "writer": "text"}

    def build(self) -> Page:
        return build(self.ctx)

    def charts(self) -> dict[str, list[float]]:
        """What the view has to show: title → values of the first series."""
        shown = self.page.view._shown
        return {title: plot.series[0].y for title, plot in shown.items() if isinstance(plot, Plot)}


@pytest.fixture
def desk(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    with Desk.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        yield desk


def plot(title: str, *values: float) -> Plot:
    return Plot(title, x=Axis("step"), y=Axis(title), series=[Line(y=[*values])])


def sheet(side: int = 32) -> Artifact:
    return Artifact("image", png(np.full((side, side, 3), 90, np.uint8)), ".png", title="Digits")


def test_charts_and_samples_follow_a_training(desk: Desk) -> None:
    loss, rate = plot("Loss", 3.0, 2.0), plot("Learning rate", 0.1)
    picture = np.zeros((8, 8, 3), np.uint8)
    desk.runtime.enqueue(Step(1, 2, "loss 2.0", picture, [loss, rate]), Stall())
    assert desk.page.views.currentWidget() is desk.page._empty
    desk.run()
    desk.until(lambda: desk.charts() == {"Loss": [3.0, 2.0], "Learning rate": [0.1]})
    assert desk.page.view.chosen == "Loss"
    assert desk.verb() == "Add to queue"
    desk.stop()


def test_a_result_of_an_earlier_session_shows_its_whole_training(desk: Desk) -> None:
    last = plot("Loss", 3.0, 1.0).encode()
    told = {"notes": [as_parts(sentence("The loss diverged at step {step}.", step=3)), "Odd."]}
    desk.runtime.enqueue(Artifact("plot", last, ".plot.json", title="Loss", meta=told), sheet())
    desk.run()
    desk.until_over()
    desk.until(lambda: len(desk.charts()) == 1 and not desk.page.view.samples.image.isNull())
    assert len(desk.results()) == 1, "the strip has one for each training"
    desk.again()
    desk.until(lambda: desk.charts() == {"Loss": [3.0, 1.0]})
    desk.until(lambda: not desk.page.view.samples.image.isNull())
    assert desk.page.view.notes.text() == "The loss diverged at step 3. Odd."


def test_weights_are_not_read_as_a_table(desk: Desk) -> None:
    """The page has nothing to show of them: a table of tensors was an error in the log."""
    desk.runtime.enqueue(Artifact("weights", b"\0" * 200_000, ".safetensors"), sheet())
    desk.run()
    desk.until_over()
    (saved,) = desk.ctx.library.find("", ("weights",), 5)
    assert desk.page._content(saved) is None


def test_a_caption_on_overfitting_stands_only_where_like_is_beside_like(desk: Desk) -> None:
    both = [Line(y=[3.0, 2.0], name="training"), Line(y=[3.0, 2.5], name="validation")]
    for series, said in ((both, True), (both[:1], False)):
        desk.page.view.begin("A training")
        desk.page.view.show_plot(Plot("Loss", series))
        assert ("overfitting" in desk.page.view._about.text()) is said


def test_each_architecture_is_explained(desk: Desk) -> None:
    about = {}
    (architecture,) = (f for f in desk.page.modes.mode.params.fields() if f.name == "architecture")
    for name in architecture.choices:
        desk.page.modes.form.set_values({"architecture": name})
        desk.page._show_about()
        about[name] = desk.page._about.text()
    assert len(set(about.values())) == len(about)
    assert all(text.count(". ") >= 1 for text in about.values()), about


def test_what_is_measured_is_explained_in_two_sentences() -> None:
    measured = ("Comparison", "KID (16 principal components)", "bits per character")
    for title in (*measured, "Gain: accuracy", "SMOTE: rows", "Autocorrelation", "Lengths: Wine"):
        text = explanations.about_figures(title)
        assert len(re.findall(r"\.(?: |$)", text)) == 2, (title, text)
    assert explanations.about_figures("Loss") == "", "the control: it has its words elsewhere"


def test_a_table_of_the_library_is_taken_and_its_report_is_read(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "flowers.csv"
    path.write_text("a,b\n1,2\n")
    desk.page.take(SavedArtifact("", "table", "flowers", "", path))
    assert desk.mode() == "augment"
    desk.page.modes.form.set_values({"target": "b"})
    desk.runtime.enqueue(Artifact("text", b"**It helps.**", ".md", title="Report"))
    desk.run()
    desk.until_over()
    desk.until(lambda: "It helps." in desk.page.view.report.plain_text())
    assert desk.runtime.submitted[0].params["table"] == str(path)


def test_a_comparison_is_read_as_a_table(desk: Desk) -> None:
    desk.set_mode("compare")
    desk.page.modes.form.set_values({"weights": ["vae", "gan"]})
    desk.runtime.enqueue(
        Artifact("table", b"Model,KID\nvae,0.1\ngan,0.2\n", ".csv", title="Models")
    )
    desk.run()
    desk.until_over()
    desk.until(lambda: "0.2" in desk.page.view.report.plain_text())
    assert "|" not in desk.page.view.report.plain_text(), "it is drawn, not written"


def test_verdicts_of_a_comparison_are_told_by_code(desk: Desk) -> None:
    desk.set_mode("compare")
    desk.page.modes.form.set_values({"weights": ["vae"]})
    bound = {"KID": {"value": 0.25, "low": 0.2, "high": 0.3}}
    rows = [{"name": "vae", "role": "weights", "measures": bound, "findings": ["copies"]}]
    meta = {"report": {"kind": "comparison", "measure": "KID", "rows": rows}}
    made = Artifact("table", b"samples\nvae\n", ".csv", title="Comparison: Digits", meta=meta)
    desk.runtime.enqueue(made, sheet())
    desk.run()
    desk.until_over()
    view = desk.page.view
    desk.until(lambda: "It copies training examples." in view.report.plain_text())
    assert "0.25 (0.2–0.3)" in view.report.plain_text()
    assert view.choice.isHidden(), "there is but one thing to read"


def test_without_a_model_the_page_says_to_train_one(
    qtbot: Any, look: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bare(Desk):
        capabilities: ClassVar[dict[str, str]] = {}

    with Bare.opened(tmp_path, qtbot, look, monkeypatch) as desk:
        desk.set_mode("inspect")
        assert desk.page.views.currentWidget() is desk.page._untrained
        desk.set_mode("train")
        assert desk.page.views.currentWidget() is desk.page._empty


def test_what_a_task_says_is_told_in_the_language_of_the_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    german = {"loss": "Verlust", "rate": "Rate", "{speed} examples/s": "{speed} Beispiele/s",
              "Attention, block {block}, head {head}": "Block {block}, Kopf {head}"}  # fmt: skip
    for module in (phrases, progress):
        monkeypatch.setattr(module, "tr", lambda text: german.get(text, text))
    told = progress.progress_in_words("loss 0.120, rate 1.0e-03, 1,020 examples/s")
    assert told == "Verlust 0.120, Rate 1.0e-03, 1,020 Beispiele/s"
    assert phrases.plot_name("Attention, block 2, head 11") == "Block 2, Kopf 11"
    assert phrases.plot_name("Whatever a later worker says") == "Whatever a later worker says"


def test_data_that_are_dropped_go_where_they_are_taken(desk: Desk, tmp_path: Path) -> None:
    (tunes := tmp_path / "tunes").mkdir()
    (tunes / "a.mid").touch()
    (table := tmp_path / "t.csv").write_text("a,b\n1,2\n")
    modes = desk.page.modes
    assert desk.drop(tunes)
    assert modes.form.values()["data"] == str(tunes)
    assert modes.form.values()["architecture"] == "decoder_transformer"
    desk.set_mode("augment")
    assert desk.drop(table)
    assert (modes.mode.id, modes.form.values()["table"]) == ("augment", str(table))
    desk.set_mode("report")
    assert desk.drop([table, tunes])
    assert (modes.mode.id, modes.form.values()["data"]) == ("describe", str(tmp_path))


def test_a_training_that_fails_leaves_no_promise_of_charts(desk: Desk) -> None:
    desk.runtime.enqueue(Fail(BadInput("“/nope” does not exist.", "Check the path.")))
    desk.run()
    desk.until(lambda: "does not exist" in desk.trouble())
    assert desk.page.views.currentWidget() is desk.page._empty


def test_stars_of_chat_are_handed_to_a_fine_tuning_by_preferences(desk: Desk) -> None:
    store = desk.ctx.library.conversations
    talk = store.create("hi").id
    asked = store.add_message(talk, None, "user", "Hi?")
    store.add_message(talk, asked.id, "assistant", "Go away.")
    store.add_message(talk, asked.id, "assistant", "Hello!", extra={"starred": True})
    desk.page.modes.choose("finetune")
    desk.page.modes.form.set_values({"method": "preferences"})
    desk.page.run.run()
    desk.until(lambda: bool(desk.runtime.submitted))
    sent = desk.runtime.submitted[-1]
    assert (sent.task, sent.params["method"]) == ("lab.finetune", "preferences")
    choices = desk.runtime.inputs_of(sent).json("choices", list, [])
    assert choices == [["Hi?", "Hello!", "Go away."]]


def test_tunes_sounds_and_molecules_are_seen(desk: Desk) -> None:
    heard = io.BytesIO()
    with wave.open(heard, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((np.sin(np.arange(4000) / 9) * 20_000).astype("<i2").tobytes())
    tune = midi([[Note(0, 4, 60), Note(4, 4, 64)]], 100.0)
    desk.runtime.enqueue(
        Artifact("score", tune, ".mid", title="Tune"),
        Artifact("audio", heard.getvalue(), ".wav", title="Sound"),
        Artifact("molecules", b"smiles\nCCO\n", ".csv", title="Molecules", text="CCO\nCCN"),
    )
    desk.run()
    desk.until(lambda: len(desk.page.view._results) == 3)
    made = desk.page.view._results
    assert made["Samples"][0] == "1. `CCO`\n2. `CCN`"
    for slot in ("Notes", "Sound"):
        image = made[slot][0]
        seen = {image.pixel(x, y) for x in range(0, 1200, 7) for y in range(0, 480, 5)}
        assert len(seen) > 1, slot
