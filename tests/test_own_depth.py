"""Depth that a photo carries in itself, in every way that is read; broken, it costs the depth and never the photo."""

import base64
import io
import struct

import numpy as np
import pytest
from PIL import Image

from gen3d.formats.own_depth import OwnDepth, own_depth
from gen3d.formats.photo_file import open_photo
from gen3d.formats.photo_xmp import xmp_of
from gen3d.formats.picture import read_photo
from tests.cases import CASES, PHOTO, read

NEAR, FAR = 1.5, 9.0
DEPTH_NS = "http://ns.google.com/photos/1.0/depthmap/"
DD = "http://ns.google.com/photos/dd/1.0/"


@pytest.fixture
def z() -> np.ndarray:
    """Metres, near below."""
    return np.repeat(np.linspace(FAR, NEAR, 60)[:, None], 80, axis=1)


def inverse(z: np.ndarray) -> np.ndarray:
    """RangeInverse as bytes: 0 near, 255 far."""
    return np.rint(255 * (FAR * (z - NEAR)) / (z * (FAR - NEAR))).astype(np.uint8)


def coded(picture: np.ndarray, kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    Image.fromarray(picture).save(held, kind, **({"quality": 98} if kind == "JPEG" else {}))
    return held.getvalue()


def packet(attributes: str, inside: str = "") -> bytes:
    spaces = f'xmlns:GDepth="{DEPTH_NS}" xmlns:xmpNote="http://ns.adobe.com/xmp/note/"'
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces} {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def gdepth(content: bytes, form: str = "RangeInverse", near: object = NEAR, far: object = FAR, more: str = "") -> str:
    data = base64.b64encode(content).decode()
    return f'GDepth:Format="{form}" GDepth:Near="{near}" GDepth:Far="{far}" GDepth:Data="{data}" {more}'


def with_segments(*segments: bytes) -> bytes:
    """The photo as a JPEG with these APP1 segments."""
    photo = PHOTO.read_bytes()
    return photo[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in segments) + photo[2:]


def with_xmp(xmp: bytes) -> bytes:
    return with_segments(b"http://ns.adobe.com/xap/1.0/\0" + xmp)


def found_in(path, content: bytes) -> OwnDepth:
    path.write_bytes(content)
    with open_photo(path) as picture:
        found, unusable = own_depth(path, picture, xmp_of(picture))
    assert unusable is None and found is not None
    return found


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_gdepth_of_both_ranges_is_metres(tmp_path, z, kind):
    found = found_in(tmp_path / "a.jpg", with_xmp(packet(gdepth(coded(inverse(z), kind)))))
    assert found.kind == "metric" and np.median(np.abs(found.values / z - 1)) < 0.02
    linear = np.rint(255 * (z - NEAR) / (FAR - NEAR)).astype(np.uint8)
    found = found_in(tmp_path / "b.jpg", with_xmp(packet(gdepth(coded(linear), "RangeLinear"))))
    np.testing.assert_allclose(found.values, z, atol=0.02)


def test_gdepth_as_elements_and_in_millimetres(tmp_path, z):
    data = base64.b64encode(coded(inverse(z))).decode()
    texts = {"Format": "RangeInverse", "Near": NEAR * 1000, "Far": FAR * 1000, "Units": "mm", "Data": data}
    inside = "".join(f"<GDepth:{name}>{text}</GDepth:{name}>" for name, text in texts.items())
    assert np.median(np.abs(found_in(tmp_path / "a.jpg", with_xmp(packet("", inside))).values / z - 1)) < 0.02


def test_a_packet_longer_than_a_segment_is_put_together(tmp_path, z):
    guid, long = "0123456789ABCDEF0123456789ABCDEF", packet(gdepth(coded(inverse(z))))
    pieces = [(at, long[at : at + 900]) for at in range(0, len(long), 900)]
    head = b"http://ns.adobe.com/xmp/extension/\0" + guid.encode() + struct.pack(">I", len(long))
    main = b"http://ns.adobe.com/xap/1.0/\0" + packet(f'xmpNote:HasExtendedXMP="{guid}"')
    extended = [head + struct.pack(">I", at) + piece for at, piece in reversed(pieces)]
    found = found_in(tmp_path / "a.jpg", with_segments(main, *extended))
    assert np.median(np.abs(found.values / z - 1)) < 0.02


@pytest.mark.parametrize("range_told", [True, False])
def test_dynamic_depth_follows_the_jpeg(tmp_path, z, range_told):
    depth, other = coded(inverse(z), "JPEG"), b"confidence"
    told = f'DepthMap:Near="{NEAR}" DepthMap:Far="{FAR}" DepthMap:Units="Meters"' if range_told else ""
    names = f'xmlns:Container="{DD}container/" xmlns:Item="{DD}item/" xmlns:DepthMap="{DD}depthmap/"'
    items = "".join(
        f'<rdf:li><Container:Item Item:Mime="image/jpeg" Item:Length="{n}" Item:DataURI="{uri}"/></rdf:li>'
        for n, uri in ((0, "primary_image"), (len(depth), "android/depthmap"), (len(other), "android/confidencemap"))
    )
    xmp = packet(
        f'{names} DepthMap:Format="RangeInverse" {told}',
        f"<Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>",
    )
    found = found_in(tmp_path / "a.jpg", with_xmp(xmp) + depth + other)
    if range_told:
        assert found.kind == "metric" and np.median(np.abs(found.values / z - 1)) < 0.02
    else:
        assert found.kind == "inverse" and found.values[0, 0] < found.values[-1, 0]  # near is large


def test_a_further_picture_that_calls_itself_disparity_is_one(tmp_path, z):
    low, high = 1 / FAR, 1 / NEAR
    apple = 'xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" apdi:AuxiliaryImageType="disparity"'
    xmp = packet(f'{apple} apdi:FloatMinValue="{low}" apdi:FloatMaxValue="{high}"')
    second = Image.fromarray(np.rint(255 * (1 / z - low) / (high - low)).astype(np.uint8))
    second.encoderinfo = {"xmp": xmp, "quality": 98}
    Image.open(PHOTO).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    found = found_in(tmp_path / "b.jpg", (tmp_path / "a.jpg").read_bytes())
    assert found.kind == "metric" and np.median(np.abs(found.values / z - 1)) < 0.02


def test_a_further_picture_of_another_kind_is_no_depth(tmp_path):
    """As a gain map, or the other eye."""
    Image.open(PHOTO).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[Image.open(PHOTO).convert("L")])
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.own_depth is None and photo.told == ()
    assert np.abs(photo.image - read_photo(PHOTO).image).mean() < 0.02


class DepthOfHeif:
    def __init__(self, values: np.ndarray, **told: object) -> None:
        self.values, self.info = values, {"metadata": told or None}

    def to_pillow(self) -> Image.Image:
        return Image.fromarray(self.values)


@pytest.mark.parametrize(("form", "kind"), [(0, "metric"), (1, "inverse"), (2, "metric"), (None, "inverse")])
def test_the_depth_beside_a_heic(tmp_path, z, form, kind):
    v = (1 / z - 1 / FAR) / (1 / NEAR - 1 / FAR) if form != 2 else (z - NEAR) / (FAR - NEAR)
    told = {} if form is None else {"representation_type": form, "z_near": NEAR, "z_far": FAR}
    picture = Image.new("RGB", (80, 60))
    picture.format, picture.info = "HEIF", {"depth_images": [DepthOfHeif(np.rint(255 * v).astype(np.uint8), **told)]}
    found, unusable = own_depth(tmp_path / "a.heic", picture, xmp_of(picture))
    assert unusable is None and found.kind == kind
    if kind == "metric":
        assert np.median(np.abs(found.values / z - 1)) < 0.02
    else:
        assert found.values[-1, 0] > found.values[0, 0]


@pytest.mark.parametrize(
    "attributes",
    [
        'GDepth:Format="RangeInverse" GDepth:Near="1" GDepth:Far="2" GDepth:Data="not base64!"',
        gdepth(b"no picture"), gdepth(coded(np.zeros((60, 80), np.uint8))[:60]),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_and_the_photo_taken(tmp_path, attributes):
    (tmp_path / "a.jpg").write_bytes(with_xmp(packet(attributes)))
    found = read(tmp_path / "a.jpg")
    assert found.source.depth is None and len(found.told) == 1 and "cannot be read" in found.told[0]
    np.testing.assert_array_equal(found.source.image, read().source.image)


def test_depth_of_another_shape_is_told_and_left_out(tmp_path):
    (tmp_path / "a.jpg").write_bytes(with_xmp(packet(gdepth(coded(np.full((60, 60), 90, np.uint8))))))
    found = read(tmp_path / "a.jpg")
    assert found.source.depth is None and "of another shape: it is not used" in found.told[0]


@pytest.mark.parametrize(("near", "far"), [(0, 5), (5, 5), (9, 3), ("nan", 5), ("x", 5), (1, "inf"), (-1, 5)])
def test_without_a_sensible_range_it_is_relative(tmp_path, z, near, far):
    found = found_in(tmp_path / "a.jpg", with_xmp(packet(gdepth(coded(inverse(z)), near=near, far=far))))
    assert found.kind == "inverse" and found.values[-1, 0] > found.values[0, 0]


def test_it_is_turned_with_the_photo(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    portrait = Image.open(CASES / "portrait_gdepth.jpg")
    portrait.save(tmp_path / "turned.jpg", exif=exif, xmp=portrait.info["xmp"], quality=95)
    lying = read(CASES / "portrait_gdepth.jpg").source.depth
    np.testing.assert_allclose(read(tmp_path / "turned.jpg").source.depth, np.rot90(lying, -1))


def test_xmp_that_defines_entities_or_is_no_xml_says_nothing(tmp_path):
    for content in (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", b"<x:xmpmeta", b"\xff\xfe\0\0"):
        (tmp_path / "a.jpg").write_bytes(with_xmp(content))
        with open_photo(tmp_path / "a.jpg") as picture:
            assert xmp_of(picture).pairs == ()
