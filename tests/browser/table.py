"""What a person does at the table, by mouse, keyboard and eye."""

import io
from contextlib import contextmanager

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect


class Table:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.canvas = page.locator("canvas.photo")
        self.rings = page.locator(".ring")
        self.picker = page.get_by_role("group", name="Color of this hint")
        self.hex = page.get_by_label("Color as hex")
        self.notice = page.locator(".notice")

    @classmethod
    def painted(cls, page: Page, means: str) -> "Table":
        """The empty table, drawn by WebGL ("gl") or by the processor ("cpu")."""
        page.goto(f"/?painter={means}")
        table = cls(page)
        expect(table.canvas).to_have_attribute("data-means", means)
        return table

    def open_sample(self, name: str = "Cat") -> "Table":
        self.page.locator(".samples:not(.recent-work) button", has_text=name).click()
        self.settle()
        return self

    def open_files(self, *files) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Open", exact=True).click()
        chooser.value.set_files([str(file) for file in files])

    def settle(self) -> None:
        """Waits until the canvas shows the answer to the latest change."""
        expect(self.canvas).to_have_attribute("data-settled", "true")

    def click(self, x: float, y: float) -> None:
        """Clicks a place of the photo, given as shares of its width and height."""
        self.page.mouse.click(*self.place(x, y))
        self.settle()

    def place(self, x: float, y: float) -> tuple[float, float]:
        left, top, width, height = self.photo_box()
        return left + x * width, top + y * height

    def photo_box(self) -> tuple[float, float, float, float]:
        """Left, top, width, height of the photo on the page, CSS pixels."""
        stage = self.canvas.bounding_box()
        left, top, width, height = (float(v) for v in self.canvas.get_attribute("data-photo").split())
        return stage["x"] + left, stage["y"] + top, width, height

    def choose(self, color: str) -> None:
        self.hex.fill(color)
        self.hex.press("Enter")
        self.settle()

    def undo_and_redo(self, before: np.ndarray, after: np.ndarray, redo: str = "Control+y") -> None:
        """A step back the canvas is ``before`` to the pixel, and forth again ``after``."""
        for keys, expected in (("Control+z", before), (redo, after)):
            self.page.keyboard.press(keys)
            self.settle()
            assert np.array_equal(self.picture(), expected), keys

    def picture(self) -> np.ndarray:
        """The canvas as it is on the screen, (h, w, 3), without the rings and the picker above it."""
        with self.bare():
            data = self.page.screenshot(clip=self._clip())
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)

    @contextmanager
    def bare(self):
        """Nothing above the photo is seen meanwhile; made transparent only, so that it keeps the keyboard."""
        above = "main > :not(canvas), .panel, .notices"
        script = "([s, v]) => document.querySelectorAll(s).forEach((e) => { e.style.opacity = v })"
        self.page.evaluate(script, [above, "0"])
        yield
        self.page.evaluate(script, [above, ""])

    def _clip(self) -> dict:
        left, top, width, height = self.photo_box()
        return {"x": left, "y": top, "width": width, "height": height}

    @property
    def photo_id(self) -> str:
        return self.page.url.split("photo=")[1]

    def kept(self) -> dict:
        """All work on the open photo, as the program has it on disk."""
        expect(self.page.locator(".kept")).to_have_attribute("data-state", "kept")
        return self.page.request.get(f"/api/photos/{self.photo_id}/session").json()

    def kept_hints(self) -> list[dict]:
        return [{key: hint[key] for key in ("x", "y", "color", "size")} for hint in self.kept()["present"]]
