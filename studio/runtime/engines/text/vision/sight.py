"""How pictures get into a prompt: the library's own processor, made from checked objects.

As with the model itself (``formats/transformers_folder.py``): it gets no path and no name, imports
nothing that a folder asks for, and asks nobody.
"""

from __future__ import annotations

import importlib
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from PIL import Image, ImageOps

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown
from studio.runtime.engines.text.formats.model_folder import ModelFolder
from studio.runtime.engines.text.formats.strict_json import read_bytes
from studio.runtime.engines.text.formats.transformers_folder import library

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
            self._processor = self._made(kind, images, asked)
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

    def _made(self, kind: str, images: Mapping[str, Any], asked: Mapping[str, Any]) -> Any:
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
