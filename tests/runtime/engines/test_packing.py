"""Packed weights are close to floats, counted truly, and give the same bits in any company."""

from __future__ import annotations

import warnings

import pytest
import torch

from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.llama import Passage
from studio.runtime.engines.text.model_files import measure
from studio.runtime.engines.text.packing import (
    PackedMatrix,
    can_pack,
    fbgemm,
    kernel_for,
    onednn,
)
from tests.runtime.engines import tiny_models

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not can_pack("cpu"), reason="this processor has no packed kernels"),
]
PROMPT = [(7 * i * i + 3) % 300 for i in range(150)]
GENERATOR = torch.Generator()


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=GENERATOR.manual_seed(seed))


def packed(weights: torch.Tensor, limbs: int, kernel=None) -> PackedMatrix:
    matrix = PackedMatrix(*weights.shape, limbs, kernel)
    half = weights.shape[0] // 2
    matrix.write(slice(half, None), weights[half:])
    matrix.write(torch.arange(half), weights[:half])
    matrix.settle()
    return matrix


@pytest.fixture(params=[fbgemm, onednn], ids=["fbgemm", "onednn"])
def kernel(request):
    if not request.param.is_available():
        pytest.skip("this processor or this torch does not have it")
    return request.param


@pytest.fixture(scope="module", params=[{}, {"tie_word_embeddings": True}], ids=["own", "tied"])
def folder(request, tmp_path_factory):
    """A model whose heads share keys three by three: the kernel's awkward height."""
    model = tiny_models.reference(
        "qwen2", num_attention_heads=6, num_key_value_heads=2, head_dim=32, **request.param
    )
    return tiny_models.save_folder(model, tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize(("limbs", "close"), [(1, 2e-2), (2, 5e-4)])
def test_products_are_close_to_exact_ones(limbs, close, kernel) -> None:
    weights, inputs = drawn(70, 150), drawn(5, 150, seed=2) * torch.logspace(-4, 4, 5)[:, None]
    exact = inputs.double() @ weights.double().T
    ours = packed(weights, limbs, kernel)(inputs)
    error = (ours - exact).abs().amax(-1) / exact.abs().amax(-1)
    assert error.max() < close
    assert limbs == 2 or error.max() > 1e-3, "control: one limb is seen"


def test_the_largest_values_do_not_overflow(kernel) -> None:
    """Where products are added in 16 bits, 8-bit inputs would be cut off here."""
    ones = torch.ones(3, 4_096)
    for sign in (1, -1):
        ours = packed(ones, 2, kernel)(sign * ones)
        torch.testing.assert_close(ours, torch.full((3, 3), sign * 4_096.0))


def test_zeros_and_what_is_no_number(kernel) -> None:
    weights = drawn(8, 16)
    assert torch.equal(packed(weights, 1, kernel)(torch.zeros(2, 16)), torch.zeros(2, 8))
    bad = drawn(2, 16)
    bad[1, 3] = float("nan")
    products = packed(weights, 1, kernel)(bad)
    assert products[0].isfinite().all()
    assert products[1].isnan().all()


@pytest.mark.parametrize("limbs", [1, 2])
def test_a_row_has_the_same_bits_in_any_company(limbs, kernel) -> None:
    """Kernels choose their way by the number of rows: few, a block, more than a block."""
    matrix, inputs = packed(drawn(96, 200), limbs, kernel), drawn(300, 200, seed=3)
    together = matrix(inputs)
    for first, last in [(0, 1), (7, 9), (3, 36), (100, 229)]:
        assert torch.equal(together[first:last], matrix(inputs[first:last]))
    torch.set_num_threads(2)
    try:
        assert torch.equal(together, matrix(inputs))
        assert torch.equal(together[:1], matrix(inputs[:1]))
    finally:
        torch.set_num_threads(1)


@pytest.mark.skipif(not onednn.is_available(), reason="this processor does not use it")
@pytest.mark.parametrize("shape", [(70, 150), (128, 64)])
def test_matrices_packed_here_are_as_torch_packs_them(shape) -> None:
    first = packed(drawn(*shape), 1, onednn)  # of each shape, torch packs the first
    weights, inputs = drawn(*shape, seed=4), drawn(3, shape[1], seed=5)
    second = packed(weights, 1, onednn)(inputs)
    del first
    assert torch.equal(packed(weights, 1, onednn)(inputs), second)


@pytest.mark.skipif(not fbgemm.is_available(), reason="this torch does not have it")
def test_packing_in_the_background_leaves_torch_as_it_was() -> None:
    before, filters = torch.backends.quantized.engine, list(warnings.filters)
    weights = [drawn(64, 32, seed=seed) for seed in range(12)]
    matrices = [PackedMatrix(64, 32, 1, fbgemm) for _ in weights]
    for matrix, values in zip(matrices, weights, strict=True):
        matrix.write(slice(None), values)
    for matrix in matrices:
        matrix.settle()
    assert torch.backends.quantized.engine == before
    assert list(warnings.filters) == filters
    inputs = drawn(3, 32)
    for matrix, values in zip(matrices, weights, strict=True):
        torch.testing.assert_close(matrix(inputs), inputs @ values.T, rtol=0, atol=0.2)


def test_a_processor_without_kernels_and_a_torch_without_them_are_told(monkeypatch) -> None:
    assert kernel_for("cuda") is None
    monkeypatch.setattr(onednn, "is_available", lambda: False)
    assert kernel_for("cpu") in (fbgemm, None)
    monkeypatch.delattr(torch, "_make_per_channel_quantized_tensor")
    assert kernel_for("cpu") is None


def read(engine: TextEngine, ids: list[int], *cuts: int) -> torch.Tensor:
    """Scores after ``ids``, read in pieces that end at ``cuts``."""
    cache = engine.model.new_cache(len(ids))
    for first, last in zip((0, *cuts), (*cuts, len(ids)), strict=True):
        scores = engine.model(torch.tensor(ids[first:last]), cache)
    return scores


def test_scores_have_the_same_bits_however_a_text_is_read(folder) -> None:
    engine = TextEngine.load(folder)
    whole = read(engine, PROMPT)
    assert torch.equal(whole, read(engine, PROMPT, 1, 2, 64, 65, 130))
    assert torch.equal(whole, read(engine, PROMPT, *range(100, 149)))
    torch.set_num_threads(2)
    try:
        assert torch.equal(whole, read(engine, PROMPT, 70))
    finally:
        torch.set_num_threads(1)
    exact = TextEngine.load(folder, dtype=torch.float32)
    assert not torch.equal(read(exact, PROMPT), read(exact, PROMPT, 1)), "control"
    shares = read(exact, PROMPT).log_softmax(0)
    divergence = (shares.exp() * (shares - whole.log_softmax(0))).sum()
    assert divergence < 2e-3


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
    assert fine.limbs == 2, "the head of a small model"
    assert fine.bytes > 2 * 49_152 * 576
