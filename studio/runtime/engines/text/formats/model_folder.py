"""A Hugging Face model folder: finds its files and lets none lie elsewhere. Runs nothing in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.formats.load_errors import bad_weights, shown, unsupported
from studio.runtime.engines.text.formats.strict_json import read_object

MAX_CONFIG_BYTES = 1 << 20
MAX_INDEX_BYTES = 16 << 20
MAX_SHARDS = 1_000

_INDEX = "model.safetensors.index.json"


class ModelFolder:
    """The files of one model.

    In a Hugging Face cache the files are links from ``models--*/snapshots/<rev>`` into
    ``models--*/blobs``, so there the whole ``models--*`` folder is the limit; elsewhere the folder.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._root = _model_root(path).resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise bad_weights(
                path, "the folder cannot be opened", "Choose another folder."
            ) from error

    def has(self, name: str) -> bool:
        """Return whether there is a file ``name``."""
        return (self.path / name).is_file()

    def file(self, name: str) -> Path:
        """Return the file ``name``, which lies in this folder and nowhere else.

        Raises:
            StudioError: The name has a path in it, or the file is missing or outside.
        """
        if not name or name != Path(name).name or "\\" in name or ":" in name or "\0" in name:
            raise bad_weights(
                self.path, f"it names the file “{shown(name)}”, which is not a plain file name"
            )
        path = self.path / name
        try:
            real = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise StudioError(
                ErrorCode.BAD_WEIGHTS,
                f"{shown(self.path)} cannot be used: the file “{shown(name)}” is missing.",
                "Copy or download the whole folder again.",
            ) from error
        if not real.is_relative_to(self._root):
            raise bad_weights(self.path, f"the file “{shown(name)}” is outside the model folder")
        return path

    def json(self, name: str, limit: int = MAX_CONFIG_BYTES) -> dict[str, Any]:
        """Return the JSON object in the file ``name``."""
        return read_object(self.file(name), limit)

    def json_if_any(self, name: str) -> dict[str, Any]:
        """Return the JSON object in the file ``name``; an empty one if there is no such file."""
        return self.json(name) if self.has(name) else {}

    def shards(self) -> list[Path]:
        """Return the safetensors files that make up the weights.

        Raises:
            StudioError: There are none, or the index is broken.
        """
        if self.has(_INDEX):
            return [self.file(name) for name in self._indexed()]
        if self.has("model.safetensors"):
            return [self.file("model.safetensors")]
        if self.has("pytorch_model.bin"):
            raise unsupported(
                self.path,
                "its weights are in a pickle file (pytorch_model.bin), which can run code when "
                "opened",
                "Download a safetensors or GGUF version of this model.",
            )
        raise bad_weights(
            self.path, "it has no model.safetensors", "Choose a complete model folder."
        )

    def _indexed(self) -> list[str]:
        places = self.json(_INDEX, MAX_INDEX_BYTES).get("weight_map")
        if not isinstance(places, dict) or not all(isinstance(v, str) for v in places.values()):
            raise bad_weights(self.path / _INDEX, "weight_map does not map names to files")
        names = sorted(set(places.values()))
        if not 1 <= len(names) <= MAX_SHARDS:
            raise bad_weights(
                self.path / _INDEX, f"it lists {len(names)} files; the limit is {MAX_SHARDS}"
            )
        return names


def _model_root(path: Path) -> Path:
    inside_cache = path.parent.name == "snapshots" and path.parent.parent.name.startswith(
        "models--"
    )
    return path.parent.parent if inside_cache else path
