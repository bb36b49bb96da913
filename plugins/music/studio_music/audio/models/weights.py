"""Recognises, measures and loads audio models. Decides nothing about memory."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from studio.api import ErrorCode, Requirements, StudioError, WeightsFacts
from studio.api.worker.config_files import broken, read_json
from studio_music.audio.models.model_spec import WINDOW, Architecture, ModelSpec, Part
from studio_music.audio.models.networks import AudioModel, build, native_dtype

INDEX: Final = "model_index.json"
PICKLES: Final = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl"})
PIPELINES: Final[Mapping[str, Architecture]] = {
    "StableAudioPipeline": "stable-audio",
    "AudioLDMPipeline": "audioldm",
    "AudioLDM2Pipeline": "audioldm2",
}
_MUSICGEN: Final[Mapping[str, str]] = {
    "musicgen": "MusicgenForConditionalGeneration",
    "musicgen_melody": "MusicgenMelodyForConditionalGeneration",
}
_INSIDE: Final = {"text_encoder": "t5", "audio_encoder": "encodec"}
_NUMBERS: Final = 1 << 24
_LAYERS: Final = 256
_LIST: Final = 512

_T5 = frozenset({"T5Tokenizer", "T5TokenizerFast"})
_ROBERTA = frozenset({"RobertaTokenizer", "RobertaTokenizerFast"})
_SCHEDULERS = frozenset(
    {
        "CosineDPMSolverMultistepScheduler", "EDMDPMSolverMultistepScheduler", "DDIMScheduler",
        "DPMSolverMultistepScheduler", "EulerDiscreteScheduler", "LMSDiscreteScheduler",
        "PNDMScheduler",
    }
)  # fmt: skip
# Part → where its class is, and which it may be; the first is what it is loaded as.
_PARTS: Final[Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]]] = {
    "stable-audio": {
        "transformer": ("diffusers", ("StableAudioDiTModel",)),
        "vae": ("diffusers", ("AutoencoderOobleck",)),
        "projection_model": ("diffusers", ("StableAudioProjectionModel",)),
        "text_encoder": ("transformers", ("T5EncoderModel",)),
    },
    "audioldm": {
        "unet": ("diffusers", ("UNet2DConditionModel",)),
        "vae": ("diffusers", ("AutoencoderKL",)),
        "text_encoder": ("transformers", ("ClapTextModelWithProjection",)),
        "vocoder": ("transformers", ("SpeechT5HifiGan",)),
    },
    "audioldm2": {
        "unet": ("diffusers", ("AudioLDM2UNet2DConditionModel",)),
        "vae": ("diffusers", ("AutoencoderKL",)),
        "projection_model": ("diffusers", ("AudioLDM2ProjectionModel",)),
        # WORKAROUND diffusers 0.42: https://github.com/huggingface/diffusers/issues/12630:
        # published folders say GPT2Model, which can no longer generate; the other has the same
        # weights, its head is the embedding. May go once the pipeline takes a GPT2Model.
        "language_model": ("transformers", ("GPT2LMHeadModel", "GPT2Model")),
        "text_encoder": ("transformers", ("ClapModel",)),
        "text_encoder_2": ("transformers", ("T5EncoderModel",)),
        "vocoder": ("transformers", ("SpeechT5HifiGan",)),
    },
}
_TOKENIZERS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "stable-audio": {"tokenizer": _T5},
    "audioldm": {"tokenizer": _ROBERTA},
    "audioldm2": {"tokenizer": _ROBERTA, "tokenizer_2": _T5},
}


def is_audio_model(path: Path) -> bool:
    """Whether ``path`` is a folder whose config names a supported audio model."""
    try:
        if (path / INDEX).is_file():
            return read_json(path / INDEX).get("_class_name") in PIPELINES
        config = path / "config.json"
        return config.is_file() and read_json(config).get("model_type") in _MUSICGEN
    except StudioError:  # something else that cannot be read
        return False


def read_folder(path: Path) -> ModelSpec:
    """Return the spec of the audio model at ``path``; ``is_audio_model`` holds for it.

    Raises:
        StudioError: It names a class that is not in the table, has pickles instead of safetensors,
            or is broken; says which.
    """
    return _pipeline(path) if (path / INDEX).is_file() else _musicgen(path)


def _musicgen(path: Path) -> ModelSpec:
    config = read_json(path / "config.json")
    check_numbers(config, path.name)
    kind = str(config["model_type"])
    inside = {**_INSIDE, "decoder": f"{kind}_decoder"}
    for name, wanted in inside.items():
        given = config.get(name)
        if not isinstance(given, dict):
            raise broken(path.name, f"its config.json says nothing of its {name}")
        if given.get("model_type", wanted) not in (wanted, f"{kind}_decoder"):
            raise _refused(path, name, given.get("model_type"))
    part = _part(path, "transformers", _MUSICGEN[kind], "model", config)
    extras = {}
    for name, file in (
        ("generation", "generation_config.json"),
        ("preprocessor", "preprocessor_config.json"),
    ):
        if (path / file).is_file():
            extras[name] = read_json(path / file)
            check_numbers(extras[name], path.name)
    return ModelSpec(
        path,
        cast(Architecture, kind),
        {"model": part},
        {"tokenizer": ("T5TokenizerFast", path)},
        extras=extras,
    )


def _pipeline(path: Path) -> ModelSpec:
    index = read_json(path / INDEX)
    architecture = PIPELINES[str(index["_class_name"])]
    parts: dict[str, Part] = {}
    for name, (library, kinds) in _PARTS[architecture].items():
        _check_class(path, name, index.get(name), kinds)
        config = read_json(path / name / "config.json")
        check_numbers(config, f"{path.name}/{name}")
        stem = "model" if library == "transformers" else "diffusion_pytorch_model"
        parts[name] = _part(path / name, library, kinds[0], stem, config)
    for name, words in _TOKENIZERS[architecture].items():
        _check_class(path, name, index.get(name), words)
    _check_class(path, "scheduler", index.get("scheduler"), _SCHEDULERS)
    scheduler = read_json(path / "scheduler" / "scheduler_config.json")
    check_numbers(scheduler, f"{path.name}/scheduler")
    names = _TOKENIZERS[architecture]
    return ModelSpec(
        path,
        architecture,
        parts,
        {name: (index[name][1], path / name) for name in names},
        (index["scheduler"][1], scheduler),
    )


def _check_class(path: Path, name: str, value: object, kinds: Any) -> None:
    if not isinstance(value, list) or len(value) != 2:
        raise broken(path.name, f"its {INDEX} names no {name}")
    if value[1] not in kinds:
        raise _refused(path, name, ".".join(map(str, value)))


def _refused(path: Path, part: str, class_name: object) -> StudioError:
    return StudioError(
        ErrorCode.UNSUPPORTED,
        f"“{path.name}” uses “{str(class_name)[:80]}” as its {part[:40]}, which is not supported; "
        "code from a model folder is never run.",
        "Use the original MusicGen, Stable Audio Open, AudioLDM or AudioLDM 2.",
    )


def _part(folder: Path, library: str, kind: str, stem: str, config: Mapping[str, Any]) -> Part:
    files = _weight_files(folder, stem)
    clean = {k: v for k, v in config.items() if not k.startswith("_") and k != "auto_map"}
    return Part(library, kind, clean, files, sum(map(_count, files)))


def _weight_files(folder: Path, stem: str) -> tuple[Path, ...]:
    """Return the safetensors of a network: whole, else in half precision, else in shards."""
    for pattern in (".safetensors", ".fp16.safetensors", "-*-of-*.safetensors"):
        if files := sorted(folder.glob(stem + pattern)):
            return tuple(files)
    if any(file.suffix in PICKLES for file in folder.glob("*")):
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{folder.name}” is stored as a pickle file, a format that can run code when opened.",
            "Use a safetensors version of this model.",
        )
    raise broken(folder.name, f"there is no {stem}.safetensors")


def _count(path: Path) -> int:
    """Return how many numbers a safetensors file holds, from its header alone."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    except (SafetensorError, OSError, UnicodeDecodeError) as error:
        raise broken(path.name, f"it is not a complete safetensors file ({error})") from error


def check_numbers(config: Mapping[str, Any], where: str) -> None:
    """Refuse sizes that no such network has, before anything of that size is built.

    Raises:
        StudioError: A number is absurd, or a list too long.
    """
    for name, value in _values(config, 0):
        if isinstance(value, list):
            if len(value) > _LIST:
                raise broken(where, f"its config lists {len(value)} values of {name[:40]}")
        elif not abs(value) <= (_LAYERS if "layers" in name or "depth" in name else _NUMBERS):
            raise broken(where, f"its config says {name[:40]} = {str(value)[:40]}")


def _values(config: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the numbers of a config and of those inside it, and its lists."""
    if depth > 8:
        raise broken("config.json", "it is nested too deeply")
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _values(value, depth + 1)
        elif isinstance(value, list):
            yield name, value
            yield from ((name, number) for number in value if _is_number(number))
        elif _is_number(value):
            yield name, value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


CAPABILITY = "text-to-audio"


class AudioLoader:
    """The ``Loader`` of the family ``audio-model``: folders of transformers and diffusers.

    Attributes:
        family: ``audio-model``.
    """

    family = "audio-model"

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return facts from the configs at ``path``, or None if this is not an audio model.

        Raises:
            StudioError: It is one, but broken, a pickle, or of an unsupported kind.
        """
        if not is_audio_model(path):
            return None
        spec = read_folder(path)
        facts = {
            "architecture": spec.title,
            "parameters": spec.parameters,
            "sample_rate": spec.rate,
            "channels": spec.channels,
            "longest": round(spec.longest, 1),
        }
        return WeightsFacts(self.family, path.name, (CAPABILITY,), facts)

    def measure(self, path: Path, device: str = "cpu") -> Requirements:
        """Return the memory that weights and one sound of the usual length take."""
        spec = read_spec(path)
        item = native_dtype(device).itemsize
        return Requirements(spec.parameters * item, spec.working_bytes(min(WINDOW, spec.longest)))

    def load(self, path: Path, device: str) -> Generator[float, None, AudioModel]:
        """Yield the share done between tensors; return the model."""
        return build(read_spec(path), device, native_dtype(device))

    def park(self, loaded: AudioModel) -> None:
        """Move the networks to the memory of the processor."""
        loaded.to("cpu")

    def unpark(self, loaded: AudioModel, device: str) -> None:
        """Move them back."""
        loaded.to(device)

    def unload(self, loaded: AudioModel) -> None:
        """Let go of the weights, whoever still holds the model."""
        loaded.close()


def loader() -> AudioLoader:
    """Return the loader of this family."""
    return AudioLoader()


def read_spec(path: Path) -> ModelSpec:
    """Return the spec of the weights at ``path``.

    Raises:
        StudioError: They are no audio model, broken or not supported.
    """
    if not is_audio_model(path):
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            f"“{path.name}” is not an audio model.",
            f"Choose a folder of MusicGen (config.json) or Stable Audio or AudioLDM ({INDEX}).",
        )
    return read_folder(path)
