"""A model of the library that reads pictures, too.

All of a prompt up to its last picture is read at once, as the library itself reads it: some kinds
let the pieces of a picture look at each other, others turn them by their place in it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.model_files import ModelFiles
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.decoder.transformers_decoder import (
    TransformersCache,
    TransformersDecoder,
)
from studio.runtime.engines.text.formats.config import LlamaConfig
from studio.runtime.engines.text.formats.model_folder import ModelFolder
from studio.runtime.engines.text.formats.transformers_folder import is_seeing
from studio.runtime.engines.text.vision.picture_ids import PICTURE
from studio.runtime.engines.text.vision.sight import Sight

_MOST_PROMPTS = 32
"""Whose pictures are kept in memory: those of jobs at work, and of turns to come."""
_PLACES = "rope_deltas"
"""What some kinds remember in the model itself, although it is one text's own."""


class SeeingCache(TransformersCache):
    """What has been read of one text.

    Attributes:
        places: How far its places are from a plain count, where the kind of model has that.
    """

    places: Any = None

    def start_as(self, other: Self) -> None:
        """Copy what ``other``, of the same model, has read."""
        super().start_as(other)
        self.places = other.places


class SeeingDecoder(TransformersDecoder):
    """A model of the library that sees.

    Attributes:
        sight: Prepares pictures for it.
    """

    def __init__(self, model: Any, config: LlamaConfig, sight: Sight) -> None:
        super().__init__(model, config)
        self.sight = sight
        self._prompts: OrderedDict[int, Mapping[str, Tensor]] = OrderedDict()
        self._known: dict[bytes, int] = {}
        self._next = PICTURE
        self._kinds = [name for name in ("token_type_ids", "mm_token_type_ids") if self._has(name)]

    def new_cache(self, capacity: int) -> SeeingCache:
        """Return an empty cache for a text of at most ``capacity`` tokens."""
        return SeeingCache(capacity)

    def with_pictures(self, text: str, pictures: Sequence[bytes]) -> list[int]:
        """Return the ids of a rendered prompt; where a picture is they are beyond the vocabulary.

        Raises:
            StudioError: A picture cannot be read, or the model has no place for it.
        """
        ids, inputs = self.sight.inputs(text, pictures)
        digest = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in pictures))
        digest.update(str([(name, tuple(each.shape)) for name, each in inputs.items()]).encode())
        number = self._known.get(digest.digest(), 0)
        if number not in self._prompts:
            number, self._next = self._next, self._next + 1
            self._known[digest.digest()] = number
        self._prompts[number] = inputs
        self._prompts.move_to_end(number)
        while len(self._prompts) > _MOST_PROMPTS:
            gone, _ = self._prompts.popitem(last=False)
            self._known = {key: each for key, each in self._known.items() if each != gone}
        return [number if id == self.sight.token else id for id in ids]

    def _continued(self, own: TransformersCache, passage: Passage) -> tuple[Tensor, Any]:
        assert isinstance(own, SeeingCache), "a cache belongs to the model that made it"
        tokens = passage.tokens
        if own.past is None:
            tokens = torch.cat([*own.pieces, tokens])
            own.places = None
        self._remember(own.places)
        found = self._forward(tokens, own.past, passage.wanted)
        own.places = getattr(self._model.model, _PLACES, None)
        return found

    def _forward(
        self, tokens: Tensor, past: Any, wanted: int, more: Mapping[str, Any] | None = None
    ) -> tuple[Tensor, Any]:
        seen = tokens >= PICTURE
        if past is None:
            more = {name: seen[None].to(self.device, torch.int64) for name in self._kinds}
        if bool(seen.any()):
            (number,) = set(tokens[seen].tolist())
            inputs = self._prompts.get(number)
            if inputs is None or past is not None:
                raise StudioError(
                    ErrorCode.NOT_FOUND,
                    "The pictures of this text are not in memory any more.",
                    "Ask again.",
                )
            kind = next(self._model.parameters()).dtype
            more = {**(more or {}), **{n: _placed(v, self.device, kind) for n, v in inputs.items()}}
            tokens = torch.where(seen, self.sight.token, tokens)
        return super()._forward(tokens, past, wanted, more)

    def _remember(self, places: Any) -> None:
        if hasattr(self._model.model, _PLACES):
            setattr(self._model.model, _PLACES, places)

    def _has(self, name: str) -> bool:
        return name in self.parameters


def decoder_of(files: ModelFiles) -> Callable[[Any, LlamaConfig], TransformersDecoder]:
    """Return what makes a decoder of the library's model of ``files``.

    Raises:
        StudioError: It sees, and what prepares pictures for it is missing or broken.
    """
    if not is_seeing(files.values):
        return TransformersDecoder
    sight = Sight(ModelFolder(files.path), files.values)
    return partial(SeeingDecoder, sight=sight)


def seeing(model: object, pictures: Sequence[bytes]) -> SeeingDecoder | None:
    """Return ``model`` if it sees.

    Raises:
        StudioError: ``UNSUPPORTED``: there are pictures, and it does not.
    """
    if isinstance(model, SeeingDecoder):
        return model
    if pictures:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "This model reads text only and cannot see pictures.",
            "Remove the picture, or choose a model that sees, such as SmolVLM or Qwen2-VL.",
        )
    return None


def _placed(value: Tensor, device: torch.device, kind: torch.dtype) -> Tensor:
    return value.to(device, kind) if value.is_floating_point() else value.to(device)
