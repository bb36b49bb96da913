"""Every architecture, by name."""

from __future__ import annotations

from collections.abc import Mapping

from studio_lab.networks import vae
from studio_lab.networks.architecture import Architecture

ARCHITECTURES: Mapping[str, Architecture] = {
    module.ARCHITECTURE.name: module.ARCHITECTURE for module in (vae,)
}
