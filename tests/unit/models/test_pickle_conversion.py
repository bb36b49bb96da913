"""Pickles become safetensors in a sandbox; what contains more than tensors does nothing there."""

from __future__ import annotations

import io
import json
import os
import pickle  # noqa: TID251 - to make what must not be opened
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.models import pickle_conversion
from studio.models.pickle_conversion import convert
from studio.protocol.errors import ErrorCode, StudioError
from studio.sandbox.sandbox import Sandbox

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.skipif(sys.platform != "linux", reason="the sandbox")]


class Evil:
    """Touches a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self._canary}",)


def names(path: Path) -> set[str]:
    return {each.name for each in path.iterdir()}


def read(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def test_a_folder_of_pickles_becomes_one_of_safetensors(tmp_path: Path) -> None:
    source = tmp_path / "tiny"
    source.mkdir()
    numbers = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    state = {"a": numbers, "turned": numbers.t(), "half": numbers.to(torch.bfloat16)}
    torch.save({"state_dict": state, "epoch": 3}, source / "pytorch_model.bin")
    (source / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (source / "tokenizer.json").write_text("{}")
    steps: list[tuple[int, int]] = []
    made = convert(source, tmp_path / "out", lambda done, total: steps.append((done, total)))
    assert names(made) == {"config.json", "tokenizer.json", "model.safetensors"}
    assert names(made.parent) == {"tiny-safetensors"}, "nothing else is left"
    header, data = read(made / "model.safetensors")
    assert {k: v["shape"] for k, v in header.items() if k != "__metadata__"} == {
        "a": [2, 3], "turned": [3, 2], "half": [2, 3]
    }  # fmt: skip
    start, end = header["turned"]["data_offsets"]
    assert struct.unpack("<6f", data[start:end]) == (0, 3, 1, 4, 2, 5)
    assert header["half"]["dtype"] == "BF16"
    assert steps == sorted(steps)
    assert (source / "pytorch_model.bin").exists(), "the original stays"


def test_a_pickle_that_would_run_a_program_runs_none(tmp_path: Path) -> None:
    canary, evil = tmp_path / "canary", tmp_path / "evil.pt"
    torch.save({"a": torch.zeros(2), "b": Evil(canary)}, evil)
    with pytest.raises(StudioError) as caught:
        convert(evil, tmp_path / "out")
    assert caught.value.code is ErrorCode.BAD_WEIGHTS
    assert "contains more than tensors (posix.system)" in str(caught.value)
    assert not canary.exists()
    assert names(tmp_path / "out") == set()


def test_the_wall_holds_even_if_the_unpickler_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of both: unpickled without a sandbox, the same file does touch the canary."""
    canary, evil = tmp_path / "canary", tmp_path / "evil.pkl"
    evil.write_bytes(pickle.dumps(Evil(canary)))
    trusting = tmp_path / "trusting.py"
    trusting.write_text(
        "import pickle, sys\n"
        "sys.stderr.write(f'ended with {pickle.load(sys.stdin.buffer)}\\n')\n"
        "sys.exit(3)\n"
    )
    monkeypatch.setattr(pickle_conversion, "PROGRAM", trusting)
    with pytest.raises(StudioError, match=r"ended with [1-9]"):  # the shell was refused
        convert(evil, tmp_path / "out")
    assert not canary.exists()
    subprocess.run([sys.executable, str(trusting)], stdin=evil.open("rb"), check=False,
                   stderr=subprocess.DEVNULL)  # fmt: skip
    assert canary.exists(), "the control: this pickle is malicious"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.stdout.write('x' * (200 << 20))", "limit of output"),
        ("import os; os.abort()", "crashed"),
        (
            "import sys; sys.stderr.write('it is empty\\n'); sys.exit(3)",
            "not converted: it is empty",
        ),
        ("print('no safetensors')", "not supported"),
        ("open('/etc/passwd').read(); print('read')", "crashed"),
    ],
)
def test_what_comes_out_of_the_wall_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    source = tmp_path / "net.pth"
    source.write_bytes(b"\x80\x04.")
    (tmp_path / "program.py").write_text(program)
    monkeypatch.setattr(pickle_conversion, "PROGRAM", tmp_path / "program.py")
    with pytest.raises(StudioError) as caught:
        convert(source, tmp_path / "out")
    assert words in str(caught.value)
    assert names(tmp_path / "out") == set()


def test_tensors_larger_than_their_file_are_refused_before_they_are_copied() -> None:
    from studio.runtime.weights_check.unpickle import Refused, write

    with pytest.raises(Refused, match="more numbers than the file can hold"):
        write({"huge": torch.zeros(1).expand(1 << 40)}, 1500, io.BytesIO())


def test_a_pickle_larger_than_free_memory_is_refused_before_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pickle_conversion, "_steps", lambda *_: pytest.fail("it was opened"))
    monkeypatch.setattr(pickle_conversion.disk, "free_bytes", lambda folder: 1 << 60)
    large = tmp_path / "large.pt"
    large.touch()
    os.truncate(large, psutil.virtual_memory().total)
    with pytest.raises(StudioError, match="of memory, but only") as caught:
        convert(large, tmp_path / "out")
    assert caught.value.code is ErrorCode.OUT_OF_MEMORY
    assert names(tmp_path / "out") == set()


def test_without_sandbox_nothing_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_conversion, "own_sandbox", lambda: Sandbox(tiers=()))
    source = tmp_path / "net.pth"
    source.write_bytes(b"\x80\x04.")
    with pytest.raises(StudioError, match="cannot be run safely"):
        convert(source, tmp_path / "out")


def test_what_is_no_pickle_is_not_converted(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    with pytest.raises(StudioError, match="does not need converting"):
        convert(tmp_path / "a.gguf", tmp_path / "out")
