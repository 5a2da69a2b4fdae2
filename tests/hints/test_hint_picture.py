"""Hints painted with any paint program."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from adacolvit.errors import HintError
from adacolvit.hints import picture
from adacolvit.hints.picture import hints_from_picture
from adacolvit.photo import open_photo

from ..pictures import gamma_profile


def layer(width=400, height=300):
    return Image.new("RGBA", (width, height))


def png(image, **options):
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def test_a_dot_is_one_hint_at_its_center():
    image = layer()
    draw = ImageDraw.Draw(image)
    draw.ellipse((96, 46, 104, 54), fill="#7b4a2d")
    draw.rectangle((300, 200, 304, 206), fill="#00ff00")
    image.putpixel((0, 299), (1, 2, 3, 255))
    hints = hints_from_picture(png(image), 400, 300)
    assert [(h.x, h.y, h.color) for h in hints] == [(100, 50, "#7b4a2d"), (302, 203, "#00ff00"), (0, 299, "#010203")]
    assert [h.size for h in hints] == [5, 4, 2]  # 8.1, 5.9 and 1 px wide, by 0.65 network pixels per pixel


def test_colors_are_those_that_the_paint_program_showed():
    image = layer()
    ImageDraw.Draw(image).rectangle((100, 100, 104, 104), fill="#c08040")
    painted = png(image, icc_profile=gamma_profile(3))
    (hint,) = hints_from_picture(painted, 400, 300)
    assert hint.color == open_photo(painted).color_at(102, 102) != "#c08040"


def test_touching_dots_of_two_colors_are_two_hints():
    image = layer()
    draw = ImageDraw.Draw(image)
    draw.rectangle((100, 100, 104, 104), fill="#ff0000")
    draw.rectangle((105, 100, 109, 104), fill="#0000ff")
    hints = hints_from_picture(png(image), 400, 300)
    assert [(h.x, h.y, h.color) for h in hints] == [(102, 102, "#ff0000"), (107, 102, "#0000ff")]


def test_a_ring_is_hinted_on_its_line():
    image = layer()
    ImageDraw.Draw(image).ellipse((95, 95, 109, 109), outline="#ff0000")
    (hint,) = hints_from_picture(png(image), 400, 300)
    assert image.getpixel((int(hint.x), int(hint.y))) == (255, 0, 0, 255)


def test_a_big_region_is_several_hints_on_a_grid():
    image = layer()
    ImageDraw.Draw(image).rectangle((100, 100, 199, 149), fill="#ff0000")
    hints = hints_from_picture(png(image), 400, 300)
    # The frame is 256 x 192, a token 25 px of the photo: 4 by 2 parts.
    assert [(h.x, h.y) for h in hints] == [(x, y) for y in (112, 137) for x in (112, 137, 162, 187)]
    assert {h.color for h in hints} == {"#ff0000"} and {h.size for h in hints} == {7}


def test_soft_edges_are_no_hints():
    image = layer()
    draw = ImageDraw.Draw(image)
    draw.ellipse((90, 90, 110, 110), fill=(120, 80, 40, 100))
    draw.ellipse((96, 96, 104, 104), fill=(123, 74, 45, 255))
    (hint,) = hints_from_picture(png(image), 400, 300)
    assert (hint.x, hint.y, hint.color) == (100, 100, "#7b4a2d")


def test_regions_agree_with_scipy():
    """Random speckle of two colors: as many regions as scipy labels, each hint on a pixel of its own."""
    rng = np.random.default_rng(0)
    kinds = rng.choice(3, (60, 80), p=[0.5, 0.3, 0.2])
    colors = np.array([[9, 9, 9, 0], [255, 0, 0, 255], [0, 0, 255, 255]], np.uint8)
    picture = Image.fromarray(colors[kinds])
    labels = [ndimage.label(kinds == kind, np.ones((3, 3)))[0] for kind in (1, 2)]
    hints = hints_from_picture(picture, 80, 60)
    found = set()
    for hint in hints:
        kind = 0 if hint.color == "#ff0000" else 1
        found.add((kind, labels[kind][int(hint.y), int(hint.x)]))
    wanted = {(kind, label) for kind in (0, 1) for label in range(1, labels[kind].max() + 1)}
    assert found == wanted
    token = 16 * 80 / 256  # in pixels of this picture; a region no longer than that has one hint
    small = {
        (kind, label + 1)
        for kind in (0, 1)
        for label, where in enumerate(ndimage.find_objects(labels[kind]))
        if max(s.stop - s.start for s in where) <= token
    }
    assert len(small) > 50
    for kind, label in small:
        count = sum(
            h.color == ("#ff0000", "#0000ff")[kind] and labels[kind][int(h.y), int(h.x)] == label for h in hints
        )
        assert count == 1


def test_a_picture_of_another_size_is_scaled():
    image = layer(200, 150)
    ImageDraw.Draw(image).rectangle((50, 25, 52, 27), fill="#7b4a2d")
    (hint,) = hints_from_picture(png(image), 400, 300)
    assert (int(hint.x), int(hint.y)) == (103, 53)  # the center of the dot's 6 x 6 px there
    with pytest.raises(HintError, match="this photo has 400 x 200 px and another shape"):
        hints_from_picture(png(image), 400, 200)


def test_palette_pictures_and_paths_work(tmp_path):
    image = Image.new("P", (40, 30))
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((7, 8), 1)
    path = tmp_path / "layer.png"
    image.save(path, transparency=0)
    assert [(h.x, h.y, h.color) for h in hints_from_picture(path, 40, 30)] == [(7, 8, "#ff0000")]


def noise():
    pixels = np.random.default_rng(0).integers(0, 255, (300, 400, 4)).astype(np.uint8)
    pixels[..., 3] = 255 * (pixels[..., 3] > 20)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("RGB", (400, 300)), "no transparency: paint the dots on a transparent layer"),
        (layer(), "no opaque pixel: paint dots with a hard brush"),
        (Image.new("RGBA", (400, 300), "#ff0000"), "every pixel .* is opaque"),
        (noise(), "dots, more than 10000"),
    ],
    ids=["RGB", "empty", "full", "photo"],
)
def test_other_pictures_are_refused(image, message):
    with pytest.raises(HintError, match=message):
        hints_from_picture(png(image), 400, 300)


def test_unreadable_pictures_are_named(tmp_path):
    with pytest.raises(HintError, match=r"the hints cannot be read: .* is not a picture"):
        hints_from_picture(b"hello", 400, 300)
    with pytest.raises(HintError, match="the hints cannot be read: "):
        hints_from_picture(tmp_path / "none.png", 400, 300)
    with pytest.raises(HintError, match="cut short"):
        hints_from_picture(png(noise())[:2000], 400, 300)


def test_a_photo_is_not_taken_for_its_dots(monkeypatch):
    monkeypatch.setattr(picture, "_MOST_OPAQUE", 999)
    image = Image.new("RGBA", (50, 40), "#7b4a2d")
    image.putpixel((3, 3), (0, 0, 0, 0))  # like a photo with a transparent corner
    with pytest.raises(HintError, match="seems to be the photo itself"):
        hints_from_picture(image, 50, 40)
