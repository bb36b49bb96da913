"""The sampling rules do what their definitions say, by their own seed and nothing else."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch

from studio.api.worker.text import SamplingParams
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.generation.sampler import Sampler, best_first, kept

OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0}


def params(**settings) -> SamplingParams:
    return SamplingParams(**{**OFF, **settings})


def scores(*shares: float) -> torch.Tensor:
    return torch.tensor(shares).log()


def picks(given: torch.Tensor, count: int = 2_000, **settings) -> Counter[int]:
    """Tokens chosen by ``count`` seeds."""
    return Counter(Sampler(params(seed=seed, **settings)).pick(given) for seed in range(count))


def random_scores(size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed)) * 3


def test_greedy_takes_the_best() -> None:
    given = random_scores(1_000)
    assert Sampler(params(temperature=0.0)).pick(given) == int(given.argmax())


def test_greedy_takes_the_first_of_equals() -> None:
    assert Sampler(params(temperature=0.0)).pick(torch.tensor([1.0, 3.0, 3.0])) == 1


def test_shares_are_those_of_the_scores() -> None:
    found = picks(scores(0.5, 0.3, 0.15, 0.05), 4_000)
    for token, share in enumerate((0.5, 0.3, 0.15, 0.05)):
        assert found[token] / 4_000 == pytest.approx(share, abs=0.03)


def test_temperature_flattens_and_sharpens() -> None:
    given = scores(0.6, 0.3, 0.1)
    cold, warm, hot = (picks(given, temperature=t)[0] for t in (0.3, 1.0, 4.0))
    assert cold > warm > hot
    assert hot / 2_000 == pytest.approx(
        0.6**0.25 / (0.6**0.25 + 0.3**0.25 + 0.1**0.25), abs=0.04
    )  # fmt: skip


@pytest.mark.parametrize("temperature", [1e-300, 5e-324, 1e-9])
def test_next_to_no_temperature_is_greedy(temperature) -> None:
    given = random_scores(500)
    assert set(picks(given, 50, temperature=temperature)) == {int(given.argmax())}


def test_top_k_keeps_k() -> None:
    given = random_scores(300)
    best = set(given.topk(5).indices.tolist())
    assert set(picks(given, top_k=5, temperature=5.0)) == best
    assert set(picks(given, 50, top_k=1)) == {int(given.argmax())}
    assert len(picks(given, top_k=10_000, temperature=5.0)) > 100


def test_top_p_keeps_the_smallest_set_that_reaches_it() -> None:
    given = scores(0.5, 0.3, 0.15, 0.05)
    assert set(picks(given, top_p=0.49)) == {0}
    assert set(picks(given, top_p=0.51)) == {0, 1}
    assert set(picks(given, top_p=0.81)) == {0, 1, 2}
    assert set(picks(given, top_p=0.96)) == {0, 1, 2, 3}
    assert set(picks(given, 50, top_p=0.0)) == {0}


def test_min_p_is_measured_by_the_best() -> None:
    given = scores(0.5, 0.3, 0.15, 0.05)
    assert set(picks(given, min_p=0.5)) == {0, 1}
    assert set(picks(given, min_p=0.25)) == {0, 1, 2}
    assert set(picks(given, 50, min_p=1.0)) == {0}


def test_rules_keep_at_least_one() -> None:
    flat = torch.zeros(100)
    assert len(picks(flat, 200, top_p=0.0, min_p=1.0, top_k=1)) == 1


def test_repetition_penalty_counts_prompt_and_text() -> None:
    given = torch.tensor([2.0, 1.8, -1.0, -1.1])
    settings = params(temperature=0.0, repetition_penalty=1.5)
    assert Sampler(settings).pick(given) == 0
    assert Sampler(settings, [0]).pick(given) == 1
    sampler = Sampler(settings)
    assert [sampler.pick(given), sampler.pick(given)] == [0, 1]
    below = torch.tensor([-1.0, -1.1])
    assert Sampler(settings, [0]).pick(below) == 1, "a negative score gets lower, not higher"


def test_repetition_penalty_is_that_of_transformers() -> None:
    from transformers import RepetitionPenaltyLogitsProcessor

    given, seen = random_scores(50), [3, 3, 7, 20]
    theirs = RepetitionPenaltyLogitsProcessor(1.3)(torch.tensor([seen]), given[None].clone())[0]
    ours = Sampler(params(repetition_penalty=1.3), seen)._penalised(given.numpy())
    torch.testing.assert_close(torch.from_numpy(ours), theirs)


def test_presence_is_paid_once_and_frequency_each_time() -> None:
    given = torch.tensor([1.0, 0.35, 0.0])
    once = Sampler(params(temperature=0.0, presence_penalty=0.8))
    assert [once.pick(given) for _ in range(5)] == [0, 1, 0, 0, 0]
    sampler = Sampler(params(temperature=0.0, frequency_penalty=0.4))
    assert [sampler.pick(given) for _ in range(5)] == [0, 0, 1, 0, 2]
    untouched = Sampler(params(temperature=0.0, frequency_penalty=2.0), [0, 0, 0])
    assert untouched.pick(given) == 0, "the prompt is not counted"


def test_the_filters_are_those_of_transformers() -> None:
    from transformers import MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    for seed in range(20):
        given = random_scores(400, seed)
        for settings, warper in (
            ({"top_k": 13}, TopKLogitsWarper(13)),
            ({"top_p": 0.8}, TopPLogitsWarper(0.8)),
            ({"min_p": 0.1}, MinPLogitsWarper(0.1)),
        ):
            theirs = torch.isfinite(warper(None, given[None].clone())[0]).nonzero()[:, 0]
            tokens = best_first(given.numpy(), settings.get("top_k", 0))
            shares = given[tokens].double().softmax(0)
            count = kept(shares.numpy(), settings.get("top_p", 1.0), settings.get("min_p", 0.0))
            assert sorted(tokens[:count].tolist()) == theirs.tolist(), settings


def test_equal_scores_are_ordered_by_id() -> None:
    given = np.array([1.0, 2.0, 1.0, 2.0, 1.0], np.float32)
    assert best_first(given, 4).tolist() == [1, 3, 0, 2]
    assert best_first(given, 0).tolist() == [1, 3, 0, 2, 4]
    assert best_first(np.zeros(5_000, np.float32), 7).tolist() == list(range(7))


def test_what_is_sifted_first_changes_nothing() -> None:
    whole = np.argsort(-(rough := random_scores(5_017, 1).numpy().round(1)), kind="stable")
    for count in (1, 40, 77, 78, 79, 3_000, 5_016):  # of 78 sets, and 25 scores are in none
        assert np.array_equal(best_first(rough, count), whole[:count])


def test_same_seed_same_tokens_on_any_number_of_threads() -> None:
    given = [random_scores(49_152, seed) for seed in range(8)]
    before = torch.get_num_threads()
    texts = []
    try:
        for threads in (1, 2, 1):
            torch.set_num_threads(threads)
            sampler = Sampler(params(seed=5, top_p=0.9))
            texts.append([sampler.pick(row) for row in given])
    finally:
        torch.set_num_threads(before)
    assert texts[0] == texts[1] == texts[2]
    sampler = Sampler(params(seed=6, top_p=0.9))
    assert texts[0] != [sampler.pick(row) for row in given], "another seed, another text"


@pytest.mark.parametrize("seed", [0, -1, 2**63, 2**64 - 1, 2**200])
def test_any_whole_number_is_a_seed(seed) -> None:
    given = random_scores(1_000)
    first, second = (Sampler(params(seed=seed)).pick(given) for _ in range(2))
    assert first == second


def test_scores_are_left_alone() -> None:
    given = random_scores(100)
    copy = given.clone()
    sampler = Sampler(params(repetition_penalty=2.0, presence_penalty=1.0, top_k=5), [1, 2])
    for _ in range(3):
        sampler.pick(given)
    assert torch.equal(given, copy)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_an_error(bad) -> None:
    given = random_scores(100)
    given[50] = bad
    for temperature in (0.0, 1.0):
        with pytest.raises(StudioError) as caught:
            Sampler(params(temperature=temperature)).pick(given)
        assert caught.value.code is ErrorCode.BAD_WEIGHTS


def test_forbidden_tokens_are_never_chosen() -> None:
    given = torch.full((100,), -math.inf)
    given[[4, 9]] = 0.0
    assert set(picks(given, 100)) == {4, 9}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_scores_of_other_types(dtype) -> None:
    given = random_scores(100).to(dtype)
    assert Sampler(params(temperature=0.0)).pick(given) == int(given.float().argmax())
