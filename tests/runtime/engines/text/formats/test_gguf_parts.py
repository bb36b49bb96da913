"""A model in several GGUF files is one model; a file that is missing or foreign is one sentence."""

from __future__ import annotations

import pytest
import torch

from studio.protocol.errors import StudioError
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine, load_steps
from studio.runtime.engines.text.formats.gguf_parts import open_parts
from studio.runtime.engines.text.formats.tensor_source import GgufSource
from studio.runtime.engines.text.llamacpp import decoder
from tests.runtime.engines import tiny_models
from tests.runtime.engines.gguf_builder import in_parts

NAMES = list(in_parts())


def put(folder, files):
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_any_file_leads_to_all(tmp_path, name) -> None:
    put(tmp_path, in_parts())
    files, header = open_parts(tmp_path / name)
    source = GgufSource(files, header)
    assert header.path.name == NAMES[0]
    assert header.metadata["general.name"] == "Big"
    assert source.file_bytes == 3 * 128
    values = [bytes(source.stored(f"w{n}").raw.flatten().tolist()) for n in range(3)]
    assert values == [bytes([n]) * 128 for n in range(3)]
    source.close()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({n: d for n, d in in_parts().items() if n != NAMES[1]}, f"{NAMES[1]} is missing"),
        ({**in_parts(), NAMES[1]: in_parts()[NAMES[2]]}, "its name says it is file 2 of 3"),
        ({**in_parts(), NAMES[2]: in_parts(4)["big-00003-of-00004.gguf"]}, "file 3 of 3"),
        (in_parts(tensors_count=9), "its split.tensors.count differs from the first file"),
        ({n.replace("big-0", "big-") if n == NAMES[0] else n: d for n, d in in_parts().items()},
         "is missing"),
        ({**in_parts(), NAMES[2]: in_parts()[NAMES[2]].replace(b"w2", b"w1")}, "in another file"),
        ({**in_parts(), NAMES[2]: in_parts()[NAMES[2]][:100]}, "ends at"),
    ],
)  # fmt: skip
def test_what_does_not_belong_together_is_refused(tmp_path, files, words) -> None:
    with pytest.raises(StudioError) as caught:
        open_parts(put(tmp_path, files) / NAMES[2])
    assert words in caught.value.message
    assert caught.value.hint


def test_a_part_under_another_name_says_how_to_name_it(tmp_path) -> None:
    (tmp_path / "part.gguf").write_bytes(in_parts()[NAMES[0]])
    with pytest.raises(StudioError, match="one of 3 files of a model") as caught:
        open_parts(tmp_path / "part.gguf")
    assert "NAME-00001-of-00003.gguf" in caught.value.hint


@pytest.mark.torch
def test_in_parts_it_computes_the_same(tmp_path) -> None:
    model = tiny_models.reference(vocab_size=261)
    whole = tiny_models.save_gguf(model, tmp_path / "whole.gguf")
    tiny_models.save_gguf(model, tmp_path / "tiny.gguf", split_max_tensors=10)
    first = sorted(tmp_path.glob("tiny-*"))[0]
    assert len(list(tmp_path.glob("tiny-*"))) > 2
    engines = [TextEngine.load(path, dtype=torch.float32) for path in (whole, first)]
    rows = [engine.model(torch.arange(9), engine.model.new_cache(9)) for engine in engines]
    assert torch.equal(*rows)
    if decoder.version():
        *_, engine = steps(load_steps(first, by="llamacpp"))
        row = engine.model.read([Passage(torch.arange(9), engine.model.new_cache(9))])[0]
        torch.testing.assert_close(row, rows[0], atol=0.02, rtol=0.02)


def steps(loading):
    engine = yield from loading
    yield engine
