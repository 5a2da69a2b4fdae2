"""What is dropped and pasted: pictures are opened, and all else is told or left alone."""

import pytest
from playwright.sync_api import expect

from .program import running
from .reference import reference_photo
from .table import Table

PASTE = """([selector, bytes]) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array(bytes)], "garden.png", { type: "image/png" }));
    const target = document.querySelector(selector);
    target.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def drop(page):
    """Drops on the middle of the page, as the system does."""
    session = page.context.new_cdp_session(page)

    def send(**data) -> None:
        expect(page.locator(".samples img, .rail h1").first).to_be_attached()  # the page listens
        for kind in ("dragEnter", "dragOver", "drop"):
            given = {"items": [], "dragOperationsMask": 1} | data
            session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": given})
            if kind == "dragOver" and "files" in data:
                expect(page.locator(".dropping")).to_be_visible()

    return send


def test_a_folder_is_called_one(table, drop, tmp_path):
    (tmp_path / "album").mkdir()
    drop(files=[str(tmp_path / "album")])
    expect(table.notice).to_contain_text("album is a folder")


def test_a_file_that_is_gone_is_not_the_servers_fault(table, page, tmp_path):
    photo = tmp_path / "gone.jpg"
    photo.write_bytes(reference_photo())

    def lose(route) -> None:
        photo.unlink()
        route.abort()

    page.route("**/api/photos?name=gone.jpg", lose)
    table.open_files(photo)
    expect(table.notice).to_contain_text("gone.jpg cannot be read")


def test_a_file_is_opened_and_a_piece_of_text_changes_nothing(table, page, drop, tmp_path):
    (tmp_path / "garden.png").write_bytes(reference_photo())
    drop(files=[str(tmp_path / "garden.png")])
    expect(page).to_have_title("garden.png – AdaColViT")
    table.settle()
    page.keyboard.press("Escape")
    drop(items=[{"mimeType": "text/plain", "data": "#7b4a2d"}])
    page.wait_for_timeout(300)
    expect(table.notice).to_have_count(0)
    expect(page.locator(".dropping")).to_have_count(0)


def test_what_is_pasted_into_a_field_of_text_opens_no_picture(table: Table, page):
    table.open_sample("Cat")
    table.click(0.5, 0.5)
    page.evaluate(PASTE, [".hex", list(reference_photo())])
    page.wait_for_timeout(300)
    expect(page).to_have_title("cat.jpg – AdaColViT")
    page.evaluate(PASTE, [".stage", list(reference_photo())])
    expect(page).to_have_title("garden.png – AdaColViT")


def test_of_several_photos_one_is_opened_and_that_is_said(table, page, drop, tmp_path):
    for name in ("garden.png", "house.png", "lake.png"):
        (tmp_path / name).write_bytes(reference_photo())
    drop(files=[str(tmp_path / name) for name in ("garden.png", "house.png", "lake.png")])
    expect(page).to_have_title("garden.png – AdaColViT")
    expect(table.notice).to_contain_text("garden.png is open, 2 others are not")


def test_there_is_a_way_back_to_the_start(table, page):
    table.open_sample()
    page.get_by_role("link", name="Start page").click()
    expect(page.locator(".samples img").first).to_be_visible()
    assert "photo=" not in page.url  # so that reloading stays there


def test_a_folder_without_photos_says_so(small_weights, tmp_path, browser):
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "scan.heic").write_bytes(b"ftypheic")
    with running(small_weights, tmp_path / "data", tmp_path / "album") as program:
        page = browser.new_page(base_url=program.address)
        page.goto("/")
        start = page.locator(".start")
        expect(start.get_by_role("heading", name="album")).to_be_visible()
        expect(start).to_contain_text("no photo that can be read")
        expect(start).to_contain_text("scan.heic")
        page.close()
