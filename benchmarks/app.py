"""How quick the app is in a browser: ``make bench-app`` prints a Markdown table.

Starts `adacolvit app` with the shipped weights, opens photos of 12 and 24 megapixels (made here: a sample, enlarged,
with grain) in Chromium, and does what a person does. Inside the page the inputs' own time stamps, the socket, and the
end of the drawing are noted (a fence behind it where WebGL draws). A picture counts when the browser's own trace says
that the frame with it was presented. Chromium is taken as it comes, which in headless mode means without a graphics
card; other options for it follow `--chromium`, such as `--chromium=--use-angle=gl`.
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

# Notes when inputs, requests, answers and finished drawings happen, all in milliseconds of the page's own clock.
WATCH = """() => {
  const log = (window.watched = { inputs: [], sent: [], answers: [], drawn: [], fences: [] });
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
  const { fences } = log;
  port1.onmessage = () => {
    const [gl, fence] = fences[0];
    const lost = gl.isContextLost(); // the app tried WebGL, and left it
    if (lost || gl.getSyncParameter(fence, gl.SYNC_STATUS) === gl.SIGNALED) {
      if (!lost) log.drawn.push(performance.now());
      gl.deleteSync(fence);
      fences.shift();
    }
    if (fences.length) setTimeout(() => port2.postMessage(0));
  };
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    put.apply(this, given);
    if (this.canvas.className === "photo") log.drawn.push(performance.now());
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
# Whether all that was asked to be drawn is drawn.
DRAWN = "() => !window.watched.fences.length"
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
def presentations(page: Page):
    """Follows which frames are shown: gives a list that is filled, on leaving, with (made, shown) of each.

    Both are milliseconds of the page's clock: what was drawn until ``made`` was on the screen at ``shown``.
    """
    frames, events, ended = [], [], []
    tracing = page.context.browser.new_browser_cdp_session()
    tracing.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    tracing.on("Tracing.tracingComplete", lambda _: ended.append(True))
    categories = ["devtools.timeline", "blink.user_timing"]
    tracing.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": categories}})
    page.evaluate("() => performance.mark('clock')")
    yield frames
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    tracing.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(20)
    tracing.detach()
    clock = next(event for event in events if event["name"] == "clock")
    start = clock["ts"] / 1000 - clock["args"]["data"]["startTime"]
    made = {}
    for event in sorted((e for e in events if e["pid"] == clock["pid"] and "id2" in e), key=lambda e: e["ts"]):
        frame, at = event["id2"]["local"], event["ts"] / 1000 - start
        if (event["name"], event["ph"]) == ("AnimationFrame", "e"):
            made[frame] = at
        elif event["name"] == "AnimationFrame::Presentation" and frame in made:
            frames.append((made.pop(frame), at))
    frames.sort()


def shown(drawn: list[float], frames: list[tuple[float, float]]) -> list[float]:
    """When each drawing was on the screen; those that no frame took up are left out, and each frame counts once."""
    times = (next((at for made, at in frames if made >= time), None) for time in drawn)
    return sorted({time for time in times if time is not None})


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
        self.settle()
        self.page.wait_for_function(DRAWN)
        return self.page.evaluate(READ)

    def colors(self, count: int) -> list[dict]:
        """Chooses ``count`` colors for a hint; of each the milliseconds from press to picture, and their parts."""
        self.page.mouse.click(*self.place(0.45, 0.3))
        self.settle()
        plane = self.page.locator(".plane").bounding_box()
        random, reads = np.random.default_rng(1), []
        with presentations(self.page) as frames:
            for _ in range(count):
                self.page.evaluate(READ)
                x, y = random.uniform(0.35, 0.65, 2)
                self.page.mouse.move(plane["x"] + x * plane["width"], plane["y"] + y * plane["height"])
                self.page.mouse.down()
                self.settle()
                reads.append(self.read())
                self.page.mouse.up()
                self.settle()
        return [taken for read in reads if (taken := parts(read, frames))]

    def drag(self) -> list[float]:
        """Drags through the colors; milliseconds between new pictures."""
        plane = self.page.locator(".plane").bounding_box()
        angles = np.linspace(0, 4 * np.pi, self.steps)
        at = [(plane["x"] + plane["width"] * x, plane["y"] + plane["height"] * y)
              for x, y in zip(0.5 + 0.12 * np.cos(angles), 0.5 + 0.12 * np.sin(angles), strict=True)]  # fmt: skip
        self.page.mouse.move(*at[0])
        self.page.mouse.down()
        with presentations(self.page) as frames:
            self.page.evaluate(READ)
            for point in at:
                self.page.mouse.move(*point)
            read = self.read()
        self.page.mouse.up()
        self.page.keyboard.press("Escape")
        drawn = [next((d for d in read["drawn"] if d >= answered), None) for answered, _ in read["answers"]]
        return np.diff(shown(sorted({d for d in drawn if d is not None}), frames)).tolist()

    def pan(self) -> list[float]:
        """Pans at 100 %; milliseconds between pictures."""
        self.page.keyboard.press("1")
        self.settle()
        self.page.mouse.move(*(1100, 700))
        self.page.mouse.down(button="middle")
        with presentations(self.page) as frames:
            self.page.evaluate(READ)
            for i in range(self.steps):
                self.page.mouse.move(1100 - 8 * i, 700 - 4 * i)
            read = self.read()
        self.page.mouse.up(button="middle")
        return np.diff(shown(read["drawn"], frames)).tolist()

    def zoom(self) -> list[float]:
        """Zooms in from the whole photo; milliseconds between pictures."""
        self.page.keyboard.press("f")
        self.settle()
        self.page.mouse.move(*self.place(0.5, 0.5))
        with presentations(self.page) as frames:
            self.page.evaluate(READ)
            for _ in range(self.steps):
                self.page.mouse.wheel(0, -25)
            self.page.wait_for_function(
                "() => watched.inputs.some(([kind]) => kind === 'wheel')"
            )  # nobody waited so far
            read = self.read()
        self.settle()
        return np.diff(shown(read["drawn"], frames)).tolist()


def parts(read: dict, frames: list[tuple[float, float]]) -> dict | None:
    """Where the time of one choice went, milliseconds; None where nothing was asked: the color was the same again."""
    start = next(time for kind, time in read["inputs"] if kind == "pointerdown")
    sent = next((time for time in read["sent"] if time >= start), None)
    if sent is None:
        return None
    answered, network = next(answer for answer in read["answers"] if answer[0] >= sent)
    drawn = next(time for time in read["drawn"] if time >= answered)
    (screen,) = shown([drawn], frames)
    return {
        "all": screen - start, "drawn": drawn - start, "page": sent - start, "network": network,
        "wire": answered - sent - network, "draw": drawn - answered, "screen": screen - drawn,
    }  # fmt: skip


def row(photo: str, what: str, times: list[float], parts: str = "") -> str:
    p50, p95 = np.percentile(times, [50, 95]) if len(times) else (np.nan, np.nan)
    return f"| {photo} | {what} | {p50:.1f} | {p95:.1f} | {len(times)} | {parts} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--colors", type=int, default=40, help="colors chosen per photo [40]")
    parser.add_argument("--steps", type=int, default=90, help="of a drag, a pan, a zoom [90]")
    parser.add_argument("--threads", default="2", help="of the network [2]")
    parser.add_argument("--chromium", action="append", default=[], help="an option for Chromium")
    parser.add_argument("--painter", choices=["gl", "cpu"], help="what draws [whatever is quicker here]")
    parser.add_argument("--json", type=Path, help="also write all times there")
    arguments = parser.parse_args()
    expect.set_options(timeout=60_000)
    print("| photo | what | p50 ms | p95 ms | count | median ms of its parts |\n| --- | --- | --- | --- | --- | --- |")
    everything = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *arguments.chromium])
        for name, size in SIZES.items():
            photo = make_photo(Path(folder), *size)
            with app(Path(folder) / name, ["--threads", arguments.threads]) as address:
                page = browser.new_page(viewport=VIEWPORT)
                page.set_default_timeout(60_000)
                page.add_init_script(f"({WATCH})()")
                page.goto(address + (f"?painter={arguments.painter}" if arguments.painter else ""))
                bench = Bench(page, photo, arguments.steps)
                colors = bench.colors(arguments.colors)
                medians = {
                    key: float(np.median([each[key] for each in colors]))
                    for key in ("page", "network", "wire", "draw", "screen")
                }
                told = ", ".join(f"{key} {value:.1f}" for key, value in medians.items())
                what = f"press to new colors on the canvas ({bench.canvas.get_attribute('data-means')})"
                print(row(name, what, [each["drawn"] for each in colors]), flush=True)
                print(
                    row(name, "press to new colors on the screen", [each["all"] for each in colors], told), flush=True
                )
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
