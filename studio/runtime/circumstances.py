"""What this process computes with, in words: for the records of its jobs. Imports no library."""

from __future__ import annotations

import contextlib
import os
import platform
from importlib import metadata
from pathlib import Path

_PACKAGES = (
    "offline-studio", "torch", "numpy", "numba", "llvmlite", "safetensors", "tokenizers",
    "llguidance", "jinja2", "pillow", "transformers", "diffusers", "cyllama",
)  # fmt: skip
"""Those of the studio that can change a result."""

_CHOICES = {
    "STUDIO_INSTRUCTIONS": "instructions setting",
    "STUDIO_TEXT_ENGINE": "text engine setting",
    "ATEN_CPU_CAPABILITY": "torch instructions setting",
    "ONEDNN_MAX_CPU_ISA": "oneDNN instructions setting",
    "MKL_CBWR": "MKL reproducibility setting",
}
"""Variables of the environment that choose the code which computes. Each name ends in “setting”:
a cause is told as one by that."""

_INSTRUCTIONS = (
    "fma", "avx2", "avx512f", "avx512vl", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8",
    "amx_bf16", "asimd", "asimddp", "bf16", "i8mm", "sve",
)  # fmt: skip
"""Sets that libraries choose their code by, as ``/proc/cpuinfo`` calls them."""


def versions() -> dict[str, str]:
    """Return name of a package, or of a circumstance → version or value."""
    libc = " ".join(platform.libc_ver())
    found = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()} {libc}".strip(),
        "instructions": " ".join(_instructions()),
        **{name: os.environ.get(variable, "") for variable, name in _CHOICES.items()},
    }
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return {name: value for name, value in found.items() if value}


def _instructions() -> list[str]:
    """Return the sets of instructions that this processor has; none where it does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith(("flags", "Features")):
                has = set(line.partition(":")[2].split())
                return [name for name in _INSTRUCTIONS if name in has]
    return []
