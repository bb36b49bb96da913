"""The examples of what a plugin may bring: their tasks run as they stand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest

from studio.api import BadInput
from studio.api.plot import Bars, Histogram, Plot
from studio.testing.plugins import host_of, importable, plugins_in, run_task
from studio.testing.processes import without_torch

EXAMPLES = Path(__file__).parent / "examples"


@pytest.fixture(autouse=True)
def examples() -> Iterator[None]:
    with importable(EXAMPLES):
        yield


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    from PIL import Image

    image = Image.new("RGB", (64, 64), "#ff0000")
    image.paste((0, 0, 255), (0, 0, 64, 16))
    image.save(tmp_path / "flag.png")
    return tmp_path / "flag.png"


def test_the_palette_of_a_picture_is_a_kind_of_its_own(picture: Path, tmp_path: Path) -> None:
    from studio_palette.plugin import as_gimp
    from studio_palette.schema import PaletteOf
    from studio_palette.worker import palette_of

    made = run_task(palette_of, PaletteOf.parse({"picture": str(picture), "colors": 2}))
    assert made.result["colors"] == ["#ff0000", "#0000ff"]
    (palette,) = made.artifacts
    assert (palette.kind, palette.suffix) == ("palette", ".palette")
    saved = SimpleNamespace(read=lambda: palette.payload, title="Flag")
    as_gimp(saved, tmp_path / "flag.gpl")  # type: ignore[arg-type]
    assert (tmp_path / "flag.gpl").read_text().splitlines()[2:] == ["255   0   0", "  0   0 255"]


def test_a_long_table_is_a_file(picture: Path, tmp_path: Path) -> None:
    from studio_palette.schema import PixelsOf
    from studio_palette.worker import pixels_of

    made = run_task(pixels_of, PixelsOf.parse({"picture": str(picture)}), scratch=tmp_path)
    (table,) = made.artifacts
    rows = table.read().decode().splitlines()
    assert (len(rows), rows[1], rows[-1]) == (1 + 64 * 64, "0,0,0,0,255", "63,63,255,0,0")


def test_figures_are_a_plot_and_frames_a_video(picture: Path) -> None:
    from io import BytesIO

    from PIL import Image
    from studio_palette.schema import PaletteOf
    from studio_palette.worker import fade, shares_of

    params = PaletteOf.parse({"picture": str(picture), "colors": 2})
    (plot,) = run_task(shares_of, params).artifacts
    read = Plot.decode(plot.read())
    assert (plot.kind, read.x.categories) == ("plot", ["#ff0000", "#0000ff"])
    (bars,) = read.series
    assert isinstance(bars, Bars)
    assert bars.y == [75, 25]
    (video,) = run_task(fade, params).artifacts
    with Image.open(BytesIO(video.read())) as film:
        assert film.format == "WEBP"
        assert film.n_frames > 1  # type: ignore[attr-defined]


def test_a_column_of_a_table_is_drawn(tmp_path: Path) -> None:
    from studio_palette.schema import Chart
    from studio_palette.worker import chart_of

    (tmp_path / "a.csv").write_text("day,rain\n1,0.5\n2,\n3,2\n")
    given = {"table": str(tmp_path / "a.csv"), "column": "rain", "form": "histogram", "bins": 2}
    (plot,) = run_task(chart_of, Chart.parse(given)).artifacts
    (series,) = Plot.decode(plot.read()).series
    assert series == Histogram([0.5, None, 2.0], bins=2)
    with pytest.raises(BadInput, match="no column “snow”"):
        run_task(chart_of, Chart.parse({**given, "column": "snow"}))


def test_the_host_knows_the_kinds_of_plugins_that_are_off_too(tmp_path: Path) -> None:
    host = host_of(plugins_in(EXAMPLES, packages=["studio_palette"]), tmp_path)
    host.switch_off("palette")
    assert [page.tasks[0] for _, page in host.pages()] == []
    host.switch_on("palette")
    assert [page.tasks[0] for _, page in host.pages()] == ["palette.of"]
    assert [(kind.id, kind.icon, kind.suffixes) for kind in host.kinds()] == [
        ("palette", "palette", (".palette",))
    ]


# --- the diary ----------------------------------------------------------------------------------

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def diary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home whose studio has the diary."""
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(EXAMPLES))


def test_a_task_is_a_tool_for_language_models(diary: None, command: Command) -> None:
    code, out, _ = command("--only", "diary", "tasks", "--tools")
    assert code == 0
    tools = {each["function"]["name"]: each for each in json.loads(out)["tools"]}
    tool = tools["diary_note"]
    assert tool["type"] == "function"
    function = tool["function"]
    assert function["name"] == "diary_note"
    assert function["description"].startswith("Write something down")
    schema = function["parameters"]
    assert set(schema["properties"]) == {"words", "mood"}, "a model draws no seeds"
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema).is_valid
    assert check({"words": "Milk", "mood": "good"})
    assert not check({"words": "Milk", "mood": "so-so"})
    assert not check({"words": "Milk", "seed": 3})


def test_a_command_of_its_own_has_help_and_says_what_is_wrong(
    diary: None, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = command("diary", "--help")
    assert code == 0
    assert "note        write something down" in out
    code, _, err = command("diary", "notes")
    assert (code, "did you mean “note”?" in err) == (2, True)
    code, _, err = command("diarry")
    assert (code, "no command “diarry”" in err) == (2, True)
    with pytest.raises(SystemExit):
        command("diary", "note", "--help")
    assert "studio diary note [WORDS]" in capsys.readouterr().out


@pytest.mark.e2e
def test_a_command_of_its_own_runs_the_task(
    diary: None, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(tmp_path / "without", monkeypatch)
    code, out, err = command("diary", "note", "Buy milk", "--mood", "bad", "--json")
    assert code == 0, err
    assert json.loads(out)["words"] == 2


@pytest.mark.e2e
def test_the_doctor_runs_what_a_plugin_looks_at(
    diary: None, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_torch(tmp_path / "without", monkeypatch)
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", f"{EXAMPLES}{os.pathsep}{EXAMPLES.parent / 'calling'}")
    with importable(EXAMPLES.parent / "calling"):
        words = ("--only", "diary,makers", "doctor", "plugins", "--json")
        code, out, err = command(*words)
    found = {each["message"]: (each["level"], each["cure"]) for each in json.loads(out)["findings"]}
    assert found["diary: notes can be written."] == ("fine", "")
    assert found["makers: There is no paint."] == ("problem", "Buy some.")
    assert "makers: its check makers.poem does not say whether all is well." in found, (
        "what is no check is told"
    )
    assert code == 8, err
