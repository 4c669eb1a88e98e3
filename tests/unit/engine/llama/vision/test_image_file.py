from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.errors import ImageError
from app.engine.llama.vision import image_file
from app.engine.llama.vision.image_file import ImageFacts, read_image_facts
from tests.doubles.images import bmp, bmp_header, exif, gif, jpeg, jpeg_header, png, segment


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        (png(7, 5), ImageFacts("PNG", 7, 5)),
        (gif(7, 5), ImageFacts("GIF", 7, 5)),
        (bmp([[(0, 0, 0)] * 7] * 5), ImageFacts("BMP", 7, 5)),
        (bmp_header("<iiHH", 40, 7, -5) + bytes(24 * 5), ImageFacts("BMP", 7, 5)),
        (bmp_header("<HHHH", 12, 7, 5) + bytes(24 * 5), ImageFacts("BMP", 7, 5)),
        (jpeg(7, 5), ImageFacts("JPEG", 7, 5)),
        (jpeg(7, 5, marker=0xC2), ImageFacts("JPEG", 7, 5)),
        (jpeg(7, 5, exif(6)), ImageFacts("JPEG", 7, 5, 6)),
        (jpeg(7, 5, exif(8, ">")), ImageFacts("JPEG", 7, 5, 8)),
        (jpeg(7, 5, exif(9)), ImageFacts("JPEG", 7, 5)),
        (jpeg(7, 5, segment(0xE1, b"http://ns.adobe.com/xap/")), ImageFacts("JPEG", 7, 5)),
        (jpeg(7, 5, segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff")), ImageFacts("JPEG", 7, 5)),
        (jpeg(7, 5, b"\xff\xff\xff" + segment(0xFE, b"note")), ImageFacts("JPEG", 7, 5)),
    ],
)
def test_kind_and_size_are_read_from_the_header(data, facts):
    assert read_image_facts(data) == facts


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no image"),
        (b"%PDF-1.7 and more text", "no image"),
        (b"RIFF1234WEBPVP8 ", "WebP"),
        (b"RIFF1234WAVEfmt ", "no image"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (png(7, 5)[:20], "damaged"),
        (png(0, 5), "damaged"),
        (gif(7, 0), "damaged"),
        (bmp_header("<iiHH", 40, -7, 5), "damaged"),
        (bmp_header("<iiHH", 40, 7, 5) + bytes(24 * 5 - 1), "damaged"),
        (bmp([[(0, 0, 0)] * 7] * 5)[:20], "damaged"),
        (b"\xff\xd8\xff", "damaged"),
        (jpeg(7, 5)[:-2], "damaged"),
        (jpeg(7, 0), "damaged"),
        (jpeg_header(7, 5), "damaged"),
        (b"\xff\xd8" + segment(0xDA, bytes(10)) + b"\xff\xd9", "damaged"),
        (b"\xff\xd8\xff\xe0\0\0", "damaged"),
        (gif(20_000, 20_000), "million pixels"),
        (png(60_000, 1), "too narrow"),
        (gif(1, 201), "too narrow"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(data, words):
    with pytest.raises(ImageError, match=words) as refused:
        read_image_facts(data)
    assert refused.value.hint


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(image_file, "MOST_BYTES", 100)
    with pytest.raises(ImageError, match="is the most"):
        read_image_facts(png(50, 50))


@given(
    start=st.sampled_from([png(9, 9), jpeg(9, 9, exif(3)), gif(9, 9), bmp([[(0, 0, 0)] * 9] * 9)]),
    cut=st.integers(0, 200),
    noise=st.binary(max_size=60),
)
def test_no_bytes_raise_anything_but_image_errors(start, cut, noise):
    with suppress(ImageError):
        facts = read_image_facts(start[:cut] + noise + start[cut + len(noise) :])
        assert 0 < facts.width * facts.height <= image_file.MOST_PIXELS
        assert 1 <= facts.orientation <= 8
