"""The bill of materials: what is in the folder, in which version, under which licence.

CycloneDX as JSON, the same each time. A package whose licence may not be passed on with ours ends
the build.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
import uuid
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

NOT_OURS_TO_GIVE = re.compile(r"(?<!L)\bA?GPL\b|(?<!Lesser )(?<!Library )General Public License")
CLASSIFIER = "License :: OSI Approved :: "
CHOSEN = {"PySide6_Essentials": "LGPL-3.0-only", "shiboken6": "LGPL-3.0-only"}
"""Where a package lets one choose: which licence the studio takes it under."""
STATED = {"docopt": "MIT"}
"""What is said in a package's sources and not in its metadata."""
UNPACKS = "zstandard"
"""Comes with the ``.run``, which unpacks the studio with it; from what builds, not the folder."""


def write_bill(folder: Path, brought: Sequence[Path], version: str) -> None:
    """Write ``bill.json`` into the folder, and the licences of what has no place for its own.

    Raises:
        ValueError: A licence is unknown, or one that ours cannot keep.
    """
    bom = Bom()
    bom.metadata.component = Component(
        name="Offline Studio", version=version, type=ComponentType.APPLICATION,
        licenses=[LicenseFactory().make_from_string("Apache-2.0")], bom_ref="offline-studio",
    )  # fmt: skip
    (site,) = folder.glob("python/lib/python3*/site-packages")
    components = [*_packages(site), *_weights(site), *_system(folder, brought), _unpacker(folder)]
    program = folder / "python/bin/python3"
    python = subprocess.check_output([program, "--version"], text=True).split()[1]
    kind = ComponentType.PLATFORM
    components.append(_component("CPython", python, "Python-2.0", kind, bom_ref="cpython"))
    for component in components:
        bom.components.add(component)
    text = json.loads(JsonV1Dot6(bom).output_as_string())
    text["metadata"].pop("timestamp", None)
    text["metadata"].pop("tools", None)
    text.pop("serialNumber", None)
    whole = json.dumps(text, indent=1, sort_keys=True)
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"offline-studio:{whole}")
    text["serialNumber"] = name.urn
    (folder / "bill.json").write_text(json.dumps(text, indent=1, sort_keys=True) + "\n", "utf-8")


def _component(
    name: str,
    version: str,
    licence: str,
    kind: ComponentType = ComponentType.LIBRARY,
    *,
    bom_ref: str,
    **more: object,
) -> Component:
    """Return a component; without a reference of ours it would get one by chance."""
    told = LicenseFactory().make_from_string(licence)
    return Component(
        name=name, version=version, type=kind, licenses=[told], bom_ref=bom_ref, **more
    )


def _packages(site: Path) -> Iterator[Component]:
    for found in sorted(distributions(path=[str(site)]), key=lambda each: each.name.lower()):
        yield _package(found)


def _package(found: Distribution, **more: object) -> Component:
    licence = licence_of(found)
    if not licence or NOT_OURS_TO_GIVE.search(licence):
        raise ValueError(f"{found.name} {found.version} has the licence “{licence}”.")
    url = PackageURL("pypi", name=found.name.lower().replace("_", "-"), version=found.version)
    return _component(found.name, found.version, licence, purl=url, bom_ref=str(url), **more)


def _unpacker(folder: Path) -> Component:
    """Return what unpacks the ``.run``; its licence is copied, for its papers stay behind."""
    found = distribution(UNPACKS)
    (paper,) = (each for each in found.files or () if each.name == "LICENSE")
    (folder / "licences").mkdir(exist_ok=True)
    shutil.copyfile(Path(str(paper.locate())), folder / "licences" / f"{UNPACKS}.txt")
    return _package(found, properties=[Property(name="part", value="the installer .run alone")])


def licence_of(package: Distribution) -> str:
    """Return what a package says of its licence; an empty text if it says nothing."""
    if package.name in CHOSEN:
        return CHOSEN[package.name]
    told = package.metadata
    named = [line for line in told.get_all("Classifier", []) if line.startswith(CLASSIFIER)]
    free = (told["License"] or "").strip()
    if told["License-Expression"]:
        return str(told["License-Expression"])
    if named:
        return " OR ".join(sorted(line.removeprefix(CLASSIFIER) for line in named))
    return free.splitlines()[0][:80] if free else STATED.get(package.name, "")


def _weights(site: Path) -> Iterator[Component]:
    resources = site / "studio/_resources/weights"
    for sidecar in sorted(resources.glob("*.toml")):
        table = tomllib.loads(sidecar.read_text("utf-8"))
        if (resources / table["file"]).is_file():
            yield _component(
                table["title"], table["sha256"][:12], table["licence"],
                ComponentType.MACHINE_LEARNING_MODEL, bom_ref=f"weights:{table['id']}",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=table["sha256"])],
            )  # fmt: skip


def _system(folder: Path, brought: Sequence[Path]) -> Iterator[Component]:
    """Yield the system's packages whose libraries came along; their licences are copied."""
    target = folder / "licences"
    target.mkdir(exist_ok=True)
    owners: dict[str, list[Path]] = {}
    for library in brought:
        owners.setdefault(_owner(library), []).append(library)
    for owner, libraries in sorted(owners.items()):
        shutil.copyfile(Path("/usr/share/doc", owner, "copyright"), target / f"{owner}.txt")
        words = ["dpkg-query", "-W", "-f", "${Version}", owner]
        version = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        files = [Property(name="file", value=each.name) for each in sorted(libraries)]
        yield _component(
            owner, version, f"see licences/{owner}.txt", bom_ref=f"deb:{owner}", properties=files
        )


def _owner(library: Path) -> str:
    for path in (library, library.resolve(), Path("/usr", *library.parts[1:])):
        words = ["dpkg-query", "-S", str(path)]
        told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
        if told:
            return told.partition(":")[0]
    raise ValueError(f"Nobody knows which package {library} belongs to, so what its licence is.")
