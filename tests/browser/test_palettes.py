"""Palettes in the picker: those of GIMP and Adobe come in, a person's own go out."""

import re
import struct

import pytest
from playwright.sync_api import expect

from adacolvit.color.hex import parse_hex

from .colors import BARK, MOSS, SEA, at_lightness, close, spot_lightness


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


def test_another_window_loses_no_palettes(table, page, tmp_path):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    (tmp_path / "a.gpl").write_text("GIMP Palette\nName: Garden\n123 74 45\n")
    (tmp_path / "b.gpl").write_text("GIMP Palette\nName: Harbor\n46 94 140\n")
    open_palettes(table, page, tmp_path / "a.gpl")
    other = page.context.new_page()
    other.goto(page.url)
    second = type(table)(other)
    second.settle()
    second.rings.first.click()
    open_palettes(second, other, tmp_path / "b.gpl")
    assert swatches(other, "Harbor")
    open_palettes(table, page, tmp_path / "a.gpl")  # once more, in the window that has not laid the other one down
    page.reload()
    kept = page.evaluate("JSON.parse(localStorage['adacolvit.palettes']).map(({ name }) => name)")
    assert kept == ["Garden", "Harbor"]


def test_what_is_dropped_on_the_picker_leaves_nothing_over_the_photo(table, page):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    drop = """() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["GIMP Palette\\nName: Garden\\n123 74 45\\n"], "a.gpl"));
        const init = { dataTransfer, bubbles: true, cancelable: true };
        for (const [kind, where] of [["dragover", ".stage"], ["dragover", ".picker"], ["drop", ".picker"]])
            document.querySelector(where).dispatchEvent(new DragEvent(kind, init));
    }"""
    page.evaluate(drop)
    expect(page.get_by_role("group", name="Garden", exact=True)).to_have_count(1)
    expect(page.locator(".dropping")).to_have_count(0)


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
    expect(page.get_by_text("None yet: import one")).to_be_visible()
    for format, content in contents.items():  # what went out comes back
        (tmp_path / f"back.{format}").write_bytes(content)
        open_palettes(table, page, tmp_path / f"back.{format}")
        assert swatches(page, "My colors") == [f"Use {color}" for color in made]


def test_what_was_taken_off_the_shelf_is_put_back(table, page, tmp_path):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    (tmp_path / "garden.gpl").write_text("GIMP Palette\nName: Garden\n123 74 45\n46 94 140\n92 122 58\n")
    open_palettes(table, page, tmp_path / "garden.gpl")
    before = swatches(page, "Garden")
    page.get_by_role("button", name=before[1]).click(button="right")
    expect(table.notice).to_contain_text("#2e5e8c is taken out of Garden")
    assert swatches(page, "Garden") == [before[0], before[2]]
    page.get_by_role("button", name="Put back").click()
    assert swatches(page, "Garden") == before
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("None yet: import one")).to_be_visible()
    page.get_by_role("button", name="Put back").click()
    assert swatches(page, "Garden") == before
    page.reload()
    table.settle()
    table.rings.first.click()
    assert swatches(page, "Garden") == before


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
    expect(page.get_by_text("None yet: import one")).to_be_visible()
