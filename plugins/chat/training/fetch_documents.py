"""Fetch the documents of the bench ``chat-documents`` from Debian, by name; draw one as a scan.

Run as ``python plugins/chat/training/fetch_documents.py FOLDER``; with ``--others`` behind it
those of ``held_out.toml`` are fetched, too. Needs ``apt-get`` and ``dpkg-deb``.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image

DOCUMENTS = {
    "bash.pdf": ("bash-doc", "usr/share/doc/bash/bashref.pdf"),
    "policy.pdf": ("debian-policy", "usr/share/doc/debian-policy/policy.pdf.gz"),
    "developers-reference.epub": (
        "developers-reference",
        "usr/share/developers-reference/developers-reference.epub",
    ),
    "debian-faq.de.pdf": ("debian-faq-de", "usr/share/doc/debian/FAQ/debian-faq.de.pdf.gz"),
    "fhs.pdf": ("debian-policy", "usr/share/doc/debian-policy/fhs/fhs-3.0.pdf.gz"),
}
_R = "usr/share/R/doc/manual"
OTHERS = {
    "R-intro.pdf": ("r-doc-pdf", f"{_R}/R-intro.pdf"),
    "R-FAQ.pdf": ("r-doc-pdf", f"{_R}/R-FAQ.pdf"),
    "debmake-doc.en.pdf": ("debmake-doc", "usr/share/doc/debmake-doc/debmake-doc.en.pdf"),
    "install.en.pdf": (
        "installation-guide-amd64",
        "usr/share/doc/installation-guide-amd64/en/install.en.pdf.gz",
    ),
    "debian-reference.de.pdf": (
        "debian-reference-de",
        "usr/share/doc/debian-reference-common/docs/debian-reference.de.pdf",
    ),
}
SCANNED = range(10, 24)
"""Pages of the Filesystem Hierarchy Standard, from 0."""
DOTS_PER_INCH = 150


def main(folder: Path, *, others: bool) -> None:
    """Download the documents into ``folder``; existing files stay."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        for name, (package, member) in (DOCUMENTS | (OTHERS if others else {})).items():
            if not (folder / name).exists():
                data = (_unpacked(package, Path(work)) / member).read_bytes()
                unzipped = gzip.decompress(data) if member.endswith(".gz") else data
                (folder / name).write_bytes(unzipped)
    if not (folder / "fhs-scan.pdf").exists():
        scan(folder / "fhs.pdf", folder / "fhs-scan.pdf")


def _unpacked(package: str, work: Path) -> Path:
    place = work / package
    if not place.exists():
        subprocess.run(["apt-get", "download", package], cwd=work, check=True)
        [archive] = work.glob(f"{package}_*.deb")
        subprocess.run(["dpkg-deb", "-x", str(archive), str(place)], check=True)
    return place


def scan(source: Path, target: Path) -> None:
    """Draw pages with noise on grey paper, each a little askew, one lying on its side."""
    random = np.random.default_rng(1)
    pages = []
    with source.open("rb") as file:
        document = pypdfium2.PdfDocument(file)
        for number in SCANNED:
            drawn = document[number].render(scale=DOTS_PER_INCH / 72, grayscale=True).to_pil()
            grey = 0.92 * np.asarray(drawn, float) + 8
            noisy = grey + random.normal(0, 9, grey.shape)
            page = Image.fromarray(noisy.clip(0, 255).astype("uint8"))
            angle = random.uniform(-0.8, 0.8)
            page = page.rotate(angle, fillcolor=245, resample=Image.Resampling.BICUBIC)
            pages.append(page.rotate(90, expand=True) if number == SCANNED[3] else page)
    first, *others = pages
    first.save(target, save_all=True, append_images=others, resolution=DOTS_PER_INCH, quality=80)


if __name__ == "__main__":
    main(Path(sys.argv[1]), others="--others" in sys.argv)
