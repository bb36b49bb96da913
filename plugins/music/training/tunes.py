"""Train the tune network. Resumable: run it again with the same folder and it goes on.

python tunes.py TUNES.npz FOLDER [--network gru|transformer] [--minutes 20] [--begin FILE]
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from loop import Run, parser
from studio_music.compose.tunes.network import TuneNetwork
from studio_music.compose.tunes.vocabulary import (
    COLUMNS,
    DURATIONS,
    METRES,
    NO_DURATION,
    NOTHING,
    Echo,
    counted,
)

LONGEST = 256
HELD_OUT = 20
"""Every so many-th tune is held out."""


class Tunes:
    """All tunes as rows of the network's input, with what follows each."""

    def __init__(self, path: Path) -> None:
        data = dict(np.load(path))
        heads = data["heads"]
        ends = np.cumsum(heads[:, 0])
        firsts = data["first_bars"]
        self.tunes = []
        for n, head in enumerate(heads):
            part = slice(ends[n] - head[0], ends[n])
            starts = firsts[firsts // 1_000_000 == n] % 1_000_000 // 1000
            columns = rows_of(data["pitch"][part], data["duration"][part], head, starts)
            target = np.stack([data["pitch"][part], data["duration"][part]], 1)
            self.tunes.append((torch.from_numpy(columns), torch.from_numpy(target)))
        distinct = same_tunes([t[1] for t in self.tunes])
        self.held = [n for n in range(len(self.tunes)) if distinct[n] % HELD_OUT == 0]
        self.train = [n for n in range(len(self.tunes)) if distinct[n] % HELD_OUT]

    def batches(self, chosen: list[int], notes: int, rng: np.random.Generator) -> list[list[int]]:
        """Return tunes of like length together, about ``notes`` notes a batch, in random order."""
        lengths = np.array([min(len(self.tunes[n][0]), LONGEST) for n in chosen])
        order = np.argsort(lengths + rng.uniform(0, 12, len(lengths)))
        batches, batch, longest = [], [], 0
        for at in order:
            longest = max(longest, lengths[at])
            if batch and longest * (len(batch) + 1) > notes:
                batches.append(batch)
                batch, longest = [], lengths[at]
            batch.append(chosen[at])
        batches.append(batch)
        rng.shuffle(batches)  # type: ignore[arg-type]
        return batches

    def stacked(self, batch: list[int], rng: np.random.Generator | None) -> tuple[Tensor, Tensor]:
        """Return input and target, padded with −1; with ``rng``, varied."""
        rows = [self.part(n, rng) for n in batch]
        size = max(len(columns) for columns, _ in rows)
        columns = torch.zeros(len(rows), size, len(COLUMNS), dtype=torch.long)
        target = torch.full((len(rows), size, 2), -1)
        for n, (source, after) in enumerate(rows):
            columns[n, : len(source)] = source
            target[n, : len(after)] = after
        return columns, target

    def part(self, n: int, rng: np.random.Generator | None) -> tuple[Tensor, Tensor]:
        """Return a tune, cut to ``LONGEST``; with ``rng``, some wishes are left open."""
        columns, target = self.tunes[n]
        if rng is None:
            return columns[:LONGEST], target[:LONGEST]
        first = int(rng.integers(0, len(columns) - LONGEST + 1)) if len(columns) > LONGEST else 0
        columns = columns[first : first + LONGEST].clone()
        for name in ("density", "leaps"):
            if rng.random() < 0.15:
                columns[:, COLUMNS.index(name)] = 0
        return columns, target[first : first + LONGEST]


def rows_of(
    pitch: np.ndarray, duration: np.ndarray, head: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Return the input rows of one tune."""
    _, metre, mode, density, leaps, bars = (int(v) for v in head)
    bar = list(METRES.values())[metre]
    borders = [*starts[1:].tolist(), bars]
    echo, now, last, rows = Echo(bar), 0, (NOTHING, NO_DURATION), []
    for p, d in zip(pitch.tolist(), duration.tolist(), strict=True):
        number = now // bar
        section = next(i for i, end in enumerate(borders) if number < end)
        begin = int(starts[section]) if section else 0
        rows.append([*last, now % bar, metre, mode, density, leaps, (number - begin) % 8,
                     counted(bars - number), counted(borders[section] - number),
                     *echo.at(now)])  # fmt: skip
        echo.add(now, p, d)
        last = (p, d)
        now += DURATIONS[d]
    return np.array(rows, np.int64)


def same_tunes(targets: list[Tensor]) -> list[int]:
    """Return a number for each tune; tunes that share fourteen intervals in a row share it."""
    seen: dict[bytes, int] = {}
    numbers = []
    for n, target in enumerate(targets):
        pitches = target[:, 0].numpy().astype(np.int16)
        shape = np.diff(pitches)
        windows = {shape[i : i + 14].tobytes() for i in range(max(1, len(shape) - 14))}
        earlier = [seen[w] for w in windows if w in seen]
        number = min(earlier) if earlier else n
        for window in windows:
            seen.setdefault(window, number)
        numbers.append(number)
    return numbers


def losses(
    network: TuneNetwork, columns: Tensor, target: Tensor, half: bool
) -> tuple[Tensor, Tensor]:
    """Return the summed negative log-likelihood of pitches and of durations, in nats."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        hidden, _ = network(columns)
        pitch = network.pitch_logits(hidden)
        duration = network.duration_logits(hidden, target[..., 0].clamp(min=0))
    return tuple(  # type: ignore[return-value]
        F.cross_entropy(
            logits.float().flatten(0, 1), target[..., n].flatten(), ignore_index=-1, reduction="sum"
        )
        for n, logits in enumerate((pitch, duration))
    )


@torch.inference_mode()
def evaluate(network: TuneNetwork, tunes: Tunes, half: bool = False) -> dict[str, float]:
    """Return nats per note on the tunes held out."""
    network.eval()
    total, notes = torch.zeros(2), 0
    for batch in tunes.batches(tunes.held, 4096, np.random.default_rng(0)):
        columns, target = tunes.stacked(batch, None)
        total += torch.stack(losses(network, columns, target, half))
        notes += int((target[..., 0] >= 0).sum())
    network.train()
    pitch, duration = (total / notes).tolist()
    return {
        "pitch": round(pitch, 4),
        "duration": round(duration, 4),
        "note": round(pitch + duration, 4),
    }


def main() -> None:
    """Train until the minutes of CPU are used."""
    flags = parser(__doc__, network="gru", width=512, depth=2)
    flags.add_argument("tunes", type=Path)
    flags.add_argument("folder", type=Path)
    flags.add_argument("--notes", type=int, default=4096, help="notes a step")
    flags.add_argument("--begin", type=Path, help="weights to begin with, as export.py has them")
    flags.add_argument("--float32", action="store_true", help="where bfloat16 is slower")
    args = flags.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    tunes = Tunes(args.tunes)
    network = TuneNetwork(args.network, args.width, args.depth, args.dropout)
    if args.begin:
        network.load_state_dict(load_file(args.begin))
    run = Run(network, args.folder, args)
    print(f"{len(tunes.train)} tunes, {len(tunes.held)} held out", flush=True)
    while not run.finished:
        train_epoch(run, tunes, args.notes, not args.float32)


def train_epoch(run: Run, tunes: Tunes, size: int, half: bool) -> None:
    """Show the network every tune once, or until the time is up."""
    rng = np.random.default_rng(run.step)
    for batch in tunes.batches(tunes.train, size, rng):
        columns, target = tunes.stacked(batch, rng)
        pitch, duration = losses(run.network, columns, target, half)
        loss = (pitch + duration) / (target[..., 0] >= 0).sum()
        run.learn(loss)
        if run.step % 10 == 0:
            print(f"step {run.step} {run.used:.0f} s, {loss:.3f} nats per note", flush=True)
        if run.due:
            run.save(evaluate(run.average.module, tunes, half))
        if run.finished:
            break


if __name__ == "__main__":
    main()
