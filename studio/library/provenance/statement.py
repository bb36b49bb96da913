"""Statements on how a file was made, in the vocabulary of the standards: C2PA and IPTC.

Sources: C2PA 2.1, 18.16 (actions); IPTC digital source types (cv.iptc.org/newscodes), XMP.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import msgspec

import studio

PROGRAM: Final = "Offline Studio"
ORIGIN: Final = "org.offline-studio.origin"
"""Label of the C2PA assertion with what is said beside the source."""
_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class Source(StrEnum):
    """The origin of the media; the values are IPTC names."""

    GENERATED = "trainedAlgorithmicMedia"
    EDITED = "compositeWithTrainedAlgorithmicMedia"
    """A model changed something that was given to it."""
    COMPUTED = "algorithmicMedia"
    """Rules and arithmetic made it: no trained model took part, in nothing that it is made from."""
    ENHANCED = "algorithmicallyEnhanced"
    """The same changed something that was given to them."""

    @property
    def uri(self) -> str:
        """The name as IPTC spells it out."""
        return _TYPES + self.value


class Statement(msgspec.Struct, frozen=True, omit_defaults=True):
    """The statement on one file.

    Attributes:
        source: A ``Source``.
        artifact: Id of the result in the library, hidden (``InstallationKey.hide``).
        recipe: The sidecar of the result as plain data; None in a label.
    """

    source: Source
    artifact: str = ""
    recipe: dict[str, Any] | None = None
    program: str = PROGRAM
    version: str = studio.__version__


def xmp(statement: Statement) -> bytes:
    """Return the label as an XMP packet: the source and the program, nothing else."""
    tool = quoteattr(f"{statement.program} {statement.version}")
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f" Iptc4xmpExt:DigitalSourceType={quoteattr(statement.source.uri)}"
        f" xmp:CreatorTool={tool}/></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="r"?>'
    ).encode()


def is_labelled(xmp: bytes) -> bool:
    """Whether an XMP packet is a label of this program."""
    return b"Iptc4xmpExt:DigitalSourceType" in xmp and b'CreatorTool="Offline Studio' in xmp


def manifest(statement: Statement) -> dict[str, Any]:
    """Return the statement as the definition of a C2PA manifest."""
    content = msgspec.to_builtins(statement)
    action = {"action": "c2pa.created", "digitalSourceType": statement.source.uri}
    return {
        "claim_generator_info": [{"name": statement.program, "version": statement.version}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
            {"label": ORIGIN, "data": content},
        ],
    }


def of_manifest(manifest: Mapping[str, Any]) -> Statement | None:
    """Return the statement that a C2PA manifest makes; None if it makes none of ours."""
    for assertion in manifest.get("assertions", ()):
        if assertion.get("label") == ORIGIN:
            return read(assertion.get("data"))
    return None


def read(content: Any) -> Statement | None:
    """Return plain data as a statement; None if it is none."""
    try:
        return msgspec.convert(content, Statement)
    except msgspec.ValidationError:
        return None
