"""What a photo's XMP says: properties by their namespace and name, of every packet that the file holds.

A JPEG splits a long packet into extended ones (XMP specification, part 3, 1.1.3.1); they are put together again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from PIL import Image

GPANO = "http://ns.google.com/photos/1.0/panorama/"
NOTE = "http://ns.adobe.com/xmp/note/"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_KEYS = ("xmp", "XML:com.adobe.xmp")
"""Where Pillow's decoders keep it: JPEG, WebP, AVIF and HEIC, then PNG."""
_XMP_TAG = 700


@dataclass(frozen=True, slots=True)
class Properties:
    """What was found, in the order of the file; a name may come more than once, as in a list of items."""

    pairs: tuple[tuple[str, str], ...] = ()
    """("{namespace}name", text), attributes and elements alike."""

    def get(self, namespaces: str | tuple[str, ...], name: str) -> str | None:
        """The first value of that name in one of the namespaces (which may be cut short at their ends)."""
        return next(iter(self.all(namespaces, name)), None)

    def all(self, namespaces: str | tuple[str, ...], name: str) -> list[str]:
        """All of them."""
        wanted = (namespaces,) if isinstance(namespaces, str) else namespaces
        return [
            value for key, value in self.pairs
            if key.rpartition("}")[2] == name and key.rpartition("}")[0].lstrip("{").startswith(wanted)
        ]  # fmt: skip

    def number(self, namespaces: str | tuple[str, ...], name: str) -> float:
        """The value as a number; NaN where there is none."""
        try:
            return float(self.get(namespaces, name) or "nan")
        except ValueError:
            return float("nan")


def xmp_of(picture: Image.Image) -> Properties:
    """All properties of an opened picture; empty where it has none, or what it has is no XMP."""
    main = next((picture.info[key] for key in _KEYS if picture.info.get(key)), None)
    if main is None and picture.format == "TIFF":
        main = getattr(picture, "tag_v2", {}).get(_XMP_TAG)
    pairs = list(_pairs(_bytes(main))) if main else []
    guid = Properties(tuple(pairs)).get(NOTE, "HasExtendedXMP")
    if guid:
        pairs += _pairs(_extended(getattr(picture, "applist", []), guid.encode()))
    return Properties(tuple(pairs))


def panorama(properties: Properties) -> str | None:
    """What kind of panorama the photo says it is, in words; None where it is none."""
    projection = properties.get(GPANO, "ProjectionType")
    if projection is None and properties.get(GPANO, "FullPanoWidthPixels") is None:
        return None
    whole = properties.number(GPANO, "FullPanoWidthPixels")
    part = properties.number(GPANO, "CroppedAreaImageWidthPixels")
    degrees = 360 * part / whole if whole > 0 and 0 < part <= whole else 360
    return f"{degrees:.0f} degree panorama ({(projection or 'equirectangular')[:40]})"


def _bytes(packet: str | bytes | tuple) -> bytes:
    if isinstance(packet, tuple):
        packet = packet[0]
    return packet.encode("utf-8") if isinstance(packet, str) else bytes(packet)


def _pairs(packet: bytes) -> Iterator[tuple[str, str]]:
    """The properties of a packet; none of one that is no XML, or that defines entities."""
    packet = packet.strip(b"\0 \r\n\t")
    if b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        return
    try:
        root = ElementTree.fromstring(packet)
    except ElementTree.ParseError:
        return
    for element in root.iter():
        yield from element.attrib.items()
        if element.text and element.text.strip():
            yield element.tag, element.text.strip()


def _extended(segments: list[tuple[str, bytes]], guid: bytes) -> bytes:
    """The extended packet of that name: each segment holds GUID, full length, offset and a piece."""
    pieces = {}
    for marker, content in segments:
        head = len(_EXTENSION) + 40
        if marker == "APP1" and content.startswith(_EXTENSION + guid) and len(content) > head:
            pieces[int.from_bytes(content[head - 4 : head], "big")] = content[head:]
    return b"".join(pieces[offset] for offset in sorted(pieces))
