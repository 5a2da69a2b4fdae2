"""How quick the app is in a browser: ``make bench-app`` prints a Markdown table.

Starts `adacolvit app` with the shipped weights, opens photos of 12 and 24 megapixels (made here: a sample, enlarged,
with grain) in Chromium, and does what a person does. Times are taken inside the page: an input's own time stamp, the
socket, and a fence behind the drawing commands, so a picture counts when it is drawn, not when it is asked for.
Chromium draws in software here (SwiftShader), which a machine with a graphics card does not; `--gpu` lets it use one.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

import adacolvit.app

SIZES = {"12 MP": (4000, 3000), "24 MP": (6000, 4000)}
SAMPLE = Path(adacolvit.app.__file__).parent / "samples" / "astronaut.jpg"
VIEWPORT = {"width": 1440, "height": 900}
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]

# Notes when inputs, requests, answers and finished drawings happen, all in milliseconds of the page's own clock.
WATCH = """() => {
  const log = (window.watched = { inputs: [], sent: [], answers: [], drawn: [] });
  for (const kind of ["pointerdown", "pointermove", "wheel"])
    addEventListener(kind, (event) => log.inputs.push([kind, event.timeStamp]), { capture: true, passive: true });
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const length = new DataView(data).getUint32(0, true);
        log.answers.push([performance.now(), data.slice(4, 4 + length)]);
      });
    }
    send(data) {
      log.sent.push(performance.now());
      super.send(data);
    }
  };
  const { port1, port2 } = new MessageChannel();
  const fences = [];
  port1.onmessage = () => {
    const [gl, fence] = fences[0];
    if (gl.getSyncParameter(fence, gl.SYNC_STATUS) === gl.SIGNALED) {
      log.drawn.push(performance.now());
      gl.deleteSync(fence);
      fences.shift();
    }
    if (fences.length) setTimeout(() => port2.postMessage(0));
  };
  const draw = WebGL2RenderingContext.prototype.drawArrays;
  let last = null;
  WebGL2RenderingContext.prototype.drawArrays = function (...given) {
    draw.apply(this, given);
    if (last === null)
      queueMicrotask(() => {
        fences.push([this, this.fenceSync(this.SYNC_GPU_COMMANDS_COMPLETE, 0)]);
        this.flush();
        if (fences.length === 1) port2.postMessage(0);
        last = null;
      });
    last = this;
  };
}"""
# Whether the newest answer is on the screen.
DRAWN = "() => { const { answers, drawn } = window.watched; return drawn.at(-1) >= (answers.at(-1)?.[0] ?? 0); }"
READ = """() => {
  const { inputs, sent, answers, drawn } = window.watched;
  const network = ([time, header]) => [time, JSON.parse(new TextDecoder().decode(header)).effort.milliseconds];
  const read = { inputs: [...inputs], sent: [...sent], answers: answers.map(network), drawn: [...drawn] };
  for (const each of [inputs, sent, answers, drawn]) each.length = 0;
  return read;
}"""


def make_photo(folder: Path, width: int, height: int) -> Path:
    """A gray photo with detail down to the pixel."""
    image = Image.open(SAMPLE).convert("L").resize((width, height), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(0).normal(0, 6, (height, width))
    path = folder / f"{width}x{height}.jpg"
    Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)).save(path, quality=92)
    return path


@contextmanager
def app(folder: Path, options: list[str]):
    """The address of a running app."""
    line = [sys.executable, "-m", "adacolvit.cli", "app", "--no-browser", "--port", "0", *options]
    environment = {**os.environ, "ADACOLVIT_DATA": str(folder)}
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield re.search(r"http://\S+/", process.stdout.readline())[0]
        finally:
            process.terminate()


class Bench:
    """One photo on the table."""

    def __init__(self, page: Page, photo: Path, steps: int) -> None:
        self.page = page
        self.steps = steps
        self.canvas = page.locator("canvas.photo")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Open", exact=True).click()
        chooser.value.set_files(str(photo))
        self.settle()

    def settle(self) -> None:
        expect(self.canvas).to_have_attribute("data-settled", "true")
        expect(self.canvas).to_have_attribute("data-sharp", "true")

    def place(self, x: float, y: float) -> tuple[float, float]:
        stage = self.canvas.bounding_box()
        left, top, width, height = (float(v) for v in self.canvas.get_attribute("data-photo").split())
        return stage["x"] + left + x * width, stage["y"] + top + y * height

    def read(self) -> dict:
        self.page.wait_for_function(DRAWN)
        return self.page.evaluate(READ)

    def colors(self, count: int) -> list[dict]:
        """Chooses ``count`` colors for a hint; of each the milliseconds from press to picture, and their parts."""
        self.page.mouse.click(*self.place(0.45, 0.3))
        self.settle()
        plane = self.page.locator(".plane").bounding_box()
        random, taken = np.random.default_rng(1), []
        for _ in range(count):
            self.page.evaluate(READ)
            x, y = random.uniform(0.35, 0.65, 2)
            self.page.mouse.move(plane["x"] + x * plane["width"], plane["y"] + y * plane["height"])
            self.page.mouse.down()
            self.settle()
            read = self.read()
            self.page.mouse.up()
            self.settle()
            start = next(time for kind, time in read["inputs"] if kind == "pointerdown")
            sent = next((time for time in read["sent"] if time >= start), None)
            if sent is None:
                continue  # the same color again: nothing was asked for
            answered, network = next(answer for answer in read["answers"] if answer[0] >= sent)
            drawn = next(time for time in read["drawn"] if time >= answered)
            taken.append(
                {
                    "all": drawn - start, "page": sent - start, "network": network,
                    "wire": answered - sent - network, "draw": drawn - answered,
                }
            )  # fmt: skip
        return taken

    def drag(self) -> list[float]:
        """Drags through the colors; milliseconds between new pictures."""
        plane = self.page.locator(".plane").bounding_box()
        angles = np.linspace(0, 4 * np.pi, self.steps)
        at = [(plane["x"] + plane["width"] * x, plane["y"] + plane["height"] * y)
              for x, y in zip(0.5 + 0.12 * np.cos(angles), 0.5 + 0.12 * np.sin(angles), strict=True)]  # fmt: skip
        self.page.mouse.move(*at[0])
        self.page.mouse.down()
        self.page.evaluate(READ)
        for point in at:
            self.page.mouse.move(*point)
        read = self.read()
        self.page.mouse.up()
        self.page.keyboard.press("Escape")
        drawn = [next((d for d in read["drawn"] if d >= answered), None) for answered, _ in read["answers"]]
        return np.diff(sorted({d for d in drawn if d is not None})).tolist()

    def pan(self) -> list[float]:
        """Pans at 100 %; milliseconds between pictures."""
        self.page.keyboard.press("1")
        self.settle()
        self.page.mouse.move(*(1100, 700))
        self.page.mouse.down(button="middle")
        self.page.evaluate(READ)
        for i in range(self.steps):
            self.page.mouse.move(1100 - 8 * i, 700 - 4 * i)
        read = self.read()
        self.page.mouse.up(button="middle")
        return np.diff(read["drawn"]).tolist()

    def zoom(self) -> list[float]:
        """Zooms in from the whole photo; milliseconds between pictures."""
        self.page.keyboard.press("f")
        self.settle()
        self.page.mouse.move(*self.place(0.5, 0.5))
        self.page.evaluate(READ)
        for _ in range(self.steps):
            self.page.mouse.wheel(0, -25)
        read = self.read()
        self.settle()
        return np.diff(read["drawn"]).tolist()


def row(photo: str, what: str, times: list[float], parts: str = "") -> str:
    p50, p95 = np.percentile(times, [50, 95]) if len(times) else (np.nan, np.nan)
    return f"| {photo} | {what} | {p50:.1f} | {p95:.1f} | {len(times)} | {parts} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--colors", type=int, default=40, help="colors chosen per photo [40]")
    parser.add_argument("--steps", type=int, default=90, help="of a drag, a pan, a zoom [90]")
    parser.add_argument("--threads", default="2", help="of the network [2]")
    parser.add_argument("--gpu", action="store_true", help="let Chromium draw with a graphics card")
    parser.add_argument("--json", type=Path, help="also write all times there")
    arguments = parser.parse_args()
    expect.set_options(timeout=60_000)
    print("| photo | what | p50 ms | p95 ms | count | median ms of its parts |\n| --- | --- | --- | --- | --- | --- |")
    everything = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        flags = ["--no-sandbox", *([] if arguments.gpu else SOFTWARE_GL)]
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        for name, size in SIZES.items():
            photo = make_photo(Path(folder), *size)
            with app(Path(folder) / name, ["--threads", arguments.threads]) as address:
                page = browser.new_page(viewport=VIEWPORT)
                page.set_default_timeout(60_000)
                page.add_init_script(f"({WATCH})()")
                page.goto(address)
                bench = Bench(page, photo, arguments.steps)
                colors = bench.colors(arguments.colors)
                medians = {
                    key: float(np.median([each[key] for each in colors])) for key in ("page", "network", "wire", "draw")
                }
                parts = ", ".join(f"{key} {value:.1f}" for key, value in medians.items())
                print(row(name, "press to new colors", [each["all"] for each in colors], parts), flush=True)
                taken = {"drag": bench.drag(), "pan": bench.pan(), "zoom": bench.zoom()}
                for what, times in taken.items():
                    print(row(name, f"{what}: between pictures", times), flush=True)
                everything[name] = {"colors": colors, **taken}
                page.close()
        browser.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(everything))


if __name__ == "__main__":
    main()
