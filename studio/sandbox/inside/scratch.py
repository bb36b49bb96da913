"""The folders that a run may fill: are they full, and emptying them. Collects nothing."""

from __future__ import annotations

import os

from studio.sandbox.inside.order import Order

MOST_ENTRIES = 20_000


class Scratch:
    """The box of one run."""

    def __init__(self, order: Order) -> None:
        self._order = order

    def overrun(self) -> str:
        """Return the violated write limit that ends the run; empty if none."""
        if self._order.has_namespaces:  # a file system of its own keeps the size, not the number
            usage = os.statvfs(self._order.box)
            return "disk" if usage.f_files - usage.f_ffree > MOST_ENTRIES else ""
        entries, size = self._measure()
        is_over = entries > MOST_ENTRIES or size > self._order.limits["scratch_bytes"]
        return "disk" if is_over else ""

    def _measure(self) -> tuple[int, int]:
        entries = size = 0
        folders = [self._order.box]
        while folders and entries <= MOST_ENTRIES:
            try:
                with os.scandir(folders.pop()) as listing:
                    for entry in listing:
                        entries += 1
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(entry.path)
                        else:
                            size += entry.stat(follow_symlinks=False).st_blocks * 512
            except OSError:  # gone meanwhile, or too deep to be named
                continue
        return entries, size

    def empty(self) -> None:
        """Remove the run's own folder. With a file system of its own the kernel does it."""
        if not self._order.has_namespaces:
            folder = os.path.dirname(self._order.box)
            empty(folder)
            os.rmdir(folder)


def empty(folder: str) -> None:
    """Delete the contents of ``folder``: depth by lifting folders up, so that no path gets long."""
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        lifted = 0
        while entries := os.listdir(top):
            for name in entries:
                try:
                    os.unlink(name, dir_fd=top)
                    continue
                except (IsADirectoryError, PermissionError):
                    lifted = _lift(top, name, lifted)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)


def _lift(top: int, name: str, lifted: int) -> int:
    """Empty one folder: its files are removed, its folders moved up. Returns the next number."""
    os.chmod(name, 0o700, dir_fd=top)  # it may have been made unreadable
    folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    try:
        for entry in os.listdir(folder):
            try:
                os.unlink(entry, dir_fd=folder)
            except (IsADirectoryError, PermissionError):
                os.chmod(entry, 0o700, dir_fd=folder)
                os.rename(entry, f"lifted-{lifted}", src_dir_fd=folder, dst_dir_fd=top)
                lifted += 1
    finally:
        os.close(folder)
    return lifted
