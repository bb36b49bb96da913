"""How often the starter generator draws what was asked, beside honest yardsticks. Times nothing.

A drawing counts as a hit when the nearest real picture of the asked style, held-out ones included,
has the asked caption (top-1; top-5: one of the five nearest). *Ceiling* is the real picture passed
through the autoencoder, *copy* a real picture of the same caption in another style.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.image.nearest_pictures import (
    Distance,
    Gallery,
    Ranks,
    described,
    distance,
    open_features,
)
from studio.api import BadInput
from studio_image.starter import sampler
from studio_image.starter.network import LATENT_CHANNELS, STYLES, TOKENS, Caption
from studio_image.starter.weights import Starter

BATCH = 64
MAIN_STYLES = ("flat", "noto", "3d")
"""Over these the overall figure is taken: the others are their editions, which share drawings."""


class RealPictures:
    """The file that ``training/data.py`` writes: pixels (n, 3, 64, 64) uint8 and what they show.

    ``descriptors`` is the file beside it, about 200 MB, where they are described once for all.

    Raises:
        BadInput: It is another file.
    """

    def __init__(self, path: Path) -> None:
        self.descriptors = path.with_suffix(".features.npz")
        try:
            with np.load(path) as data:
                self.pixels = torch.from_numpy(data["pixels"]).permute(0, 3, 1, 2).contiguous()
                self.captions: list[str] = data["captions"].tolist()
                self.styles: list[str] = data["styles"].tolist()
                self.held_out: np.ndarray = data["held_out"]
        except (OSError, ValueError, KeyError) as error:
            raise BadInput(
                f"{path.name} is not the training file of the starter model.",
                "Create it with plugins/image/training/data.py.",
            ) from error
        self.place = {pair: i for i, pair in enumerate(zip(self.captions, self.styles))}

    def pairs(self, style: str, count: int, *, held_out: bool) -> list[int]:
        """Return up to ``count`` pictures of a style, trained or held out; always the same ones."""
        mask = np.array([other == style for other in self.styles]) & (self.held_out == held_out)
        pool = np.flatnonzero(mask)
        rng = np.random.default_rng(3)
        return sorted(rng.choice(pool, min(count, len(pool)), replace=False).tolist())

    def twin(self, index: int) -> int | None:
        """Return a trained picture of the same caption in another style; the main styles first."""
        caption, style = self.captions[index], self.styles[index]
        for other in dict.fromkeys((*MAIN_STYLES, *STYLES)):
            found = self.place.get((caption, other))
            if other != style and found is not None and not self.held_out[found]:
                return found
        return None


@dataclass(frozen=True)
class Row:
    """The figures of one style, or of several together, as shares of ``count`` pairs."""

    styles: str
    pairs: str
    count: int
    top1: float
    top5: float
    ceiling: float
    copy: float


@dataclass(frozen=True)
class Tally:
    """What was found about the pairs of one style and kind; ``copy`` of those that have a twin."""

    made: Tensor
    drawn: Ranks
    ceiling: Ranks
    copy: Ranks


@dataclass(frozen=True)
class Report:
    """All figures: a row for each style and kind of pair, and distances to what was trained."""

    rows: list[Row]
    distances: dict[str, Distance]


def measure(starter: Starter, real: RealPictures, vgg: Path, count: int) -> Report:
    """Draw up to ``count`` trained and held-out pairs of each style and compare them.

    Args:
        vgg: The feature weights.
    """
    examiner = Examiner(starter, real, vgg)
    rows: list[Row] = []
    distances: dict[str, Distance] = {}
    trained = real.pixels[torch.from_numpy(~real.held_out)]
    for kind, held_out in (("trained", False), ("held out", True)):
        picks = {style: real.pairs(style, count, held_out=held_out) for style in STYLES}
        found = {style: examiner.tally(style, own) for style, own in picks.items() if own}
        groups: dict[str, tuple[str, ...]] = {style: (style,) for style in found}
        groups |= {", ".join(MAIN_STYLES): MAIN_STYLES, "all": STYLES}
        for name, styles in groups.items():
            tallies = [found[style] for style in styles if style in found]
            rows += [row(name, kind, tallies)] if tallies else []
        made = torch.cat([tally.made for tally in found.values()])
        distances[f"drawn, {kind}"] = distance(made, trained)
    distances["real, held out"] = distance(real.pixels[torch.from_numpy(real.held_out)], trained)
    return Report(rows, distances)


class Examiner:
    """Draws pairs of a style and finds what they are most like."""

    def __init__(self, starter: Starter, real: RealPictures, vgg: Path) -> None:
        self.starter, self.real = starter, real
        self.features = open_features(vgg)
        self.gallery = Gallery(self._descriptors(vgg), real.captions, real.styles)

    def tally(self, style: str, picks: Sequence[int]) -> Tally:
        """Return what was found about the pairs ``picks`` of ``style``."""
        asked = [self.real.captions[i] for i in picks]
        made = drawn(self.starter, asked, style)
        pixels = self.real.pixels[list(picks)].float() / 255
        truth = sampler.decode(self.starter, sampler.encode(self.starter, pixels))
        twins = {i: twin for i in picks if (twin := self.real.twin(i)) is not None}
        return Tally(
            made,
            self._ranks(made, asked, style),
            self._ranks(truth, asked, style),
            self.gallery.ranks(
                self.gallery.descriptors[list(twins.values())],
                [self.real.captions[i] for i in twins],
                style,
            ),
        )

    def _ranks(self, pictures: Tensor, asked: Sequence[str], style: str) -> Ranks:
        return self.gallery.ranks(described(self.features, pictures), asked, style)

    def _descriptors(self, vgg: Path) -> Tensor:
        cache = self.real.descriptors
        digest = hashlib.sha256(self.real.pixels.numpy().tobytes())
        digest.update(vgg.read_bytes())
        if cache.exists():
            with np.load(cache) as saved:
                if str(saved["of"]) == digest.hexdigest():
                    return torch.from_numpy(saved["descriptors"])
        found = described(self.features, self.real.pixels)
        np.savez(cache, descriptors=found.numpy(), of=np.array(digest.hexdigest()))
        return found


def drawn(starter: Starter, captions: Sequence[str], style: str, seed: int = 11) -> Tensor:
    """Return pictures (n, 3, 64, 64) in 0…1, one for each caption, drawn as the studio draws."""
    rng = torch.Generator().manual_seed(seed)
    rows = torch.tensor([Caption.of(c, style).row() for c in captions])
    parts = []
    for chunk in rows.split(BATCH):
        noise = torch.randn((len(chunk), TOKENS, LATENT_CHANNELS), generator=rng)
        away = torch.tensor([sampler.NO_CAPTION] * len(chunk))
        *_, latents = sampler.flow(starter, chunk, away, noise)
        parts.append(sampler.decode(starter, latents))
    return torch.cat(parts)


def row(styles: str, pairs: str, tallies: Sequence[Tally]) -> Row:
    """Return the figures of several tallies together."""
    drawn_, ceiling, copy = (
        Ranks(torch.cat([getattr(tally, name).ranks for tally in tallies]))
        for name in ("drawn", "ceiling", "copy")
    )
    return Row(
        styles,
        pairs,
        len(drawn_.ranks),
        drawn_.within(1),
        drawn_.within(5),
        ceiling.within(1),
        copy.within(1),
    )


def table(report: Report) -> Iterator[str]:
    """Yield the report as two tables in Markdown: yardsticks are those of the held-out pairs."""
    found = {(row_.styles, row_.pairs): row_ for row_ in report.rows}
    yield "| style | trained: top-1, top-5 | held out: top-1, top-5 | ceiling | copy |"
    yield "|---|---|---|---|---|"
    for styles in dict.fromkeys(row_.styles for row_ in report.rows):
        both = [found.get((styles, pairs)) for pairs in ("trained", "held out")]
        cells = [_hits(row_) if row_ else "" for row_ in both]
        last = both[1] or both[0]
        assert last is not None
        yield f"| {styles} | {' | '.join(cells)} | {last.ceiling:.1%} | {last.copy:.1%} |"
    yield ""
    yield "| distance to the nearest trained picture | mean | below 0.1 |"
    yield "|---|---|---|"
    for name, far in report.distances.items():
        yield f"| {name} | {far.mean:.3f} | {far.near:.1%} |"


def _hits(found: Row) -> str:
    return f"{found.top1:.1%}, {found.top5:.1%} of {found.count}"
