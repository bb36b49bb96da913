"""Packed weights are close to floats, counted truly, and give the same bits in any company."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest
import torch

from studio.runtime.engines.text.decoder.model_files import measure
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.formats.dequantisation import dequantise
from studio.runtime.engines.text.formats.gguf import BLOCK_TYPES
from studio.runtime.engines.text.kernels import cpu_features, whole_step
from studio.runtime.engines.text.kernels.dot_products import INSTRUCTIONS
from studio.runtime.engines.text.kernels.huge_pages import Moving, provide
from studio.runtime.engines.text.kernels.packed_matrix import PackedMatrix, bands, can_pack
from studio.testing.guards import THOROUGH
from tests.runtime.engines import tiny_models

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not can_pack("cpu"), reason="this processor has no packed kernels"),
]
PROMPT = [(7 * i * i + 3) % 300 for i in range(150)]
GENERATOR = torch.Generator()
BLOCKS = {
    block.name: block
    for block in BLOCK_TYPES.values()
    if block.name != "F16"  # as BF16
}
SCALES = {
    "Q4_1": (0, 2), "Q5_1": (0, 2), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q2_K": (80, 82),
    "Q3_K": (108,), "Q6_K": (208,),
}  # fmt: skip
"""Where blocks have their float16 scales; others begin with one."""


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=GENERATOR.manual_seed(seed))


def stored(kind: str, rows: int, columns: int) -> torch.Tensor:
    """Random blocks, uint8 (rows, bytes of a row), whose scales are ordinary numbers."""
    block = BLOCKS[kind]
    table = torch.randint(0, 256, (rows, columns // block.items * block.bytes), dtype=torch.uint8,
                          generator=GENERATOR.manual_seed(2))  # fmt: skip
    if kind in ("F32", "BF16"):
        values = drawn(rows, columns)
        return (values if kind == "F32" else values.bfloat16()).view(torch.uint8)
    blocks = table.view(-1, block.bytes)
    for place in SCALES.get(kind, (0,)):
        scale = torch.rand(blocks.shape[0], 1, generator=GENERATOR) * 0.01
        blocks[:, place : place + 2] = scale.half().view(torch.uint8)
    return table


def packed(kind: str, table: torch.Tensor, columns: int) -> PackedMatrix:
    """A matrix filled in two pieces whose rows change places."""
    rows = table.shape[0]
    matrix = PackedMatrix(columns, bands([(0, rows, kind)]))
    provide([matrix])
    places, half = torch.arange(rows).flip(0), rows // 2
    for piece in (slice(half, None), slice(half)):
        matrix.write(places[piece], table.flip(0)[piece], kind, BLOCKS[kind].bytes)
    return matrix


@pytest.fixture(scope="module", params=[{}, {"tie_word_embeddings": True}], ids=["own", "tied"])
def folder(request, tmp_path_factory):
    """A model whose heads share keys three by three: the kernel's awkward height."""
    model = tiny_models.reference(
        "qwen2", num_attention_heads=6, num_key_value_heads=2, head_dim=32, **request.param
    )
    return tiny_models.save_folder(model, tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize("kind", BLOCKS)
def test_products_are_those_of_the_stored_weights(kind) -> None:
    """Up to the last bits of inputs, and of scales of K blocks; or as 8 bits round them."""
    table = stored(kind, 150, 512)
    weights = dequantise(table.view(-1, BLOCKS[kind].bytes), kind).double().view(150, 512)
    inputs = drawn(7, 512, seed=3) * torch.logspace(-4, 4, 7)[:, None]
    exact = inputs.double() @ weights.T
    ours = packed(kind, table, 512)(inputs)
    error = ((ours - exact).abs().amax(-1) / exact.abs().amax(-1)).max()
    rounded = kind in ("F32", "BF16", "Q2_K")
    assert error < (1e-2 if rounded else 6e-4 if kind.endswith(("_K", "XS")) else 1e-4)
    assert not rounded or error > 1e-3, "control: 8 bits are seen"


@pytest.mark.parametrize("kind", BLOCKS)
def test_inputs_of_one_limb_cost_what_their_rounding_does(kind) -> None:
    table = stored(kind, 150, 512)
    matrix, inputs = packed(kind, table, 512), drawn(30, 512, seed=3)
    inputs[:, 64:96] *= 100
    blocks = inputs.view(30, 16, 32)
    steps = blocks.abs().amax(-1, keepdim=True) / 127
    rounded = (blocks / steps).round().clamp(-127, 127) * steps
    expected, exact = matrix(rounded.reshape(30, 512)), matrix(inputs)
    error = (matrix(inputs, 1) - expected).abs().amax(-1) / exact.abs().amax(-1)
    assert error.max() < 4e-4
    assert (exact - expected).abs().max() > 10 * error.max() * exact.abs().max() / 30, "control"


def test_bands_of_several_kinds_and_sizes_fill_a_matrix() -> None:
    parts = [(0, 64, "Q4_1"), (64, 10, "Q4_1"), (74, 64, "Q8_0"), (138, 6, "F32")]
    assert [band.rows for band in bands(parts)] == [74, 70], "floats are held as Q8_0 is"
    matrix = PackedMatrix(64, bands(parts))
    provide([matrix])
    tables = [stored(kind, rows, 64) for _, rows, kind in parts]
    for (first, rows, kind), table in zip(parts, tables, strict=True):
        matrix.write(torch.arange(first, first + rows), table, kind, BLOCKS[kind].bytes)
    inputs = drawn(3, 64)
    ours = matrix(inputs)
    for (first, rows, kind), table in zip(parts, tables, strict=True):
        assert torch.equal(ours[:, first : first + rows], in_order(kind, table, 64)(inputs))


def in_order(kind: str, table: torch.Tensor, columns: int) -> PackedMatrix:
    matrix = PackedMatrix(columns, bands([(0, table.shape[0], kind)]))
    provide([matrix])
    matrix.write(torch.arange(table.shape[0]), table, kind, BLOCKS[kind].bytes)
    return matrix


def test_the_largest_values_do_not_overflow() -> None:
    ones = torch.ones(3, 4_096)
    for sign in (1, -1):
        ours = PackedMatrix.of_floats(ones)(sign * ones)
        torch.testing.assert_close(ours, torch.full((3, 3), sign * 4_096.0), rtol=3e-4, atol=0)


def test_weights_much_smaller_than_one_keep_their_bits() -> None:
    """A float16 scale alone would lose them."""
    weights, inputs = drawn(70, 64), drawn(2, 64, seed=3)
    small = PackedMatrix.of_floats(weights * 2.0**-40)(inputs)
    assert torch.equal(small * 2.0**40, PackedMatrix.of_floats(weights)(inputs))


def test_weights_are_moved_while_they_multiply() -> None:
    matrices = [PackedMatrix.of_floats(drawn(70, 64, seed=seed)) for seed in range(3)]
    inputs, places = drawn(2, 64, seed=9), [matrix.memory.data_ptr() for matrix in matrices]
    before = [matrix(inputs) for matrix in matrices]
    moving = Moving(matrices)
    moving.start()
    moving.join()
    for matrix, place, products in zip(matrices, places, before, strict=True):
        assert matrix.memory.data_ptr() != place
        assert torch.equal(matrix(inputs), products)


def test_zeros_and_what_is_no_number() -> None:
    matrix = PackedMatrix.of_floats(drawn(8, 32))
    assert torch.equal(matrix(torch.zeros(2, 32)), torch.zeros(2, 8))
    bad = drawn(2, 32)
    bad[1, 3] = float("nan")
    products = matrix(bad)
    assert products[0].isfinite().all()
    assert products[1].isnan().all()


@pytest.mark.parametrize("planes", [1, 2])
@pytest.mark.parametrize("kind", ["Q4_K", "Q6_K"])
def test_a_row_has_the_same_bits_in_any_company(kind, planes) -> None:
    """Kernels take rows one by one, a few at once, and cut many into chunks."""
    matrix = packed(kind, stored(kind, 130, 256), 256)
    inputs = drawn(1_100, 256, seed=3)
    together = matrix(inputs, planes)
    for first, last in [(0, 1), (7, 9), (3, 36), (100, 229), (1_000, 1_100)]:
        assert torch.equal(together[first:last], matrix(inputs[first:last], planes))


def told() -> str:
    """Name the instructions that are used, and digest what they give."""
    inputs, bits = drawn(13, 256, seed=3), b""
    for kind in ("Q4_K", "Q5_K", "Q6_K", "Q8_0"):
        matrix = packed(kind, stored(kind, 150, 256), 256)
        for planes in (1, 2):
            products = (matrix(inputs[:rows], planes) for rows in (1, 2, 3, 4, 13))
            bits += b"".join(product.numpy().tobytes() for product in products)
    return f"{INSTRUCTIONS} {hashlib.sha256(bits).hexdigest()}"


@pytest.mark.slow
def test_all_instructions_give_the_same_bits() -> None:
    """Each but ours in a process of its own: they are chosen when kernels are compiled.

    Compiling takes seconds: unless it is thorough, ours and those that every processor has.
    """
    names = cpu_features.available()
    names = names if THOROUGH else tuple(dict.fromkeys((names[0], names[-1])))
    others = [
        subprocess.run(
            [sys.executable, "-c", f"from {__name__} import told; print(told())"],
            env={**os.environ, cpu_features.CHOICE: name},
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        ).stdout
        for name in names[1:]
    ]
    outputs = [line.split() for line in (told(), *others)]
    assert [used for used, _ in outputs] == list(names)
    assert len({bits for _, bits in outputs}) == 1


def test_a_processor_without_kernels_packs_nothing(monkeypatch) -> None:
    assert not can_pack("cuda")
    monkeypatch.setenv(cpu_features.CHOICE, "sse2")
    with pytest.raises(ValueError, match="this processor has"):
        can_pack("cpu")
    monkeypatch.delenv(cpu_features.CHOICE)
    monkeypatch.setattr(cpu_features, "available", lambda: ())
    assert not can_pack("cpu")


def read(engine: TextEngine, ids: list[int], *cuts: int) -> torch.Tensor:
    """Scores after ``ids``, read in pieces that end at ``cuts``."""
    cache = engine.model.new_cache(len(ids))
    for first, last in zip((0, *cuts), (*cuts, len(ids)), strict=True):
        scores = engine.model(torch.tensor(ids[first:last]), cache)
    return scores


def test_scores_have_the_same_bits_however_a_text_is_read(folder, monkeypatch) -> None:
    engine = TextEngine.load(folder)
    whole = read(engine, PROMPT)
    assert torch.equal(whole, read(engine, PROMPT, 1, 2, 64, 65, 130))
    assert torch.equal(whole, read(engine, PROMPT, *range(100, 149)))
    monkeypatch.setattr(whole_step, "WORTH", 0)
    for threads in (2, 3):  # three may be more than there are processors
        torch.set_num_threads(threads)
        try:
            assert torch.equal(whole, read(engine, PROMPT, 70, *range(140, 149)))
        finally:
            torch.set_num_threads(1)
    exact = TextEngine.load(folder, dtype=torch.float32)
    assert not torch.equal(read(exact, PROMPT), read(exact, PROMPT, 1)), "control"
    shares = read(exact, PROMPT).log_softmax(0)
    divergence = (shares.exp() * (shares - whole.log_softmax(0))).sum()
    assert divergence < 1e-2


def test_texts_of_different_lengths_share_products_and_keep_their_bits(folder) -> None:
    engine = TextEngine.load(folder)
    texts = [PROMPT[:40], PROMPT[30:100], PROMPT[:130]]
    caches = [engine.model.new_cache(200) for _ in texts]
    for ids, cache in zip(texts, caches, strict=True):
        engine.model(torch.tensor(ids[:-3]), cache)
    scores = engine.model.read(
        [Passage(torch.tensor(t[-3:]), c) for t, c in zip(texts, caches, strict=True)]
    )
    for ids, row in zip(texts, scores, strict=True):
        assert torch.equal(row, read(engine, ids))


def test_memory_is_counted_before_and_after_loading(folder, engine, starter) -> None:
    assert measure(folder).weights_bytes == TextEngine.load(folder).weights_bytes
    assert measure(starter).weights_bytes == engine.weights_bytes
    fine = engine.model.head.packed
    assert fine is not None
    assert fine.bytes == pytest.approx(49_152 * (576 * 1.0625 + 4), rel=1e-6), "Q8_0"
