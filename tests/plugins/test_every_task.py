"""Every task of the plugins we ship: it tells how far it is, and ends within a step when stopped.

On weights that have learned nothing, so that each takes a moment. A step is a ``yield``: the
scheduler stops, pauses or switches there, which its own tests show for all tasks at once.
"""

from __future__ import annotations

import functools
import importlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import numpy as np
import PIL.Image
import pytest
import torch

from plugins.chat.tests.reading import pretend
from plugins.code.tests.tasks.scripted import Engine, Quick
from plugins.molecules.tests import pocket
from plugins.music.tests.audio_models import tiny_audio_models
from plugins.voice.tests import tiny_whisper
from plugins.voice.tests.test_speech import Session, speaker
from studio.api import CalledArtifact, CallOutcome, finished
from studio.protocol.time_left import TimeLeft
from studio.runtime.engines.text.engine import TextEngine
from studio.testing.engines import FakeTextEngine
from studio.testing.guards import THOROUGH
from studio.testing.plugins import Made, run_task
from studio_image import picture_arrays
from studio_image.starter import weights as starter_weights
from studio_image.starter.network import Decoder, Encoder, Generator
from studio_image.upscale.model import Upscaler
from studio_image.upscale.networks import Compact
from studio_lab.datasets.dataset import Shape
from studio_lab.networks.diffusion import Diffusion
from studio_lab.weights import Trained
from studio_molecules.molecule import Molecule, to_csv
from studio_molecules.smiles.network import Recurrent
from studio_molecules.smiles.vocabulary import Vocabulary
from studio_molecules.smiles.weights import SmilesModel
from studio_music.audio.audio_files import wav
from studio_music.audio.models import networks as audio_networks
from studio_music.audio.models import weights as audio_weights
from studio_music.audio.transcription.network import NoteNetwork
from studio_music.audio.transcription.weights import Listener
from studio_music.compose.chorales.network import ChoraleNetwork
from studio_music.compose.chorales.weights import Chorales
from studio_music.compose.tunes.network import TuneNetwork
from studio_music.compose.tunes.weights import Tunes
from studio_music.score.formats.midi import files as midi_files
from studio_music.score.piece import Key, Note, Piece, Track
from tests.plugins.test_parking import _embedding, _features
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

PLUGINS = Path(__file__).parents[2] / "plugins"

CODE = "def double(x):\n    return x * 2\n"
CHECKS = "double():\n    assert double(2) == 4\n"
DOCUMENTED = 'def double(x):\n    """Return twice x."""\n    return x * 2\n'
LESSON = '{"title":\n"A fox",\n"summary":\n"It ran.",\n"question":\n"Who?",\n"answer":\n"A fox"}'
LEADS = ["CCO", "CCN", "CCS", "CCC"]

OPEN_ENDED = {"chat.reply", "chat.summarise", "chat.rewrite", "chat.draft",
              "chat.lesson", "chat.mark",
              "code.write", "code.tests", "code.fix", "code.explain", "code.document",
              "code.ask", "code.complete", "code.run", "code.plan", "code.edit"}  # fmt: skip
"""Nobody knows how long a text becomes or a program runs: they show what there is as it comes."""

BY_THE_CLOCK = {"lab.scale"}
"""Plans by how long steps take here: no two runs are the same. ``test_scale.py`` tries it."""

AT_ONCE = {
    "image.edit",
    "lab.describe",
    "molecules.convert",
    "molecules.draw",
    "molecules.shape",
    "music.open",
    "music.engrave",
    "molecules.combine",
    "molecules.compare",
    "music.compare",
}
"""Over in a moment: there is no time to tell of."""


def _smiles() -> SmilesModel:
    vocabulary = Vocabulary.learned("CNO")
    return SmilesModel(Recurrent(len(vocabulary), 8, 1).eval(), vocabulary)


def _trained() -> Trained:
    network = Diffusion(Shape("pictures", 1, 8, 8, levels=17), 8, 1).eval().requires_grad_(False)
    return Trained(network, "diffusion", network.shape, {}, {"data": "Digits"})


def _starter(folder: Path) -> Path:
    """A generator whose pictures are not blank, as a file: the task looks at it first."""
    parts = {"encoder": Encoder(), "decoder": Decoder(), "generator": Generator()}
    for layer in (parts["generator"].leave, parts["generator"].modulation):
        torch.nn.init.normal_(layer.weight, std=0.2)
    states = {name: network.state_dict() for name, network in parts.items()}
    path = folder / "tiny.safetensors"
    starter_weights.save(path, states, ("fox",), seen=1)
    return path


class _Placed(starter_weights.Starter):
    """A loaded generator that knows its file."""

    file = Path()

    def __fspath__(self) -> str:
        return str(self.file)


@functools.cache
def _drawing(folder: Path) -> _Placed:
    path = _starter(folder)
    placed = _Placed(**vars(finished(starter_weights.loader().load(path, "cpu"))))
    placed.file = path
    return placed


class _PlacedSound(audio_networks.AudioModel):
    """A loaded audio model that knows its folder."""

    def __fspath__(self) -> str:
        return str(self.spec.path)


@functools.cache
def _writing_sound(folder: Path) -> _PlacedSound:
    path = tiny_audio_models.musicgen(folder / "musicgen")
    return _PlacedSound(**vars(finished(audio_weights.loader().load(path, "cpu"))))


@functools.cache
def _writing(folder: Path) -> TextEngine:
    return TextEngine.load(tiny_models.save_folder(tiny_models.Plain(), folder / "tiny"))


def _picture(side: int = 32) -> bytes:
    rows, columns = np.mgrid[:side, :side]
    return picture_arrays.png(
        np.stack([rows * 2, columns * 2, rows + columns], -1).astype(np.uint8)
    )


def _painted(params: Mapping[str, Any], _inputs: Any) -> CallOutcome:
    return CallOutcome({}, (CalledArtifact("image", _picture(16 + int(params["seed"])), ".png"),))


def _tune() -> dict[str, Any]:
    notes = tuple(Note(960 * place, pitch, 960) for place, pitch in enumerate((62, 65, 69, 62)))
    track = Track("Tune", notes, role="melody")
    plain: dict[str, Any] = msgspec.to_builtins(
        Piece("A tune", Key("D", "minor"), length=4 * 960, tracks=(track,))
    )
    return plain


def _midi(higher: int = 0) -> bytes:
    piece = msgspec.convert(_tune(), Piece)
    notes = tuple(msgspec.structs.replace(n, pitch=n.pitch + higher) for n in piece.tracks[0].notes)
    track = msgspec.structs.replace(piece.tracks[0], notes=notes)
    return midi_files.write(msgspec.structs.replace(piece, tracks=(track,)))


def _tones() -> np.ndarray:
    """Eight seconds: a network that has learned nothing hears them window by window."""
    return np.sin(np.arange(22_050 * 8)[:, None] / 9).astype(np.float32) / 2


@dataclass(frozen=True)
class Case:
    """A small job: its parameters, what makes the model that it leases, what is handed in.

    ``beside`` are the models that it leases by name. ``calls`` stand in for the tasks that it uses,
    ``sandbox`` for what it runs.
    """

    params: Mapping[str, Any]
    model: Callable[[], Any] = lambda: None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, Callable[..., CallOutcome]] = field(default_factory=dict)
    beside: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    sandbox: Callable[[], Any] = Quick


def _near() -> Any:
    """Return an encoder that is the same each time."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return _embedding()


GOAL = {"objectives": [{"property": "qed", "low": 0.95, "tolerance": 0.9}]}
CASES: dict[str, Case] = {
    "chat.reply": Case({"prompt": "Hello"}, lambda: Engine("Good\nday\nto\nyou")),
    "chat.summarise": Case({"text": "A long text."}, lambda: Engine("A\nshort\none")),
    "chat.rewrite": Case({"text": "A text are long."}, lambda: Engine("A\ntext\nis\nlong.")),
    "chat.lesson": Case({"text": "A fox ran. It was red."}, lambda: Engine(LESSON)),
    "chat.mark": Case(
        {"question": "What ran?", "passage": "A fox ran.", "answer": "A fox"},
        lambda: Engine('{"mark":\n"right",\n"why":\n"Yes."}'),
    ),
    "chat.draft": Case({"about": "A fox"}, lambda: Engine("A\nfox\nran.")),
    "chat.rank": Case(
        {
            "questions": ["a b", "b"],
            "texts": ["a " * length for length in range(1, 257)],
            "encoder": "near",
            "multilingual": "near",
        },
        beside={"near": _near},
    ),
    "chat.embed": Case({"texts": ["a " * length for length in range(1, 257)]}, _embedding),
    "code.write": Case(
        {"prompt": "double(x): twice x", "candidates": 1},
        lambda: Engine(CODE, " double(2) == 4\nassert double(3) == 6\n"),
    ),
    "code.tests": Case({"path": "it.py"}, lambda: Engine(CHECKS), {"text": CODE}),
    "code.fix": Case(
        {"path": "it.py", "error": "it is 1"},
        lambda: Engine(CODE),
        {"text": "def double(x): 1\n"},
    ),
    "code.explain": Case({"path": "it.py"}, lambda: Engine("It\ndoubles\nx"), {"text": CODE}),
    "code.document": Case({"path": "it.py"}, lambda: Engine(DOCUMENTED), {"text": CODE}),
    "code.ask": Case({"question": "What is it?"}, lambda: Engine("A\nfunction")),
    "code.complete": Case(
        {}, lambda: Engine("y = x\nreturn y"), {"before": "def f(x):\n    ", "after": ""}
    ),
    "code.run": Case({"path": "it.py"}, inputs={"files": [{"path": "it.py", "text": CODE}]}),
    "code.plan": Case(
        {"prompt": "Make it triple"},
        lambda: Engine(
            '{"steps": [\n{"title": "Triple it", "files": ["it.py"], "new_files": []}]}'
        ),
        {"context": [{"path": "it.py", "text": CODE}]},
    ),
    "code.edit": Case(
        {"prompt": "Make it triple", "steps": "Triple it [it.py]"},
        lambda: Engine(CODE.replace("2", "3"), "2) == 6\n", "2) == 6\n"),
        {"context": [{"path": "it.py", "text": CODE}]},
    ),
    "image.enlarge": Case(
        {"factor": "2", "tile": 32},
        lambda: Upscaler(Compact(4, 2, 2).requires_grad_(False), "cpu", torch.float32),
        {"image": _picture(96)},
    ),
    "image.grid": Case({"prompts": "a", "x": "seed=1..9"}, calls={"image.generate": _painted}),
    "image.restyle": Case(
        {"styles": ["waves"], "size": 64, "steps": 10}, _features, {"image": _picture()}
    ),
    "image.edit": Case({"exposure": 1}, inputs={"image": _picture()}),
    "image.repair": Case({"left": 8, "right": 8}, inputs={"image": _picture(300)}),
    "lab.compare": Case({"weights": ["tiny"], "example": "digits", "samples": 50}, _trained),
    "lab.sample": Case({"count": 100}, _trained),
    "lab.describe": Case({"example": "digits"}),
    "lab.inspect": Case({"count": 2}, _trained),
    "lab.report": Case({"groups": "gender"}, FakeTextEngine),
    "lab.simulate": Case({"count": 200, "side": 32}),
    "lab.train": Case({"steps": 24, "precision": "float32"}),
    "molecules.generate": Case({"count": 20}, _smiles),
    "molecules.analogues": Case({"lead": "CCO", "count": 3, "similarity": 0.1}, _smiles),
    "molecules.decorate": Case({"scaffold": "CC[*:1]", "count": 30}, _smiles),
    "molecules.link": Case({"first": "[*:1]CC", "second": "[*:1]CO", "count": 30}, _smiles),
    "molecules.improve": Case({"goal": GOAL, "lead": "CCO", "budget": 12}, _smiles),
    "molecules.predict": Case(
        {"smiles": "\n".join("C" * length for length in range(1, 70)), "admet": False}
    ),
    "molecules.dock": Case(
        {"smiles": "\n".join("C" * n + "O" for n in range(1, 9)), "target": "BOWL"},
        pocket.targets,
        sandbox=pocket.QuickVina,
    ),
    "molecules.draw": Case({"smiles": LEADS}),
    "molecules.convert": Case({"structure": "CCO"}),
    "molecules.shape": Case({"smiles": "CCO"}),
    "molecules.match": Case({"pattern": "CO"}, inputs={"smiles": LEADS * 50}),
    "molecules.export": Case({}, inputs={"table": to_csv([Molecule(each) for each in LEADS * 50])}),
    "molecules.cluster": Case({"smiles": "\n".join(LEADS * 50)}),
    "molecules.fit": Case(
        {"column": "nM"},
        inputs={"table": to_csv([Molecule("C" * n, figures={"nM": n}) for n in range(1, 60)])},
    ),
    "molecules.pairs": Case({"smiles": "\n".join("C" * n + "O" for n in range(2, 40))}),
    "molecules.combine": Case(
        {},
        inputs=dict.fromkeys(("table", "other"), to_csv([Molecule(each) for each in LEADS * 50])),
    ),
    "molecules.similar": Case({"to": "CO"}, inputs={"smiles": LEADS * 50}),
    "molecules.compare": Case(
        {},
        inputs={
            "before": to_csv([Molecule(each) for each in LEADS * 50]),
            "after": to_csv([Molecule("CCO")]),
        },
    ),
    "music.compose": Case(
        {"prompt": "2 bars in C", "audio": False},
        lambda: Tunes(TuneNetwork("gru", 8, 1).eval(), {}),
    ),
    "music.harmonise": Case(
        {"passes": 1, "audio": False},
        lambda: Chorales(ChoraleNetwork("gru", 8, 1).eval()),
        {"piece": _tune()},
    ),
    "music.back": Case({"audio": False}, inputs={"piece": _tune()}),
    "music.develop": Case(
        {"how": "fill"}, lambda: Tunes(TuneNetwork("gru", 8, 1).eval(), {}), {"piece": _tune()}
    ),
    "music.layers": Case({"parts": "stems", "synth": "studio"}, inputs={"piece": _tune()}),
    "music.render": Case({"synth": "studio"}, inputs={"piece": _tune()}),
    "music.engrave": Case({}, inputs={"piece": _tune()}),
    "music.compare": Case({}, inputs={"before": _midi(), "after": _midi(1)}),
    "music.effect": Case({"prompt": "coin", "count": 2, "weights": None}),
}


def _declared() -> dict[str, str]:
    """Return task → its schema, as the manifests of the plugins say."""
    texts = [path.read_text("utf-8") for path in PLUGINS.glob("*/studio_*/manifest.toml")]
    return {task["id"]: task["params"] for text in texts for task in tomllib.loads(text)["tasks"]}


DECLARED = _declared()
COVERED = [task for task in DECLARED if task not in BY_THE_CLOCK]


def _run(task: str, folder: Path, *, seed: int = 1, stop_after: int | None = None) -> Made:
    """Run a task on a model that is made anew, and the same each time."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        case = _case(task, folder)
        model = case.model()
    values = {**({"weights": "tiny"} if model is not None else {}), **case.params}
    module, _, name = DECLARED[task].partition(":")
    params = getattr(importlib.import_module(module), name).parse(values)
    return run_task(
        _function(task),
        params,
        seed=seed,
        models={"tiny": model, **{name: make() for name, make in case.beside.items()}},
        inputs=case.inputs,
        calls=case.calls,
        sandbox=case.sandbox(),
        stop_after=stop_after,
    )


class Whole(NamedTuple):
    """A run to the end.

    Attributes:
        folder: What its files are in.
        told: All that it left, as it was at once.
    """

    folder: Path
    made: Made
    told: tuple[list[Any], dict[str, Any]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Whole]:
    """Tasks that were run to the end, once for all tests."""

    @functools.cache
    def ran(task: str) -> Whole:
        folder = tmp_path_factory.mktemp(task)
        made = _run(task, folder)
        return Whole(folder, made, _told(made))

    return ran


@pytest.mark.parametrize("task", COVERED)
def test_a_task_tells_how_far_it_is_and_ends_within_a_step(
    task: str, whole: Callable[[str], Whole]
) -> None:
    folder, ran, _ = whole(task)
    assert not ran.cancelled
    pace, told = TimeLeft(), []
    for second, event in enumerate(ran.progress):
        told.append(pace.step(event.done, event.total, float(second)))
    if task not in OPEN_ENDED | AT_ONCE:
        assert any(left is not None for left in told), "nobody is told the time left"
    for stop in _stops(task, ran.steps):
        made = _run(task, folder, stop_after=stop)
        # Some wait for a thread in steps: there are fewer of them when it is quick.
        assert made.cancelled or 1 < made.steps < stop
        assert len(made.progress) <= stop, "it went on"
        assert made.steps - stop <= len(made.artifacts) + 1, "results are all that may follow"


def _stops(task: str, steps: int) -> set[int]:
    """Where a task is stopped: at one end or amid its steps, in turn; thorough, at all three."""
    places = (1, steps // 2, steps - 1)
    return set(places if THOROUGH else places[COVERED.index(task) % 3 :][:1]) - {0}


@pytest.mark.parametrize("task", COVERED)
def test_a_task_makes_the_same_bytes_of_the_same_recipe(
    task: str, whole: Callable[[str], Whole]
) -> None:
    first = whole(task)
    assert first.told == _told(_run(task, first.folder))


def test_it_would_be_seen_if_a_task_made_others(tmp_path: Path) -> None:
    first, second = (_told(_run("molecules.generate", tmp_path, seed=n)) for n in (1, 2))
    assert first != second


def _told(made: Made) -> tuple[list[Any], dict[str, Any]]:
    """Return all that a run leaves, but for how long it took."""
    files = [(each.kind, each.read(), each.suffix, each.meta) for each in made.artifacts]
    timeless = {name: value for name, value in made.result.items() if "second" not in name}
    return files, timeless


def _case(task: str, folder: Path) -> Case:
    if task == "chat.recognise":
        path = folder / "scan.tiff"
        first, *others = [PIL.Image.fromarray(pretend.page(["AB", "ACD"][:n])) for n in (1, 2, 1)]
        first.save(path, save_all=True, append_images=others)
        return Case({"documents": [str(path)]}, pretend.reader)
    if task == "image.film":
        drawn = {"prompts": "fox\na fox", "seeds": [1, 2], "steps": 2, "frames": 2}
        return Case({**drawn, "enlarge": False}, lambda: _drawing(folder))
    if task == "image.generate":
        drawn = {"prompt": "fox", "steps": 3, "count": 1, "enlarge": False}
        return Case(drawn, lambda: _drawing(folder))
    if task == "lab.augment":
        path = folder / "table.csv"
        rows = [f"{row % 7},{'yes' if row % 3 else 'no'}" for row in range(60)]
        path.write_text("\n".join(["size,good", *rows]))
        return Case({"table": str(path), "target": "good", "method": "copula", "splits": 3})
    if task == "lab.finetune":
        path = folder / "pairs.csv"
        path.write_text("".join(f"Count {n},Aye\n" for n in range(20)))
        asked = {"weights": "tiny", "data": str(path), "epochs": 1, "rank": 2}
        return Case(asked, lambda: _writing(folder))
    if task == "lab.finetune_pictures":
        for n in range(16):
            (folder / f"{n}.png").write_bytes(_picture(16 + n))
        return Case({"own": "tiny", "data": str(folder), "epochs": 8, "rank": 2}, _trained)
    if task == "music.open":
        path = folder / "tune.abc"
        path.write_text("X:1\nT:A\nM:4/4\nL:1/4\nK:C\nCDEF|\n")
        return Case({"file": str(path)})
    if task == "music.transcribe":
        path = folder / "tones.wav"
        path.write_bytes(wav(_tones(), 22_050))
        return Case({"sound": str(path)}, lambda: Listener(NoteNetwork().eval()))
    if task == "voice.speak":
        beside = {"pronunciation": lambda: SimpleNamespace(say=lambda words, accent: ["d"])}
        text = "Good day. Good day. Good day."
        return Case({"text": text}, lambda: speaker(Session()), beside=beside)
    if task == "voice.transcribe":
        path = folder / "speech.wav"
        path.write_bytes(wav(np.zeros((40 * 16_000, 1), np.float32), 16_000))
        said = [tiny_whisper.script(1, " Good day", 2)]
        beside = {"silero-vad": tiny_whisper.detector}
        return Case({"recording": str(path)}, lambda: tiny_whisper.scripted(said), beside=beside)
    if task == "music.generate":
        return Case({"prompt": "a cat", "seconds": 0.5}, lambda: _writing_sound(folder))
    if task == "music.edit_sound":
        path = folder / "tone.wav"
        path.write_bytes(wav(np.sin(np.arange(4000)[:, None] / 9).astype(np.float32) / 2, 44_100))
        return Case({"sound": str(path), "pitch": 2})
    assert task in CASES, f"give {task} a small job in this table"
    return CASES[task]


def _function(task: str) -> Any:
    plugin = task.partition(".")[0]
    tasks = importlib.import_module(f"studio_{plugin}.worker").studio_tasks()
    return tasks[task]
