"""Which engine computes: what the user wants, else what was measured once; it is told, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.api import finished
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.devices.device import Memory
from studio.runtime.engines.text import engine_selection
from studio.runtime.engines.text.caches import measurements
from studio.runtime.engines.text.caches.paths import SPEEDS
from studio.runtime.engines.text.decoder import model_files
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.engine_selection import WISH_ENV, Measured, Speeds
from studio.runtime.engines.text.llamacpp import decoder
from tests.runtime.engines import tiny_models

pytestmark = pytest.mark.torch

needs_binding = pytest.mark.skipif(
    not decoder.version(), reason="the extra [llamacpp] is not installed"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = tiny_models.reference(vocab_size=261)
    return tiny_models.save_gguf(model, tmp_path_factory.mktemp("tiny") / "tiny.gguf")


@pytest.fixture(autouse=True)
def _no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WISH_ENV, raising=False)


def load(file: Path, measured: Measured = Measured(None), device: str = "cpu") -> TextEngine:  # noqa: B008
    return finished(engine_selection.load(file, device, measured))


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Each trial is noted here, and llama.cpp wins by far."""
    trials: list[int] = []

    def trial(ours: TextEngine, theirs: TextEngine):
        trials.append(1)
        yield 1.0
        return Speeds(10, 30)

    monkeypatch.setattr(engine_selection, "_tried", trial)
    return trials


def test_without_the_binding_there_is_no_choice(
    file: Path, tried: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "version", lambda: "")
    engine = load(file)
    assert (engine.engine, engine.why, tried) == ("torch", "", [])
    assert engine_selection.needs(file, "cpu", Measured(None)) == model_files.measure(file)
    monkeypatch.setenv(WISH_ENV, "llamacpp")
    with pytest.raises(StudioError, match="not installed") as caught:
        load(file)
    assert caught.value.code is ErrorCode.UNSUPPORTED
    assert "offline-studio[llamacpp]" in caught.value.hint


@needs_binding
def test_both_are_tried_once_and_the_faster_one_stays(
    file: Path, tried: list[int], tmp_path: Path
) -> None:
    measured = Measured(tmp_path / "cache")
    ours = model_files.measure(file)
    both = engine_selection.needs(file, "cpu", measured)
    assert both.weights_bytes > ours.weights_bytes
    first, second = load(file, measured), load(file, measured)
    assert tried == [1]
    for engine in (first, second):
        assert engine.engine.startswith("llama.cpp (cyllama ")
        assert engine.why == "measured on this machine: llama.cpp 30 tokens/s, PyTorch 10 tokens/s"
    assert engine_selection.needs(file, "cpu", measured).weights_bytes < both.weights_bytes


@needs_binding
def test_what_was_measured_holds_for_this_file_only(
    file: Path, tried: list[int], tmp_path: Path
) -> None:
    measured = Measured(tmp_path)
    load(file, measured)
    other = tmp_path / "other.gguf"
    other.write_bytes(file.read_bytes())
    load(other, measured)
    assert tried == [1, 1]


@needs_binding
@pytest.mark.parametrize(("packs", "by"), [(True, "torch"), (False, "llamacpp")])
def test_a_model_that_does_not_fit_twice_is_not_tried_and_not_counted_twice(
    file: Path, tried: list[int], monkeypatch: pytest.MonkeyPatch, packs: bool, by: str
) -> None:
    monkeypatch.setattr(engine_selection, "can_pack", lambda device: packs)
    total = 7 * file.stat().st_size
    monkeypatch.setattr(engine_selection, "host_memory", lambda: Memory(0, total, total))
    assert engine_selection.decided(file, "cpu", Measured(None)) == by
    if packs:
        assert engine_selection.needs(file, "cpu", Measured(None)) == model_files.measure(file)
    engine = load(file)
    assert engine.engine.startswith("torch" if packs else "llama.cpp")
    assert engine.why == "too large to load a second engine for comparison"
    assert tried == []


@needs_binding
def test_other_threads_are_no_reason_to_try_again(
    file: Path, tried: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for threads in (1, 2):
        with monkeypatch.context() as patch:
            patch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
            load(file, Measured(tmp_path))
    assert tried == [1]


@needs_binding
def test_the_trial_decodes_with_both(file: Path) -> None:
    engine = load(file)
    assert "llama.cpp" in engine.why
    assert "PyTorch" in engine.why
    assert engine.engine


@needs_binding
def test_the_users_wish_is_followed_untried(
    file: Path, tried: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(WISH_ENV, "torch")
    assert load(file).engine == "torch"
    monkeypatch.setenv(WISH_ENV, "llamacpp")
    chosen = load(file)
    assert chosen.engine.startswith("llama.cpp")
    assert chosen.why == "chosen in Settings"
    folder = tiny_models.save_folder(tiny_models.reference(), tmp_path / "folder")
    instead = load(folder)
    assert instead.engine == "torch"
    assert instead.why == "llama.cpp runs GGUF files on the processor only"
    assert tried == []


@needs_binding
def test_a_file_that_llamacpp_does_not_know_is_computed_by_torch(
    tried: list[int], tmp_path: Path
) -> None:
    # More rows than tokens: padded, as some models are. Our reader takes it, llama.cpp does not.
    file = tiny_models.save_gguf(tiny_models.reference(), tmp_path / "padded.gguf")
    engine = load(file)
    assert engine.engine == "torch"
    assert "llama.cpp cannot load padded.gguf" in engine.why
    assert tried == []


@needs_binding
def test_a_hostile_file_never_reaches_native_code(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WISH_ENV, "llamacpp")
    monkeypatch.setattr(decoder, "_model_class", lambda: pytest.fail("llama.cpp was asked"))
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(file.read_bytes()[:-4096])
    with pytest.raises(StudioError) as caught:
        load(broken)
    assert caught.value.code is ErrorCode.BAD_WEIGHTS


def test_llamacpp_must_be_faster_by_a_margin() -> None:
    assert Speeds(10, 11).best == "torch"
    assert Speeds(10, 12).best == "llamacpp"


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": {"torch": "x"}}', b"x" * (2 << 20)])
def test_a_broken_file_of_speeds_knows_nothing_and_is_written_anew(
    tmp_path: Path, content: bytes
) -> None:
    measured = Measured(tmp_path)
    assert measured.path is not None
    measured.path.write_bytes(content)
    assert measured.get("a") is None
    measured.put("a", Speeds(1, 2))
    assert measured.get("a") == Speeds(1, 2)
    assert [each.name for each in tmp_path.iterdir()] == [SPEEDS]


def test_the_oldest_speeds_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "MOST_KNOWN", 2)
    measured = Measured(tmp_path)
    for key in "abc":
        measured.put(key, Speeds(1, 2))
    assert [bool(measured.get(key)) for key in "abc"] == [False, True, True]
