"""transformers as the decoder, for models that ours does not know. Samples and renders nothing.

It gives scores, so the sampler, constraints, stops and chat templates are ours. Weights are read by
our bounded reader, in steps; the library gets them as tensors (see ``transformers_folder``).
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.model_files import ModelFiles
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.formats.config import LlamaConfig
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.formats.tensor_source import TensorSource
from studio.runtime.engines.text.formats.transformers_folder import (
    is_seeing,
    library,
    library_config,
    version,
)


class TransformersCache:
    """The part of one text that has been read, as the library keeps it.

    Not every kind of model can forget its last tokens, so what is left is read once more.

    Attributes:
        capacity: Tokens that it has room for.
        past: The library's own cache; None if nothing has been read.
        pieces: Tokens as they were read together.
    """

    is_long = False

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.past: Any = None
        self.pieces: list[Tensor] = []

    @property
    def length(self) -> int:
        """Tokens in it. May be set to less: the last ones are forgotten."""
        return sum(piece.shape[0] for piece in self.pieces)

    @length.setter
    def length(self, length: int) -> None:
        if length == self.length:
            return
        self.past = None
        tokens = self.length - length
        while tokens > 0:
            last = self.pieces.pop()
            if last.shape[0] > tokens:
                self.pieces.append(last[:-tokens])
            tokens -= last.shape[0]

    def start_as(self, other: Self) -> None:
        """Copy what ``other``, of the same model, has read."""
        self.past, self.pieces = copy.deepcopy(other.past), list(other.pieces)


class TransformersDecoder:
    """A model of the library; a :class:`~studio.runtime.engines.text.decoder.protocol.Decoder`.

    Attributes:
        config: Its sizes, as far as they are known.
        parameters: Names of what its forward pass takes.
    """

    is_packed = False

    def __init__(self, model: Any, config: LlamaConfig) -> None:
        self.config = config
        self._model = model
        self.parameters = accepted = frozenset(inspect.signature(model.forward).parameters)
        self._keeps_few_scores = "logits_to_keep" in accepted
        self._cache_name = "cache" if "cache" in accepted else "past_key_values"  # the older name

    @property
    def engine(self) -> str:
        """The library that computes."""
        return f"transformers {version()}"

    @property
    def weights_bytes(self) -> int:
        """Memory that the weights take."""
        tensors = [*self._model.parameters(), *self._model.buffers()]
        return sum(tensor.nbytes for tensor in tensors)

    @property
    def device(self) -> torch.device:
        """The device of the scores."""
        place = next(self._model.parameters()).device
        assert isinstance(place, torch.device)
        return place

    def new_cache(self, capacity: int) -> TransformersCache:
        """Return an empty cache for a text of at most ``capacity`` tokens."""
        return TransformersCache(capacity)

    def read(self, passages: Sequence[Passage]) -> Tensor:
        """See :meth:`studio.runtime.engines.text.decoder.protocol.Decoder.read`; one passage after
        another.

        Raises:
            ValueError: A cache has no room.
            StudioError: The library failed.
        """
        return torch.cat([self._scores(passage) for passage in passages])

    @torch.inference_mode()
    def _scores(self, passage: Passage) -> Tensor:
        own = passage.cache
        assert isinstance(own, TransformersCache), "a cache belongs to the model that made it"
        end = own.length + passage.tokens.shape[0]
        if end > own.capacity:
            raise ValueError(f"a cache for {own.capacity} tokens cannot hold {end}")
        try:
            scores, own.past = self._continued(own, passage)
        except StudioError:
            raise
        except Exception as error:
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                "transformers failed to continue this text.",
                "Choose a model that the built-in engine supports.",
                details=repr(error),
            ) from error
        own.pieces.append(passage.tokens)
        return scores

    def _continued(self, own: TransformersCache, passage: Passage) -> tuple[Tensor, Any]:
        """Return the scores of ``passage`` and what has been read then; forgotten pieces anew."""
        if own.past is None:
            for piece in own.pieces:
                _, own.past = self._forward(piece, own.past, 1)
        return self._forward(passage.tokens, own.past, passage.wanted)

    def _forward(
        self, tokens: Tensor, past: Any, wanted: int, more: Mapping[str, Any] | None = None
    ) -> tuple[Tensor, Any]:
        """Return the scores after the last ``wanted`` tokens, and the library's cache by then.

        Args:
            more: Further inputs of the model.
        """
        options = {**(more or {}), self._cache_name: past}
        if self._keeps_few_scores:
            options["logits_to_keep"] = wanted
        output = self._model(
            input_ids=tokens[None].to(self.device), use_cache=True, return_dict=True, **options,
        )  # fmt: skip
        past = getattr(output, self._cache_name, None)
        if past is None:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                "Models of this type cannot generate token by token.",
                "Choose another model.",
            )
        return output.logits[0, -wanted:].float(), past


def load_transformers(
    files: ModelFiles,
    dtype: torch.dtype,
    device: str,
    decoder: Callable[[Any, LlamaConfig], TransformersDecoder] = TransformersDecoder,
) -> Generator[float, None, TransformersDecoder]:
    """Yield the share read (0–1) after every chunk of rows; return the decoder.

    Args:
        decoder: Makes it of the library's model.

    Raises:
        StudioError: transformers is missing or does not know the model, a tensor is missing or
            superfluous or has another shape, or there is no memory.
    """
    if not version() or not files.values:
        raise unsupported(
            files.path, "transformers is not installed, or this is not a model folder"
        )
    config = library_config(files.values, files.path)
    state: dict[str, Tensor] = {}
    yield from _read(files.source, state, dtype)
    sees = is_seeing(files.values)
    auto = library().AutoModelForImageTextToText if sees else library().AutoModelForCausalLM
    try:
        kind = auto._model_mapping[type(config)]
        with torch.random.fork_rng(devices=[]):  # it draws what it then overwrites
            model, report = kind.from_pretrained(
                None, config=config, state_dict=state, dtype=dtype, output_loading_info=True,
                trust_remote_code=False, local_files_only=True, use_safetensors=True,
            )  # fmt: skip
    except Exception as error:
        raise bad_weights(
            files.path, f"transformers cannot load its weights ({shown(str(error))})"
        ) from error
    _check(files, report)
    state.clear()
    model = model.eval().requires_grad_(False).to(device)
    result = decoder(model, files.config)
    if not _goes_on(result, dtype):
        raise unsupported(files.path, "its architecture has no usable key-value cache")
    return result


def _goes_on(decoder: TransformersDecoder, dtype: torch.dtype) -> bool:
    """Return whether a text scores alike in one piece and in several: some kinds only seem to."""
    tokens = (37 * torch.arange(12) + 5) % decoder.config.vocabulary
    parts = decoder.new_cache(12)
    for piece in tokens[:5], tokens[5:6]:
        decoder.read([Passage(piece, parts)])
    rest = decoder.read([Passage(tokens[6:], parts, 6)])
    at_once = decoder.read([Passage(tokens, decoder.new_cache(12), 6)])
    rounding = 0.01 if dtype is torch.float32 else 0.25
    # Scores that are no numbers pass: choosing a token reports them.
    return not bool((rest - at_once).abs().max() > rounding * at_once.std())


def _read(
    source: TensorSource, state: dict[str, Tensor], dtype: torch.dtype
) -> Generator[float, None, None]:
    total = sum(torch.Size(shape).numel() for shape in source.shapes.values())
    done = 0
    for name, shape in source.shapes.items():
        try:
            whole = torch.empty(shape, dtype=dtype)
        except RuntimeError as error:  # torch's own out-of-memory errors are RuntimeErrors
            raise StudioError(
                ErrorCode.OUT_OF_MEMORY,
                f"The model needs {total * dtype.itemsize / 2**30:.1f} GiB, but there is not "
                "enough memory.",
                "Close other models or programs, or choose a smaller model.",
                details=str(error),
            ) from error
        for first, rows in source.rows(name):
            whole[first : first + rows.shape[0]] = rows
            done += rows.numel()
            yield done / total
        state[name] = whole


def _check(files: ModelFiles, report: Mapping[str, Any]) -> None:
    """Refuse weights that are not those of the model: it would talk nonsense."""
    for key, problem in (
        ("missing_keys", "is missing"),
        ("unexpected_keys", "is not used by its architecture"),
        ("mismatched_keys", "has a different shape than its config.json says"),
        ("error_msgs", "could not be used"),
    ):
        if tensors := sorted(map(str, report.get(key) or ())):
            raise bad_weights(files.path, f"tensor “{shown(tensors[0])}” {problem}")
