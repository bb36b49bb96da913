"""What other programs call the schedulers that a person can choose here. Plain data."""

from __future__ import annotations

import re

_OURS = {
    "euler": "euler",
    "eulera": "euler-a",
    "eulerancestral": "euler-a",
    "dpm++2m": "dpm++",
    "ddim": "ddim",
    "lms": "lms",
    "heun": "heun",
    "dpm++2msde": "dpm++-sde",
    "dpm2": "dpm2",
    "kdpm2": "dpm2",
    "dpm2a": "dpm2-a",
    "dpm2ancestral": "dpm2-a",
    "kdpm2a": "dpm2-a",
    "kdpm2ancestral": "dpm2-a",
    "unipc": "unipc",
    "unipcbh2": "unipc",
    "pndm": "pndm",
    "plms": "pndm",
    "lcm": "lcm",
}
INFOTEXT_NAMES = {
    "euler": "Euler",
    "euler-a": "Euler a",
    "dpm++": "DPM++ 2M",
    "ddim": "DDIM",
    "lms": "LMS",
    "heun": "Heun",
    "dpm++-sde": "DPM++ 2M SDE",
    "dpm2": "DPM2",
    "dpm2-a": "DPM2 a",
    "unipc": "UniPC",
    "pndm": "PLMS",
    "lcm": "LCM",
}
"""Ours → what AUTOMATIC1111's web UI calls it."""
_KARRAS = re.compile(r"[ _]karras$|_k$")


def named(name: str) -> str:
    """Return the studio's name for another program's sampler; empty if unsupported.

    Understands the spellings of AUTOMATIC1111 (``DPM++ 2M Karras``), ComfyUI and Fooocus
    (``dpmpp_2m_sde_gpu``) and InvokeAI (``dpmpp_2m_k``, ``k_euler_a``).
    """
    plain = _KARRAS.sub("", name.strip().lower()).removesuffix("_gpu").removeprefix("k_")
    plain = plain.replace("pp", "++")
    return _OURS.get(re.sub(r"[ _-]", "", plain), "")


def is_karras(name: str, schedule: str = "") -> bool:
    """Whether a sampler's name or its schedule asks for the noise levels of Karras and others."""
    return schedule.strip().lower() == "karras" or bool(_KARRAS.search(name.strip().lower()))
