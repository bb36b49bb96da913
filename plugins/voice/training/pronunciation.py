"""Train the network that guesses pronunciations, on the lexicon of misaki.

    PYTHONPATH=tests python plugins/voice/training/pronunciation.py FOLDER OUT.safetensors
        [--minutes 10]

FOLDER has us_gold.json and gb_gold.json of the Python package misaki 0.9.4. One word in fifty, by
its spelling alone, is held out in both accents.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import time
import zlib
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.voice.round_trip import edit_distance
from studio_voice.pronunciation import weights
from studio_voice.pronunciation.network import ACCENTS, LONGEST, SLOTS, Speller, numbered

_BATCH = 256
Pair = tuple[list[int], int, list[int], str, str]


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=10, help="of one processor")
    args = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    rng = random.Random(1)
    words = {accent: _lexicon(args.folder / f"{accent}_gold.json") for accent in ACCENTS}
    sounds = "".join(
        sorted(
            {
                s
                for entry in words.values()
                for pronunciation in entry.values()
                for s in pronunciation
            }
        )
    )
    pairs = [
        (numbers, place, [sounds.index(s) + 1 for s in entry], word, entry)
        for place, accent in enumerate(ACCENTS)
        for word, entry in words[accent].items()
        if _fits(numbers := numbered(word), entry)
    ]
    held = [pair for pair in pairs if zlib.crc32(pair[3].encode()) % 50 == 0]
    seen = [pair for pair in pairs if zlib.crc32(pair[3].encode()) % 50]
    print(f"{len(seen)} words, {len(held)} held out, {len(sounds)} sounds", flush=True)
    network = Speller(sounds)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=0.01)
    lost, steps, started = nn.CTCLoss(zero_infinity=True), 0, time.process_time()
    while (spent := (time.process_time() - started) / 60) < args.minutes:
        rng.shuffle(seen)
        block = sorted(seen[: 40 * _BATCH], key=lambda pair: len(pair[0]))
        batches = [block[at : at + _BATCH] for at in range(0, len(block), _BATCH)]
        rng.shuffle(batches)
        for batch in batches:
            for group in optimiser.param_groups:
                group["lr"] = 3e-3 * max(0.02, 1 - spent / args.minutes)
            loss = _loss(network, batch, lost)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            steps += 1
        print(f"{spent:.1f} min, step {steps}: {float(loss.detach()):.3f}", flush=True)
    print(_measured(network, held), flush=True)
    weights.save(args.out, network)


def _lexicon(path: Path) -> dict[str, str]:
    """Return word → sounds; a word said in several ways has its usual one."""
    entries: dict[str, str] = {}
    for word, pronunciation in json.loads(path.read_text("utf-8")).items():
        usual = pronunciation.get("DEFAULT") if isinstance(pronunciation, dict) else pronunciation
        if usual and word.lower() not in entries and not word.isupper():
            entries[word.lower()] = usual
    return entries


def _fits(numbers: list[int], pronunciation: str) -> bool:
    repeated = sum(a == b for a, b in itertools.pairwise(pronunciation))
    return 0 < len(numbers) <= LONGEST and len(pronunciation) + repeated <= SLOTS * len(numbers)


def _loss(network: Speller, batch: list[Pair], lost: nn.CTCLoss) -> Tensor:
    longest = max(len(pair[0]) for pair in batch)
    letters = torch.tensor([pair[0] + [0] * (longest - len(pair[0])) for pair in batch])
    likely = network(letters, torch.tensor([pair[1] for pair in batch])).transpose(0, 1)
    targets = torch.tensor([sound for pair in batch for sound in pair[2]])
    lengths = torch.tensor([SLOTS * len(pair[0]) for pair in batch])
    loss: Tensor = lost(likely, targets, lengths, torch.tensor([len(pair[2]) for pair in batch]))
    return loss


def _measured(network: Speller, held: list[Pair]) -> str:
    """Return the share of wrong sounds and of wrong words of words that were not seen."""
    wrong = sounds = words = 0
    for _numbers, place, _targets, word, pronunciation in held:
        (guess,) = network.say([word], ACCENTS[place])
        off = edit_distance(guess, pronunciation)
        wrong, sounds, words = wrong + off, sounds + len(pronunciation), words + (off > 0)
    return f"held out: {wrong / sounds:.4f} of sounds, {words / len(held):.4f} of words are wrong"


if __name__ == "__main__":
    main()
