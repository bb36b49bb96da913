"""Packed weights are close to floats, counted truly, and give the same bits in any company."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from studio.runtime.engines.text.engine import TextEngine
from studio.runtime.engines.text.kernels import instructions
from studio.runtime.engines.text.kernels.matrix import PackedMatrix, can_pack
from studio.runtime.engines.text.llama import Passage
from studio.runtime.engines.text.model_files import measure
from tests.runtime.engines import tiny_models

pytestmark = [
    pytest.mark.torch,
    pytest.mark.skipif(not can_pack("cpu"), reason="this processor has no packed kernels"),
]
PROMPT = [(7 * i * i + 3) % 300 for i in range(150)]
GENERATOR = torch.Generator()


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=GENERATOR.manual_seed(seed))


def packed(weights: torch.Tensor, limbs: int) -> PackedMatrix:
    matrix = PackedMatrix(*weights.shape, limbs)
    half = weights.shape[0] // 2
    matrix.write(slice(half, None), weights[half:])
    matrix.write(torch.arange(half), weights[:half])
    return matrix


@pytest.fixture(scope="module", params=[{}, {"tie_word_embeddings": True}], ids=["own", "tied"])
def folder(request, tmp_path_factory):
    """A model whose heads share keys three by three: the kernel's awkward height."""
    model = tiny_models.reference(
        "qwen2", num_attention_heads=6, num_key_value_heads=2, head_dim=32, **request.param
    )
    return tiny_models.save_folder(model, tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize(("limbs", "close"), [(1, 2e-2), (2, 5e-4)])
def test_products_are_close_to_exact_ones(limbs, close) -> None:
    weights, inputs = drawn(70, 150), drawn(5, 150, seed=2) * torch.logspace(-4, 4, 5)[:, None]
    exact = inputs.double() @ weights.double().T
    ours = packed(weights, limbs)(inputs)
    error = (ours - exact).abs().amax(-1) / exact.abs().amax(-1)
    assert error.max() < close
    assert limbs == 2 or error.max() > 1e-3, "control: one limb is seen"


def test_the_largest_values_do_not_overflow() -> None:
    """Where products are added in 16 bits, 8-bit inputs would be cut off here."""
    ones = torch.ones(3, 4_096)
    for sign in (1, -1):
        ours = packed(ones, 2)(sign * ones)
        torch.testing.assert_close(ours, torch.full((3, 3), sign * 4_096.0))


def test_zeros_and_what_is_no_number() -> None:
    weights = drawn(8, 16)
    assert torch.equal(packed(weights, 1)(torch.zeros(2, 16)), torch.zeros(2, 8))
    bad = drawn(2, 16)
    bad[1, 3] = float("nan")
    products = packed(weights, 1)(bad)
    assert products[0].isfinite().all()
    assert products[1].isnan().all()


@pytest.mark.parametrize("limbs", [1, 2])
def test_a_row_has_the_same_bits_in_any_company(limbs) -> None:
    """Kernels choose their way by the number of rows: few, a block, more than a block."""
    matrix, inputs = packed(drawn(96, 200), limbs), drawn(300, 200, seed=3)
    together = matrix(inputs)
    for first, last in [(0, 1), (7, 9), (3, 36), (100, 229)]:
        assert torch.equal(together[first:last], matrix(inputs[first:last]))
    torch.set_num_threads(2)
    try:
        assert torch.equal(together, matrix(inputs))
        assert torch.equal(together[:1], matrix(inputs[:1]))
    finally:
        torch.set_num_threads(1)


_EACH = """
import hashlib, torch
from studio.runtime.engines.text.kernels.matrix import PackedMatrix
from studio.runtime.engines.text.kernels.vectors import INSTRUCTIONS
matrix = PackedMatrix(150, 200, 2)
draw = torch.Generator().manual_seed(3)
matrix.write(slice(None), torch.randn(150, 200, generator=draw))
inputs = torch.randn(9, 200, generator=draw)
bits = b"".join(matrix(inputs[:rows]).numpy().tobytes() for rows in (1, 2, 3, 4, 9))
print(INSTRUCTIONS, hashlib.sha256(bits).hexdigest())
"""


@pytest.mark.slow
def test_all_instructions_give_the_same_bits() -> None:
    """Each in a process of its own: they are chosen when kernels are compiled."""
    names = instructions.available()
    outputs = [
        subprocess.run(
            [sys.executable, "-c", _EACH],
            env={**os.environ, instructions.CHOICE: name},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout.split()
        for name in names
    ]
    assert [used for used, _ in outputs] == list(names)
    assert len({bits for _, bits in outputs}) == 1


def test_a_processor_without_kernels_packs_nothing(monkeypatch) -> None:
    assert not can_pack("cuda")
    monkeypatch.setenv(instructions.CHOICE, "sse2")
    with pytest.raises(ValueError, match="this processor has"):
        can_pack("cpu")
    monkeypatch.delenv(instructions.CHOICE)
    monkeypatch.setattr(instructions, "available", lambda: ())
    assert not can_pack("cpu")


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
