"""A model of the library that reads pictures, too.

All of a prompt up to its last picture is read at once, as the library itself reads it: some kinds
let the pieces of a picture look at each other, others turn them by their place in it.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Self

import torch
from PIL import Image, ImageOps
from torch import Tensor

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.decoder.model_files import ModelFiles
from studio.runtime.engines.text.decoder.protocol import Passage
from studio.runtime.engines.text.decoder.transformers_decoder import (
    TransformersCache,
    TransformersDecoder,
)
from studio.runtime.engines.text.formats.config import LlamaConfig
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown
from studio.runtime.engines.text.formats.model_folder import ModelFolder
from studio.runtime.engines.text.formats.strict_json import read_bytes
from studio.runtime.engines.text.formats.transformers_folder import is_seeing, library
from studio.runtime.engines.text.vision.picture_ids import PICTURE

MAX_PICTURES = 16
MAX_PIXELS = 100_000_000
"""Of a picture's file, before it is decoded."""
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_MAX_TOKENIZER_BYTES = 64 << 20
_LARGEST_SIDE, _MOST_PIXELS = 1 << 14, 1 << 26
_DROPPED = frozenset({"processor_class", "auto_map", "image_processor_type", "feature_extractor"})
_NESTED = frozenset({"image_processor", "video_processor", "tokenizer"})
_NO_INPUT = frozenset({"input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids"})


class Sight:
    """Makes of a rendered prompt and its pictures what a model of the library reads.

    The library's own processor does it, made from checked objects. As with the model itself
    (``formats/transformers_folder.py``): it gets no path and no name, imports nothing that a
    folder asks for, and asks nobody.

    Attributes:
        token: Id of the token that stands for a piece of a picture in the vocabulary.
    """

    def __init__(self, folder: ModelFolder, values: Mapping[str, Any]) -> None:
        """Read the small files of ``folder``, whose config.json has ``values``.

        Raises:
            StudioError: A file is missing or absurd, or the library refuses it.
        """
        self._folder = folder
        kind = str(values["model_type"])
        token = values.get("image_token_id", values.get("image_token_index"))
        if type(token) is not int:
            raise bad_weights(folder.path, "config.json names no token for pictures")
        self.token = token
        asked = folder.json_if_any("processor_config.json")
        images = folder.json_if_any("preprocessor_config.json") or asked.get("image_processor", {})
        if not isinstance(images, dict):
            raise bad_weights(folder.path, "it does not say how pictures are prepared")
        self._refuse_absurd(images)
        self._refuse_absurd(asked)
        try:
            self._processor = self._make_processor(kind, images, asked)
        except StudioError:
            raise
        except Exception as error:
            raise bad_weights(
                folder.path, f"transformers cannot prepare pictures for it ({shown(str(error))})"
            ) from error

    def inputs(self, text: str, pictures: Sequence[bytes]) -> tuple[list[int], dict[str, Any]]:
        """Return the token ids of a rendered prompt, and the tensors that its pictures are.

        Raises:
            StudioError: A file is no picture, there are too many, or the chat template shows
                fewer.
        """
        if len(pictures) > MAX_PICTURES:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"{len(pictures)} pictures are too many for one conversation.",
                f"Send at most {MAX_PICTURES}.",
            )
        images = [decoded(each) for each in pictures]
        try:
            made = self._processor(
                text=[text], images=[images], return_tensors="pt", add_special_tokens=False
            )
        except Exception as error:
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                "The model's own rules for pictures do not work with this message.",
                "Send one picture at a time, or choose another model.",
                details=repr(error),
            ) from error
        ids = made["input_ids"][0].tolist()
        if self.token not in ids:
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                "The model's chat template has no place for pictures.",
                "Choose another model.",
            )
        return ids, {name: made[name] for name in made if name not in _NO_INPUT}

    def _make_processor(
        self, kind: str, images: Mapping[str, Any], asked: Mapping[str, Any]
    ) -> Any:
        lib = library()
        auto = importlib.import_module("transformers.models.auto.image_processing_auto")
        names = importlib.import_module("transformers.models.auto.processing_auto")
        one = getattr(lib, auto.IMAGE_PROCESSOR_MAPPING_NAMES[kind]["pil"])
        both = getattr(lib, names.PROCESSOR_MAPPING_NAMES[kind])
        settings = {k: v for k, v in images.items() if k not in _DROPPED}
        # Films are not read: what would prepare them stays away, which the library minds.
        seeing = type(both.__name__, (both,), {"check_argument_for_proper_class": _any_will_do})
        parts: dict[str, Any] = {
            "image_processor": one.from_dict(settings),
            "tokenizer": self._tokenizer(lib),
        }
        if "video_processor" in both.get_attributes():
            parts["video_processor"] = None
        known = {k: v for k, v in asked.items() if k not in _DROPPED | _NESTED}
        return seeing(**parts, **known)

    def _tokenizer(self, lib: Any) -> Any:
        tokenizers = importlib.import_module("tokenizers")
        rules = read_bytes(self._folder.file("tokenizer.json"), _MAX_TOKENIZER_BYTES)
        settings = self._folder.json_if_any("tokenizer_config.json")
        named = {k: v for k, v in settings.items() if k.endswith("_token") and isinstance(v, str)}
        more = settings.get("extra_special_tokens")
        if isinstance(more, dict):
            named |= {k: v for k, v in more.items() if isinstance(v, str)}
        known = ("bos_token", "eos_token", "unk_token", "pad_token")
        return lib.PreTrainedTokenizerFast(
            tokenizer_object=tokenizers.Tokenizer.from_str(rules.decode("utf-8")),
            extra_special_tokens={k: v for k, v in named.items() if k not in known},
            **{k: v for k, v in named.items() if k in known},
        )

    def _refuse_absurd(self, values: Mapping[str, Any]) -> None:
        for key, number in _numbers(values):
            limit = _MOST_PIXELS if "pixels" in key or "edge" in key else _LARGEST_SIDE
            if abs(number) > limit:
                problem = f"{shown(key)} is {number:g}; the limit is {limit}"
                raise bad_weights(self._folder.path, problem)


def decoded(data: bytes) -> Image.Image:
    """Return a picture as RGB, upright.

    Raises:
        StudioError: ``BAD_INPUT``: it is none, or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # ours is below
            image: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise StudioError(
                    ErrorCode.BAD_INPUT,
                    f"The picture has {image.width:,} × {image.height:,} pixels; the limit is 100 "
                    "million.",
                    "Make it smaller.",
                )
            return ImageOps.exif_transpose(image).convert("RGB")
    except StudioError:
        raise
    except Exception as error:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            "The picture cannot be read.",
            "Use PNG, JPEG, WebP, BMP, GIF or TIFF.",
            details=repr(error),
        ) from error


def _any_will_do(_self: Any, _name: str, _part: Any) -> None:
    """In the place of the library's check of the parts of a processor."""


def _numbers(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _numbers(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item, key)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, value


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
