"""The picker: colors that a spot can have, as numbers, by eyedropper, from a reference, palettes and suggestions."""

import io
import re
import struct

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from adacolvit.color.difference import ciede2000
from adacolvit.color.gamut import in_gamut, nearest
from adacolvit.color.hex import format_hex, parse_hex
from adacolvit.color.lab import lab_to_srgb, srgb_to_lab

BARK, SEA, MOSS = "#7b4a2d", "#2e5e8c", "#5c7a3a"


def lab(color: str) -> np.ndarray:
    return srgb_to_lab(np.array(parse_hex(color)) / 255)


def at_lightness(color: str, lightness: float) -> tuple[int, int, int]:
    """The displayable color of that lightness that is nearest to a wanted one, 0..255."""
    a, b = nearest(lightness, lab(color)[1:])
    return tuple(np.round(255 * np.clip(lab_to_srgb(np.array([lightness, a, b])), 0, 1)).astype(int))


def close(color: str, rgb, levels: int = 2) -> bool:
    return np.abs(np.array(parse_hex(color)) - np.array(rgb)).max() <= levels


def spot_lightness(table) -> float:
    return lab(table.hex.input_value())[0]


def undo_enabled(page) -> bool:
    return page.get_by_role("button", name="Undo").is_enabled()


def test_the_square_holds_the_displayable_colors_of_the_spot_and_no_others(table, page):
    table.open_sample("Astronaut")
    table.click(0.5, 0.3)
    lightness = spot_lightness(table)
    side, data = page.evaluate("""() => {
        const canvas = document.querySelector(".plane canvas");
        return [canvas.width, [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]];
    }""")
    pixels = np.array(data).reshape(side, side, 4)
    shown = pixels[..., 3] == 255
    assert 0.1 < shown.mean() < 0.9 and set(np.unique(pixels[..., 3])) == {0, 255}
    colors = srgb_to_lab(pixels[shown][:, :3] / 255)
    assert np.abs(colors[:, 0] - lightness).max() < 1  # 8 bits
    # Their ab lie on a line for every row and column: from these the ab of what is hidden.
    rows, columns = np.nonzero(shown)
    a = np.polynomial.Polynomial.fit(columns, colors[:, 1], 1)
    b = np.polynomial.Polynomial.fit(rows, colors[:, 2], 1)
    assert np.abs(a(columns) - colors[:, 1]).max() < 2 and np.abs(b(rows) - colors[:, 2]).max() < 2
    y, x = np.nonzero(~shown)
    hidden = np.stack([np.full(len(x), lightness), a(x), b(y)], axis=-1)
    assert in_gamut(hidden).mean() < 0.01  # along the outline


def test_hex_rgb_and_lab_name_one_color(table, page):
    table.open_sample("Coffee")
    table.click(0.3, 0.4)
    lightness = spot_lightness(table)
    table.choose(BARK)
    notation = page.get_by_label("How the color is written")
    shown = table.hex.input_value()
    assert close(shown, at_lightness(BARK, lightness))

    notation.select_option("RGB")
    fields = [page.get_by_label(f"Color: {name}") for name in ("red", "green", "blue")]
    assert [int(field.input_value()) for field in fields] == list(parse_hex(shown))
    fields[2].fill("200")
    fields[2].press("Enter")
    table.settle()
    red, green, _ = parse_hex(shown)
    wanted = format_hex((red, green, 200))

    notation.select_option("Lab")
    assert abs(int(page.get_by_label("Lightness: the photo's own").input_value()) - lightness) < 1
    a, b = (page.get_by_label(f"Color: {name}") for name in "ab")
    assert [int(a.input_value()), int(b.input_value())] == pytest.approx(
        lab(format_hex(at_lightness(wanted, lightness)))[1:], abs=1.5
    )
    a.fill("12")
    a.press("Enter")
    b.fill("-9")
    b.press("Enter")
    table.settle()
    expect(page.locator(".said")).to_have_count(0)  # this color exists, so that nothing is to be said
    a.fill("-128")
    a.press("Enter")
    expect(page.locator(".said")).to_contain_text("No screen shows a -128")

    page.reload()  # the habit is kept
    table.settle()
    table.rings.first.click()
    expect(notation).to_have_value("lab")
    notation.select_option("Hex")


def test_asked_and_shown_and_how_different_they_look(table, page):
    table.open_sample("Cat")
    table.click(0.4, 0.5)
    table.choose("#ff3020")
    asked, got = page.locator(".obtained dd.swatch").all_inner_texts()
    said = float(page.locator(".difference").inner_text())
    assert asked == table.hex.input_value()
    assert said == pytest.approx(float(ciede2000(lab(asked), lab(got))), abs=0.6)  # the swatches have 8 bits
    page.keyboard.press("1")  # a pixel of the photo is one of the screen
    table.settle()
    hint = table.kept_hints()[0]
    assert close(got, table.picture()[int(hint["y"]), int(hint["x"])], 3)


def test_differences_are_those_of_the_library(table, page):
    """Pairs far apart and near, gray and across hue 0, through palettes' worth of colors in the page's own code."""
    table.open_sample("Cat")
    generator = np.random.default_rng(5)
    seen = []
    table.click(0.5, 0.5)
    for color in generator.integers(0, 256, (6, 3)):
        table.choose(format_hex(tuple(int(v) for v in color)))
        asked, got = page.locator(".obtained dd.swatch").all_inner_texts()
        seen.append((float(page.locator(".difference").inner_text()), float(ciede2000(lab(asked), lab(got)))))
    said, expected = np.array(seen).T
    assert np.abs(said - expected).max() < 0.6


def test_several_spots_take_one_color_each_at_its_own_lightness(table, page):
    table.open_sample("Astronaut")
    lightness = []
    for place in [(0.1, 0.1), (0.5, 0.2)]:
        table.click(*place)
        lightness.append(spot_lightness(table))
        while table.picker.count():
            page.keyboard.press("Escape")
    assert abs(lightness[0] - lightness[1]) > 5
    page.keyboard.press("Control+a")
    table.choose(SEA)
    colors = [re.search("#[0-9a-f]{6}", ring.get_attribute("aria-label"))[0] for ring in table.rings.all()]
    assert all(close(color, at_lightness(SEA, L)) for color, L in zip(colors, lightness, strict=True))
    expect(page.locator(".said")).to_contain_text("Each of the 2 spots")


@pytest.mark.parametrize("size", [(800, 560), (1280, 800), (700, 420)])
def test_the_picker_never_covers_its_ring(table, page, size):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    table.open_sample("Cat")
    for place in [(0.02, 0.02), (0.98, 0.02), (0.5, 0.5), (0.02, 0.98), (0.98, 0.98)]:
        while table.picker.count():
            page.keyboard.press("Escape")
        table.click(*place)
        x, y = table.place(*place)
        box, stage = table.picker.bounding_box(), table.canvas.bounding_box()
        beside = not (box["x"] - 10 < x < box["x"] + box["width"] + 10)
        apart = not (box["y"] - 10 < y < box["y"] + box["height"] + 10)
        assert beside or apart, place
        assert box["y"] >= stage["y"] and box["y"] + box["height"] <= stage["y"] + stage["height"]
        assert box["x"] >= stage["x"] and box["x"] + box["width"] <= stage["x"] + stage["width"]


def test_the_eyedropper_takes_what_the_photo_shows(table, page):
    table.open_sample("Coffee")
    table.click(0.25, 0.4)
    table.choose("#c03020")
    while table.picker.count():
        page.keyboard.press("Escape")
    table.click(0.8, 0.9)
    page.keyboard.press("i")
    expect(page.get_by_role("button", name="Take a color from the photo")).to_have_attribute("aria-pressed", "true")
    picture = table.picture()
    height, width = picture.shape[:2]
    x, y = table.place(0.3, 0.45)
    page.mouse.move(x, y)
    tip = page.locator(".tip")
    expect(tip).to_be_visible()
    color = tip.inner_text()
    assert close(color, picture[int(0.45 * height), int(0.3 * width)], 8)
    lightness = spot_lightness(table)
    page.mouse.click(x, y)
    table.settle()
    expect(table.rings).to_have_count(2)  # the click takes a color, it adds no hint
    expect(page.locator(".dropper")).to_have_count(0)
    assert close(table.hex.input_value(), at_lightness(color, lightness))
    expect(page.get_by_role("button", name=f"Use {color}")).to_be_visible()
    page.keyboard.press("i")
    page.keyboard.press("Escape")
    expect(page.locator(".dropper")).to_have_count(0)
    expect(table.picker).to_be_visible()


def reference_photo() -> bytes:
    """Four fields of color."""
    pixels = np.zeros((80, 120, 3), np.uint8)
    for i, color in enumerate([BARK, SEA, MOSS, "#c9a227"]):
        pixels[40 * (i // 2) : 40 * (i // 2 + 1), 60 * (i % 2) : 60 * (i % 2 + 1)] = parse_hex(color)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


DROP = """([selector, name, bytes]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(bytes)], name));
    const target = document.querySelector(selector);
    for (const kind of ["dragover", "drop"]) {
        target.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }
}"""


def test_colors_come_from_a_reference_beside_the_photo(table, page):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    lightness = spot_lightness(table)
    before = table.picture()
    page.keyboard.press("r")
    pane = page.get_by_role("complementary", name="Reference")
    expect(pane).to_contain_text("Drop a photo in color here")
    page.evaluate(DROP, [".reference", "garden.png", list(reference_photo())])
    field = page.get_by_role("application", name=re.compile("Reference photo"))
    expect(field).to_be_visible()
    expect(pane).to_contain_text("garden.png")
    assert "cat" in page.title().lower()  # it did not become the photo
    table.settle()
    before = table.picture()

    box = field.bounding_box()
    at = box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"]
    page.mouse.move(*at)  # looked at: the photo shows the effect, the history knows nothing
    expect(pane.locator(".tip")).to_have_text(SEA)
    assert close(table.hex.input_value(), at_lightness(SEA, lightness))
    page.mouse.move(*table.place(0.02, 0.02))
    table.settle()
    assert np.array_equal(table.picture(), before)

    page.mouse.click(*at)
    table.settle()
    page.mouse.move(*table.place(0.02, 0.02))
    table.settle()
    assert close(table.hex.input_value(), at_lightness(SEA, lightness))
    page.keyboard.press("Control+z")
    table.settle()
    assert np.array_equal(table.picture(), before)

    field.focus()  # and by keyboard: from the middle into the field at the bottom left
    for key in ["Shift+ArrowLeft", "Shift+ArrowDown"]:
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    assert close(table.hex.input_value(), at_lightness(MOSS, lightness))
    page.get_by_role("button", name="Close the reference").click()
    expect(pane).to_have_count(0)


def test_a_reference_that_is_no_picture_is_told(table, page):
    table.open_sample("Cat")
    page.keyboard.press("r")
    page.evaluate(DROP, [".reference", "letter.png", list(b"Dear Sir")])
    expect(table.notice).to_contain_text("letter.png")
    expect(page.get_by_role("application")).to_have_count(0)


def ase_file(name: str, blocks: list[tuple[str, bytes, list[float]]]) -> bytes:
    """An Adobe Swatch Exchange file of one group, written from the format's description."""

    def title(text: str) -> bytes:
        return struct.pack(">H", len(text) + 1) + text.encode("utf-16-be") + b"\0\0"

    def block(kind: int, content: bytes) -> bytes:
        return struct.pack(">HI", kind, len(content)) + content

    colors = []
    for called, model, values in blocks:
        colors.append(block(1, title(called) + model + struct.pack(f">{len(values)}fH", *values, 0)))
    body = [block(0xC001, title(name)), *colors, block(0xC002, b"")]
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(body)) + b"".join(body)


def read_ase(data: bytes) -> list[tuple[str, tuple[int, ...]]]:
    """Names and RGB of the colors of a file."""
    assert data[:4] == b"ASEF"
    found, at = [], 12
    for _ in range(struct.unpack_from(">I", data, 8)[0]):
        kind, length = struct.unpack_from(">HI", data, at)
        block = data[at + 6 : at + 6 + length]
        at += 6 + length
        if kind != 1:
            continue
        units = struct.unpack_from(">H", block)[0]
        name = block[2 : 2 + 2 * units].decode("utf-16-be").rstrip("\0")
        assert block[2 + 2 * units :][:4] == b"RGB "
        found.append((name, tuple(round(255 * v) for v in struct.unpack_from(">3f", block, 6 + 2 * units))))
    assert at == len(data)
    return found


def aco_file(colors: list[tuple[int, tuple[int, int, int, int], str]]) -> bytes:
    """Photoshop's swatches: version 1 without names, then version 2 with them."""
    bare = b"".join(struct.pack(">H4H", space, *(v & 0xFFFF for v in values)) for space, values, _ in colors)
    named = b"".join(
        struct.pack(">H4HI", space, *(v & 0xFFFF for v in values), len(name) + 1) + name.encode("utf-16-be") + b"\0\0"
        for space, values, name in colors
    )
    return struct.pack(">HH", 1, len(colors)) + bare + struct.pack(">HH", 2, len(colors)) + named


def open_palettes(table, page, *files) -> None:
    if not page.get_by_role("button", name="Import").is_visible():
        page.get_by_text("Palettes", exact=True).click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import").click()
    chooser.value.set_files([str(file) for file in files])


def swatches(page, palette: str) -> list[str]:
    group = page.get_by_role("group", name=palette, exact=True)
    expect(group).to_be_visible()
    return [swatch.get_attribute("aria-label") for swatch in group.get_by_role("button").all()]


def test_palettes_of_gimp_and_adobe_come_in(table, page, tmp_path):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    gpl = "GIMP Palette\r\nName: Garden\r\nColumns: 4\r\n# of a summer\r\n123  74  45\tBark of oak\r\n 46 94 140\r\n"
    (tmp_path / "a.gpl").write_bytes(gpl.encode())
    d50_red = [0.5429, 80.82, 69.90]  # sRGB red in Lab of D50
    ase = ase_file(
        "Press",
        [
            ("Moos grün", b"RGB ", [0x5C / 255, 0x7A / 255, 0x3A / 255]),
            ("ink", b"CMYK", [0.0, 0.5, 1.0, 0.2]),
            ("half", b"Gray", [0.5]),
            ("red", b"LAB ", d50_red),
        ],
    )
    (tmp_path / "b.ase").write_bytes(ase)
    aco = aco_file(
        [
            (0, (0x7B7B, 0x4A4A, 0x2D2D, 0), "bark"),
            (1, (0x5555, 0xFFFF, 0xFFFF, 0), "green"),
            (2, (0xFFFF, 0x7FFF, 0, 0xCCCC), "ink"),
            (8, (5000, 0, 0, 0), "gray"),
            (7, (5429, 8082, 6990, 0), "red"),
        ]
    )
    (tmp_path / "Photoshop.aco").write_bytes(aco)

    open_palettes(table, page, tmp_path / "a.gpl")
    assert swatches(page, "Garden") == [f"Use Bark of oak, {BARK}", f"Use {SEA}"]
    open_palettes(table, page, tmp_path / "b.ase")
    press = swatches(page, "Press")
    assert press[0] == f"Use Moos grün, {MOSS}"
    assert press[1:3] == ["Use ink, #cc6600", "Use half, #808080"]
    assert close(press[3][-7:], (255, 0, 0), 3)
    open_palettes(table, page, tmp_path / "Photoshop.aco")
    shop = swatches(page, "Photoshop")
    assert shop[:2] == [f"Use bark, {BARK}", "Use green, #00ff00"]
    assert (
        close(shop[2][-7:], (204, 102, 0), 1) and shop[3] == "Use gray, #808080" and close(shop[4][-7:], (255, 0, 0), 3)
    )

    page.reload()  # they are kept
    table.settle()
    table.rings.first.click()
    chosen = page.get_by_label("Open palette")
    assert chosen.locator("option").all_inner_texts() == ["Garden", "Press", "Photoshop"]
    chosen.select_option("Garden")
    lightness = spot_lightness(table)
    page.get_by_role("button", name=f"Use Bark of oak, {BARK}").click()
    table.settle()
    assert close(table.hex.input_value(), at_lightness(BARK, lightness))
    open_palettes(table, page, tmp_path / "a.gpl")  # the same name takes its own place
    expect(chosen.locator("option")).to_have_count(3)


def test_palettes_are_made_and_go_out(table, page, tmp_path):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    page.get_by_text("Palettes", exact=True).click()
    made = []
    for color in (BARK, SEA):
        table.choose(color)
        made.append(table.hex.input_value())
        page.get_by_role("button", name=f"Add {made[-1]} to the palette").click()
    assert swatches(page, "My colors") == [f"Use {color}" for color in made]
    contents = {}
    for format in ("gpl", "ase"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f".{format}", exact=True).click()
        assert download.value.suggested_filename == f"My colors.{format}"
        contents[format] = download.value.path().read_bytes()
    assert read_ase(contents["ase"]) == [("", tuple(parse_hex(color))) for color in made]
    lines = contents["gpl"].decode().splitlines()
    assert lines[:2] == ["GIMP Palette", "Name: My colors"]
    assert [tuple(int(v) for v in line.split("\t")[0].split()) for line in lines if re.match(r"\s*\d", line)] == [
        tuple(parse_hex(color)) for color in made
    ]
    page.get_by_role("button", name=f"Use {made[0]}").click(button="right")
    assert swatches(page, "My colors") == [f"Use {made[1]}"]
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("None yet")).to_be_visible()
    for format, content in contents.items():  # what went out comes back
        (tmp_path / f"back.{format}").write_bytes(content)
        open_palettes(table, page, tmp_path / f"back.{format}")
        assert swatches(page, "My colors") == [f"Use {color}" for color in made]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("cut.ase", ase_file("Cut", [("red", b"RGB ", [1.0, 0.0, 0.0])])[:-20], "ends too early"),
        ("photo.ase", b"\x89PNG\r\n\x1a\n" + bytes(40), "is no palette that can be read"),
        ("bare.gpl", b"GIMP Palette\nName: Bare\n#\n", "has no colors"),
        ("empty.aco", b"", "is no palette that can be read"),
    ],
)
def test_a_palette_that_cannot_be_read_is_told(table, page, tmp_path, name, content, sentence):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    (tmp_path / name).write_bytes(content)
    open_palettes(table, page, tmp_path / name)
    expect(table.notice).to_contain_text(f"{name} {sentence}")
    expect(page.get_by_text("None yet")).to_be_visible()


def test_a_suggestion_shows_its_effect_before_it_is_taken(table, page):
    table.open_sample("Cat")
    table.click(0.3, 0.3)
    table.choose("#c03020")
    while table.picker.count():
        page.keyboard.press("Escape")
    table.click(0.7, 0.6)
    table.choose("#20a080")
    row = page.get_by_role("group", name="Suggested")
    expect(row).to_have_attribute("aria-busy", "false")
    offered = row.get_by_role("button")
    assert 1 <= offered.count() <= 8
    labels = [each.get_attribute("aria-label") for each in offered.all()]
    assert all(re.fullmatch(r"Use #[0-9a-f]{6}: .+", label) for label in labels)
    # Beside the ring, away from the picker; the swatch must stay under the pointer, so that nothing is hidden for this.
    (left, top), (right, bottom) = table.place(0.76, 0.5), table.place(0.95, 0.7)
    clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    lightness, before, beside = spot_lightness(table), table.picture(), page.screenshot(clip=clip)
    color = re.search("#[0-9a-f]{6}", labels[-1])[0]
    kept = table.hex.input_value()

    offered.last.hover()
    expect(table.hex).not_to_have_value(kept)
    table.settle()
    assert close(table.hex.input_value(), at_lightness(color, lightness))
    assert page.screenshot(clip=clip) != beside
    page.mouse.move(*table.place(0.02, 0.02))
    table.settle()
    assert table.hex.input_value() == kept and np.array_equal(table.picture(), before)

    page.get_by_label("Reach").focus()
    while not offered.last.evaluate("each => each === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    table.settle()
    assert close(table.hex.input_value(), at_lightness(color, lightness))
    page.keyboard.press("Control+z")  # looking left no step behind
    table.settle()
    assert np.array_equal(table.picture(), before)


def test_the_reference_is_among_the_suggestions(table, page):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    page.keyboard.press("r")
    page.evaluate(DROP, [".reference", "garden.png", list(reference_photo())])
    expect(page.get_by_role("button", name=re.compile("from the reference")).first).to_be_visible()
