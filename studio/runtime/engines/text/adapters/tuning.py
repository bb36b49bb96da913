"""What a text engine does for those who fine-tune its model: see ``studio.api.worker.tuning``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from studio.api.worker.text import ChatMessage
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.adapters.adapter_file import join, read_adapter
from studio.runtime.engines.text.adapters.merged_file import refuse_unmergeable, write_merged
from studio.runtime.engines.text.adapters.trainable import TrainableNetwork, float_type
from studio.runtime.engines.text.decoder.model_files import ModelFiles
from studio.runtime.engines.text.decoder.weights_loader import load_decoder
from studio.runtime.engines.text.formats.config import KNOWN

Opened = Callable[[], ModelFiles] | None
"""Opens the files of an engine; None for one that was made of no files."""


def network(
    opened: Opened,
    device: str,
    ends: Sequence[int],
    digest: str,
    decode: Callable[[Sequence[int]], str],
) -> Generator[float, None, TrainableNetwork]:
    """Yield the share done; return the model as floats, for training adapters.

    Args:
        ends, digest, decode: As ``TextNetwork`` has them.

    Raises:
        StudioError: ``UNSUPPORTED``: transformers computes it.
    """
    with _files(opened) as files:
        if files.is_foreign:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                "This model cannot be fine-tuned: it is run by transformers.",
                f"Choose one of {KNOWN}.",
            )
        model = yield from load_decoder(
            files.source, files.names, files.config, float_type(device), device
        )
        return TrainableNetwork(model, files.names, ends, digest, decode)


def check_mergeable(opened: Opened) -> None:
    """Raise unless the model can be written with an adapter added.

    Raises:
        StudioError: ``UNSUPPORTED``: it is not in one GGUF file.
    """
    with _files(opened) as files:
        refuse_unmergeable(files.path)


def merge(opened: Opened, adapter: Path, target: Path) -> Generator[float, None, None]:
    """Yield the share done; write the model with ``adapter`` added as a GGUF file.

    Raises:
        StudioError: As ``check_mergeable``; or ``adapter`` does not fit.
        OSError: The disk refused.
    """
    check_mergeable(opened)
    found = read_adapter(adapter)
    if found is None:
        raise StudioError(ErrorCode.BAD_WEIGHTS, f"{adapter.name} is not an adapter.")
    with _files(opened) as files:
        yield from write_merged(join(files, found), target)


def _files(opened: Opened) -> ModelFiles:
    if opened is None:
        raise StudioError(ErrorCode.UNSUPPORTED, "This model was not read from files of its own.")
    return opened()


def turn_ends(
    ends: Sequence[int], rendered: Callable[[Sequence[ChatMessage]], list[int]]
) -> list[int]:
    """Return ``ends``, first the one that a conversation is written with.

    Args:
        rendered: Returns the ids of a whole conversation.
    """
    turn: list[ChatMessage] = [{"role": "user", "content": "?"}]
    turn.append({"role": "assistant", "content": "!"})
    with contextlib.suppress(StudioError):  # a template may refuse anything
        ids = rendered(turn)
        ends = [*[token for token in reversed(ids) if token in ends][:1], *ends]
    return list(dict.fromkeys(ends))
