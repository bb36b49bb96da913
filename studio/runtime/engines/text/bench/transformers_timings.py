"""transformers with a static cache on a card, for the bench: what our decoder is measured against.

Where it can compile a step it does; where there is no compiler it makes plain ones. No job comes by
here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from studio.runtime.engines.text.formats.transformers_folder import library

log = logging.getLogger(__name__)

ROUNDS = 3


def tokens_a_second(path: Path, device: str, prompt: Sequence[int], tokens: int) -> dict[str, Any]:
    """Load the file or folder at ``path`` as bfloat16 and write ``tokens`` after ``prompt``.

    Returns:
        ``tokens_per_second`` after the first token, at best; ``is_compiled``. Or ``told``: why
        nothing was measured.
    """
    try:
        model = _loaded(path).to(device)
        try:
            rate, is_compiled = _rate(model, device, prompt, tokens, is_compiled=True), True
        except Exception:
            log.exception("transformers cannot compile its step here")
            rate, is_compiled = _rate(model, device, prompt, tokens, is_compiled=False), False
    except Exception as error:  # another library's: it must not end the bench
        log.exception("transformers was not measured")
        return {"told": f"transformers was not measured: {' '.join(str(error).split())[:200]}"}
    return {"tokens_per_second": rate, "is_compiled": is_compiled}


def _loaded(path: Path) -> Any:
    folder, name = (path, None) if path.is_dir() else (path.parent, path.name)
    auto = library().AutoModelForCausalLM
    how = {"gguf_file": name} if name else {}
    return auto.from_pretrained(
        str(folder), dtype=torch.bfloat16, local_files_only=True, trust_remote_code=False, **how
    ).eval()


def _rate(
    model: Any, device: str, prompt: Sequence[int], tokens: int, *, is_compiled: bool
) -> float:
    ids = torch.tensor([prompt], device=device)

    def seconds(count: int) -> float:
        began = time.perf_counter()
        model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, eos_token_id=None,
            min_new_tokens=count, max_new_tokens=count, cache_implementation="static",
            disable_compile=not is_compiled,
        ).cpu()  # fmt: skip
        return time.perf_counter() - began

    seconds(tokens)  # compiles, captures
    whole, first = (min(seconds(count) for _ in range(ROUNDS)) for count in (tokens, 1))
    return (tokens - 1) / max(whole - first, 1e-9)
