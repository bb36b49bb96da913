"""A network on a card a block at a time: the others wait in the memory of the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def by_block(network: Any) -> Iterator[None]:
    """Keep only the block of ``network`` on its device that computes; all of it is back then."""
    from diffusers.hooks import HookRegistry, apply_group_offloading

    device = network.device
    apply_group_offloading(network, device, offload_type="block_level", num_blocks_per_group=1)
    try:
        yield
    finally:
        for module in network.modules():
            registry = getattr(module, "_diffusers_hook", None)
            if isinstance(registry, HookRegistry):
                for name in list(registry.hooks):
                    registry.remove_hook(name, recurse=False)
        network.to(device)
