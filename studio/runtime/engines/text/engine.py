"""The text engine: a loaded language model that renders, fits and writes. Keeps no memory books.

Rows of the decoder are tokens, so several texts share its products; the cache is one text's own.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from studio.api.worker.generators import finished
from studio.api.worker.text import ChatMessage, FittedPrompt, SamplingParams, TextStep
from studio.api.worker.tools import Tool, as_functions
from studio.protocol.caches import PROMPT_CACHE
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.adapters import tuning
from studio.runtime.engines.text.adapters.trainable import TrainableNetwork, float_type
from studio.runtime.engines.text.caches.disk_prefixes import DiskPrefixes
from studio.runtime.engines.text.caches.llamacpp_prefixes import States
from studio.runtime.engines.text.caches.packed_weights import PackedCache
from studio.runtime.engines.text.caches.paths import PACKED, identity
from studio.runtime.engines.text.caches.prefix_cache import PrefixCache
from studio.runtime.engines.text.decoder import activation_precision
from studio.runtime.engines.text.decoder.cuda_graph import COPIES
from studio.runtime.engines.text.decoder.llama import Llama
from studio.runtime.engines.text.decoder.model_files import (
    ModelFiles,
    TextInfo,
    counted_tokens,
    default_dtype,
    open_model,
    prefix_bytes,
    tokenizer_bytes,
)
from studio.runtime.engines.text.decoder.protocol import Decoder
from studio.runtime.engines.text.decoder.transformers_decoder import load_transformers
from studio.runtime.engines.text.decoder.weights_loader import load_decoder
from studio.runtime.engines.text.generation.batcher import Batcher
from studio.runtime.engines.text.generation.generation import Generation, write
from studio.runtime.engines.text.generation.likelihood import Last, scores_of
from studio.runtime.engines.text.kernels.cpu_features import chosen
from studio.runtime.engines.text.kernels.packed_matrix import LAYOUT
from studio.runtime.engines.text.llamacpp import decoder
from studio.runtime.engines.text.tokenization.chat_template import ChatTemplate, Rendered
from studio.runtime.engines.text.tokenization.conversation import (
    as_text,
    characters,
    check_messages,
    for_template,
    in_parts,
    pictures_in,
    turns_to_drop,
    without_oldest,
)
from studio.runtime.engines.text.tokenization.fill_in_middle import can_infill, fill_in_middle_ids
from studio.runtime.engines.text.tokenization.tokenizer import TextTokenizer
from studio.runtime.engines.text.vision.picture_ids import PICTURE
from studio.runtime.engines.text.vision.seeing_decoder import SeeingDecoder, decoder_of, seeing
from studio.runtime.pool.digests import Digests

MAX_CHARACTERS_PER_TOKEN = 48
"""A text longer than this for every token of context is refused before it is cut into tokens."""

MAX_TEXTS = 16
"""Texts that are written at once; each has a cache of its own."""


class TextEngine:
    """A language model in memory. Safe to use by one generation a thread at a time.

    Attributes:
        info: What its file says about it.
        context_length: Tokens that prompt and reply may have together.
        tokenizer: Its tokenizer.
        model: The decoder.
        prefixes: Beginnings of texts that it need not read again.
        engine: What computes, as records name it: ``torch``, or llama.cpp with its version.
        why: Why that and nothing else, in words; may be empty.
        opened: Opens its files once more.
        digest: SHA-256 of the files that it was loaded from, where that is known.
    """

    digest = ""

    def __init__(
        self,
        info: TextInfo,
        model: Decoder,
        tokenizer: TextTokenizer,
        template: ChatTemplate,
        context_length: int,
        opened: Callable[[], ModelFiles] | None = None,
    ) -> None:
        self.info = info
        self.opened = opened
        self.model = model
        self.tokenizer = tokenizer
        self.template = template
        self.context_length = context_length
        self.engine = model.engine
        self.why = ""
        self.prefixes: PrefixCache | States
        if isinstance(model, decoder.LlamaCpp):
            self.prefixes = States(decoder.kept_bytes(model.config))
        else:
            self.prefixes = PrefixCache(prefix_bytes(model.config) if model.is_packed else 0)
        self._batcher = Batcher(model)
        self._scored: Last = {}
        self._limited: weakref.WeakSet[TextEngine] = weakref.WeakSet()

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        device: str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> TextEngine:
        """Load the model at ``path`` in one go; see :func:`load_steps`."""
        return finished(load_steps(path, device=device, dtype=dtype))

    def park_in(self, cache: Path, weights: Path) -> None:
        """Keep beginnings of texts in ``cache``, too, where what is read alike has the same bits.

        Args:
            cache: Folder of caches.
            weights: Where this one was loaded from.
        """
        if isinstance(self.model, Llama) and self.prefixes.most_bytes:
            how = f"{chosen()} {LAYOUT} {self.model.planes} torch {torch.__version__}"
            config = self.model.config
            shape = (config.layers, config.kv_heads, config.head_dim)
            model = f"{identity(weights, cache)} {how}"
            self.prefixes.on_disk = DiskPrefixes(cache / PROMPT_CACHE, model, shape)

    def limited(self, tokens: int) -> TextEngine:
        """Return this engine for texts of at most ``tokens``; all but the limit is shared."""
        if tokens >= self.context_length:
            return self
        other = copy.copy(self)
        other.context_length = max(tokens, 1)
        self._limited.add(other)
        return other

    def move(self, device: str) -> None:
        """Move the weights to ``device``, torch's name of it, while nobody generates.

        Raises:
            StudioError: ``UNSUPPORTED``: the decoder is not ours and stays where it is.
        """
        if not isinstance(self.model, Llama):
            raise StudioError(ErrorCode.UNSUPPORTED, "This model cannot be moved.")
        self.prefixes.clear()
        self._scored.clear()
        self.model.move(device)

    def close(self) -> None:
        """Let go of the weights; the engine cannot generate any more."""
        if self.prefixes.on_disk is not None:
            self.prefixes.on_disk.close()
        if isinstance(self.model, Llama) and self.model.moving is not None:
            self.model.moving.stop()
        self._scored.clear()
        self.model = Llama(self.model.config)
        self._batcher = Batcher(self.model)
        for other in self._limited:
            other.model, other._batcher = self.model, self._batcher
        self.prefixes.clear()

    @property
    def weights_bytes(self) -> int:
        """Bytes that it takes while nobody uses it: weights, tokenizer, beginnings it knows."""
        words = tokenizer_bytes(self.model.config) if self.model.is_packed else 0
        return self.model.weights_bytes + words + self.prefixes.most_bytes

    @property
    def network_bytes(self) -> int:
        """Memory that :meth:`network` takes."""
        config = self.model.config
        return config.parameters * float_type(str(self.model.device)).itemsize

    def network(self) -> Generator[float, None, TrainableNetwork]:
        """See ``TunableEngine``."""
        ends = tuning.turn_ends(
            sorted(self.tokenizer.vocabulary.ends),
            lambda turns: self.render(turns, add_generation_prompt=False),
        )
        device, decode = str(self.model.device), self.tokenizer.decode
        return tuning.network(self.opened, device, ends, self.digest, decode)

    def check_mergeable(self) -> None:
        """See ``TunableEngine``."""
        tuning.check_mergeable(self.opened)

    def merge(self, adapter: Path, target: Path) -> Generator[float, None, None]:
        """See ``TunableEngine``."""
        return tuning.merge(self.opened, adapter, target)

    def count(self, text: str) -> int:
        """Return how many tokens ``text`` is."""
        self._refuse_endless(len(text))
        return len(self.tokenizer.encode(text))

    def more_bytes(self, tokens: int, texts: int = 1) -> int:
        """Return the memory that ``texts`` of ``tokens`` take beyond what :func:`measure` counts.

        Args:
            tokens: Of each, prompt included; never more than the context.
            texts: How many are written at once.
        """
        config = self.model.config
        counted = counted_tokens(config, self.context_length)
        wanted = min(tokens, self.context_length) * texts
        item = 4 if self.model.device.type == "cpu" else 2
        if isinstance(self.model, Llama) and self.model.graphs is not None:
            item *= COPIES
        return max(0, wanted - counted) * config.cache_values_per_token * item

    def encode(self, text: str) -> list[int]:
        """Return the ids of ``text`` for :meth:`generate`, without a chat template.

        Raises:
            StudioError: ``CONTEXT_TOO_LONG``: it cannot fit the context.
        """
        self._refuse_endless(len(text))
        return self.tokenizer.encode(text, bos=True)

    @property
    def can_infill(self) -> bool:
        """See ``TextEngine`` of the API."""
        return can_infill(self.tokenizer)

    @property
    def can_see(self) -> bool:
        """See ``TextEngine`` of the API."""
        return isinstance(self.model, SeeingDecoder)

    def infill(self, before: str, after: str, reserve: int) -> FittedPrompt:
        """See ``TextEngine`` of the API."""
        most = max(self.context_length - reserve, self.context_length // 2)
        near = most * MAX_CHARACTERS_PER_TOKEN
        before, after = before[-near:], after[:near]
        ids = fill_in_middle_ids(self.tokenizer, before, after, most)
        return FittedPrompt(ids)

    def render(
        self,
        messages: Sequence[ChatMessage],
        *,
        add_generation_prompt: bool = True,
        now: datetime | None = None,
    ) -> list[int]:
        """Return the ids of the whole conversation in the model's chat format.

        Raises:
            StudioError: A message is malformed, or all of them are far too long.
        """
        return self._render(messages, add_generation_prompt, now)[0]

    def fit(
        self,
        messages: Sequence[ChatMessage],
        reserve: int,
        tools: Sequence[Tool] = (),
        *,
        now: datetime | None = None,
    ) -> FittedPrompt:
        """Render ``messages`` so that ``reserve`` new tokens have room, dropping the oldest turns.

        The system prompt and the last message always stay; for them alone the reply may get less
        room than ``reserve``, but never none. A last message of the assistant is continued.

        Raises:
            StudioError: ``CONTEXT_TOO_LONG``: they do not fit; ``BAD_INPUT``: malformed messages.
        """
        check_messages(messages)
        most = turns_to_drop(messages)
        low, best = self._first_guess(messages, most), None
        high = most
        while low <= high:  # the more is dropped, the shorter: look for the least that does
            dropped = (low + high) // 2
            kept = without_oldest(messages, dropped)
            ids, note = self._render(kept, True, now, tools)
            room = self.context_length - len(ids)
            if room >= reserve or (dropped == most and room > 0):
                best = FittedPrompt(ids, len(messages) - len(kept), note)
                high = dropped - 1
            elif dropped == most:
                raise self._too_long(len(ids))
            else:
                low = dropped + 1
        assert best is not None, "dropping all that may be dropped either fits or is refused"
        return best

    def generate(self, ids: Sequence[int], params: SamplingParams) -> Iterator[TextStep]:
        """Yield one :class:`TextStep` a model step. Closing the iterator frees the cache.

        Raises:
            StudioError: At the first step: the prompt is empty, has ids that the model does not
                know, or leaves no room in the context; at any step: the scores are no numbers.
        """
        with closing(self._write(ids, [params])) as steps:
            for _, step in steps:
                yield step

    def generate_many(
        self, ids: Sequence[int], params: Sequence[SamplingParams]
    ) -> Iterator[tuple[int, TextStep]]:
        """Write one text for each of ``params`` after the same prompt, which is read once.

        Each text is what :meth:`generate` writes alone with the same seed. All take part in each
        step of the model: its weights are read once for all of them.

        Yields:
            (index in ``params``, step). Steps of the prompt come once, with index 0; every text has
            its own ``end``. Closing the iterator frees all caches.

        Raises:
            StudioError: As :meth:`generate`; also if ``params`` are none or more than
                ``MAX_TEXTS``.
        """
        if not 1 <= len(params) <= MAX_TEXTS:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"{len(params)} texts cannot be generated at once.",
                f"Ask for 1 to {MAX_TEXTS} texts.",
            )
        yield from self._write(ids, params)

    def score(self, ids: Sequence[int], start: int) -> Iterator[list[float]]:
        """Yield the logarithms of the probabilities of ``ids[start:]``, a model step at a time.

        Each is that after all tokens before it; see ``TextEngine.score`` of the API.

        Raises:
            StudioError: At the first step: as :meth:`generate`, or nothing is given.
        """
        self._check(ids)
        if not 1 <= start <= len(ids):
            raise StudioError(
                ErrorCode.BAD_INPUT, f"{start} of {len(ids)} tokens cannot be given.", "Give one."
            )
        yield from scores_of(self.model, ids, start, self._scored)

    def _check(self, ids: Sequence[int]) -> None:
        """Refuse what cannot be read.

        Raises:
            StudioError: It is empty, too long, or has ids that the model does not know.
        """
        if len(ids) >= self.context_length:
            raise self._too_long(len(ids))
        known, sees = self.model.config.vocabulary, self.can_see
        if not ids or not all(0 <= id < known or (sees and id >= PICTURE) for id in ids):
            raise StudioError(
                ErrorCode.BAD_INPUT,
                "The prompt is empty or does not fit this model.",
                "Enter a prompt.",
            )

    def _write(
        self, ids: Sequence[int], params: Sequence[SamplingParams]
    ) -> Generator[tuple[int, TextStep], None, None]:
        self._check(ids)
        texts = [Generation(self.tokenizer, ids, each, self.context_length) for each in params]
        yield from write(self._batcher, texts, self.prefixes)

    def _render(
        self,
        messages: Sequence[ChatMessage],
        answer: bool,
        now: datetime | None,
        tools: Sequence[Tool] = (),
    ) -> tuple[list[int], str]:
        check_messages(messages)
        self._refuse_endless(characters(messages) + len(str(tools)))
        knows = self.template.knows_tools
        plain = for_template(messages) if knows else as_text(messages, tools)
        begun = ""
        if answer and len(plain) > 1 and plain[-1]["role"] == "assistant":
            begun = plain.pop()["content"]  # a reply to be continued: the prompt ends in its midst
        told = as_functions(tools) if knows else ()
        pictures = pictures_in(messages)
        sighted = seeing(self.model, pictures)
        plain = plain if sighted is None else in_parts(plain)
        rendered: Rendered = self.template.render(plain, answer=answer, now=now, tools=told)
        if sighted is not None and pictures:
            return sighted.with_pictures(rendered.text + begun, pictures), rendered.note
        # A template writes the opening token itself; the built-in formats do not.
        own = bool(self.template.source) and not rendered.note
        return self.tokenizer.encode(rendered.text + begun, bos=not own), rendered.note

    def _first_guess(self, messages: Sequence[ChatMessage], most: int) -> int:
        """Return how many turns must go by length alone: what is endless is never rendered."""
        limit = self.context_length * MAX_CHARACTERS_PER_TOKEN
        dropped = 0
        while dropped < most and characters(without_oldest(messages, dropped)) > limit:
            dropped += 1
        return dropped

    def _refuse_endless(self, characters: int) -> None:
        if characters > self.context_length * MAX_CHARACTERS_PER_TOKEN:
            raise self._too_long(characters // 4, "about ")

    def _too_long(self, tokens: int, about: str = "") -> StudioError:
        is_limited = self.context_length < self.info.context_length
        longer = (
            "raise this model's context limit"
            if is_limited
            else "choose a model with a longer context"
        )
        return StudioError(
            ErrorCode.CONTEXT_TOO_LONG,
            f"The text is {about}{tokens:,} tokens long, but this model's context limit is "
            f"{self.context_length:,}, including the reply.",
            f"Shorten it, split it, or {longer} on the Models page.",
        )


def load_steps(
    path: Path,
    *,
    device: str = "cpu",
    dtype: torch.dtype | None = None,
    by: Literal["torch", "llamacpp", "transformers"] = "torch",
    cache: Path | None = None,
    layers: int | None = None,
    opened: Callable[[], ModelFiles] | None = None,
) -> Generator[float, None, TextEngine]:
    """Load the model at ``path``, a GGUF file or a model folder, in steps that can be cancelled.

    Args:
        path: File or folder.
        device: Torch's name of a device.
        dtype: Of weights and computation as plain floats: float32 is the reference. By default
            they are packed where that is possible; see :func:`default_dtype`.
        by: What computes; ``engine_selection`` decides it for those who have no wish. What our
            decoder does not know runs through transformers in any case.
        cache: Folder of caches, where packed weights are kept for the next load, if anywhere.
        layers: Of our decoder, so many on ``device`` and the others beside it; by default all.
        opened: Opens what lies at ``path``, where that is more than a file or folder.

    Yields:
        The share done, 0–1.

    Returns:
        The engine.

    Raises:
        StudioError: The file is broken, of another kind, or does not fit in memory.
    """
    opened = opened or partial(open_model, path)
    with opened() as files:
        yield 0.0
        tokenizer = files.tokenizer()
        model: Decoder
        if by == "llamacpp":
            model = decoder.load(files)
        elif files.is_foreign or by == "transformers":
            floats = dtype or default_dtype(device, is_foreign=True) or torch.float32
            model = yield from load_transformers(files, floats, device, decoder_of(files))
        else:
            chosen = dtype or default_dtype(device)
            known = " ".join(identity(each, cache) for each in files.origins)
            kept = PackedCache(cache / PACKED, known) if cache else None
            ours = yield from load_decoder(
                files.source, files.names, files.config, chosen, device, kept, layers,
                may_pack=dtype is None,
            )  # fmt: skip
            if ours.is_packed:
                ids = tokenizer.encode(activation_precision.TEXT)[: activation_precision.TOKENS]
                ours.cut_inputs((yield from activation_precision.planes_of(ours, ids, path, cache)))
            model = ours
        template = ChatTemplate(
            files.template,
            tokenizer.vocabulary.names,
            chatml="<|im_start|>" in tokenizer.vocabulary.tokens.values(),
        )
        context_length = files.config.context_length
        engine = TextEngine(files.info(), model, tokenizer, template, context_length, opened)
        engine.digest = Digests(cache).known(path) if cache else ""
        return engine
