"""How quick the app is in a browser: ``make bench-app`` prints a Markdown table.

Starts `adacolvit app` with the shipped weights on photos of 12 and 24 megapixels (made here: a sample, enlarged, with
grain) in Chromium, and does what a person does, at a person's pace. Inside the page the inputs' own time stamps, the
socket, and the end of the drawing are noted (a fence behind it where WebGL draws). A picture counts when the browser's
own trace says that the frame with it was presented. Chromium is taken as it comes, which in headless mode means without
a graphics card; other options for it follow `--chromium`, such as `--chromium=--use-angle=gl`.

A color is chosen in several ways, in turns. After a rest: the mouse comes to its place and stands still for `--aim`
milliseconds before the button goes down, as a hand does that aims. At once: the button goes down with the last move.
Elsewhere: it goes down beside the place where the mouse has just come to rest, whose colors are being computed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from chromium import Page, Session, chromium, presentations
from PIL import Image

import adacolvit.app

SIZES = {"12 MP": (4000, 3000), "24 MP": (6000, 4000)}
SAMPLE = Path(adacolvit.app.__file__).parent / "samples" / "astronaut.jpg"
WIDTH, HEIGHT = 1440, 900
# Seconds that a person looks before the next move: what follows a change, such as keeping it, is over by then.
REST = 0.3
MOUSE = 0.008  # seconds between two reports of a mouse
PARTS = ["page", "network", "wire", "draw", "screen"]
COME_TO_REST = 0.047  # seconds until the app has begun to compute what is under the pointer, and is not done with it
BESIDE = 8  # CSS px

# Notes when inputs, requests, answers and finished drawings happen, all in milliseconds of the page's own clock.
WATCH = """(() => {
  const log = (window.watched = { inputs: [], sent: [], answers: [], drawn: [], fences: [] });
  const note = ({ type, timeStamp }) => log.inputs.push([type, timeStamp, performance.now()]);
  for (const kind of ["pointerdown", "pointermove", "wheel"])
    addEventListener(kind, note, { capture: true, passive: true });
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
})()"""
SETTLED = "document.querySelector('canvas.photo[data-settled=true][data-sharp=true]') !== null"
# Whether all that was asked to be drawn is drawn.
DRAWN = "!window.watched.fences.length"
READ = """(() => {
  const { inputs, sent, answers, drawn } = window.watched;
  const network = ([time, header]) => [time, JSON.parse(new TextDecoder().decode(header)).effort.milliseconds];
  const read = { inputs: [...inputs], sent: [...sent], answers: answers.map(network), drawn: [...drawn] };
  for (const each of [inputs, sent, answers, drawn]) each.length = 0;
  return read;
})()"""


def make_photo(folder: Path, width: int, height: int) -> Path:
    """A gray photo with detail down to the pixel."""
    image = Image.open(SAMPLE).convert("L").resize((width, height), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(0).normal(0, 6, (height, width))
    path = folder / f"{width}x{height}.jpg"
    Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)).save(path, quality=92)
    return path


def shown(drawn: list[float], frames: list[tuple[float, float]]) -> list[float]:
    """When each drawing was on the screen; those that no frame took up are left out, and each frame counts once."""
    times = (next((at for made, at in frames if made >= time), None) for time in drawn)
    return sorted({time for time in times if time is not None})


@contextmanager
def app(folder: Path, photo: Path, options: list[str]):
    """The address of a running app with a photo on its table."""
    line = [sys.executable, "-m", "adacolvit.cli", "app", str(photo), "--no-browser", "--port=0", *options]
    environment = {**os.environ, "ADACOLVIT_DATA": str(folder)}
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield re.search(r"http://\S+", process.stdout.readline())[0]
        finally:
            process.terminate()


class Bench:
    """One photo on the table."""

    def __init__(self, page: Page, browser: Session, steps: int) -> None:
        self.page = page
        self.browser = browser
        self.steps = steps
        self.settle()

    def settle(self) -> None:
        self.page.wait(SETTLED)

    def place(self, x: float, y: float) -> tuple[float, float]:
        stage = self.page.box("canvas.photo")
        left, top, width, height = (float(v) for v in self.told("photo").split())
        return stage[0] + left + x * width, stage[1] + top + y * height

    def told(self, what: str) -> str:
        return self.page.evaluate(f"document.querySelector('canvas.photo').dataset.{what}")

    def read(self) -> dict:
        time.sleep(REST)  # nothing asks the page while it works
        self.settle()
        self.page.wait(DRAWN)
        return self.page.evaluate(READ)

    def colors(self, count: int, aims: list[int]) -> dict[str, list[dict]]:
        """Chooses ``count`` colors for a hint in each way; of each the milliseconds from press to screen, in parts.

        ``aims``: milliseconds for which the mouse stands still before a press.
        """
        self.page.click(*self.place(0.45, 0.3))
        time.sleep(REST)
        self.settle()
        ways = {f"after {aim} ms of rest": aim / 1000 for aim in aims} | {"at once": 0, "elsewhere": COME_TO_REST}
        reads = {way: [] for way in ways}
        corner, size = np.split(np.array(self.page.box(".plane")), 2)
        random, at = np.random.default_rng(1), corner
        with presentations(self.page, self.browser) as frames:
            for way in [*ways] * count:
                start, at = at, corner + random.uniform(0.35, 0.65, 2) * size
                self.read()
                for share in np.linspace(0.1, 1, 10):
                    time.sleep(MOUSE)
                    self.page.move(*(start + share * (at - start)))
                time.sleep(ways[way])
                if way == "elsewhere":
                    at = at + BESIDE
                    self.page.move(*at)
                self.page.press(*at)
                reads[way].append(self.read())
                self.page.release(*at)
        return {way: [taken for read in each if (taken := parts(read, frames))] for way, each in reads.items()}

    def drag(self) -> list[float]:
        """Drags through the colors; milliseconds between new pictures."""
        left, top, width, height = self.page.box(".plane")
        angles = np.linspace(0, 4 * np.pi, self.steps)
        at = [(left + width * (0.5 + 0.12 * np.cos(v)), top + height * (0.5 + 0.12 * np.sin(v))) for v in angles]
        self.page.move(*at[0])
        self.page.press(*at[0])
        with presentations(self.page, self.browser) as frames:
            self.read()
            for point in at:
                self.page.move(*point)
                time.sleep(MOUSE)
            read = self.read()
        self.page.release(*at[-1])
        for _ in range(2):  # from the picker to the ring, and from the ring to nothing: the picker would take the wheel
            self.page.key("Escape")
        drawn = [next((d for d in read["drawn"] if d >= answered), None) for answered, _ in read["answers"]]
        return np.diff(shown(sorted({d for d in drawn if d is not None}), frames)).tolist()

    def pan(self) -> list[float]:
        """Pans at 100 %; milliseconds between pictures."""
        self.page.key("1")
        self.settle()
        self.page.move(1100, 700)
        self.page.press(1100, 700, "middle")
        with presentations(self.page, self.browser) as frames:
            self.read()
            for i in range(self.steps):
                at = 1100 - 8 * i, 700 - 4 * i
                self.page.move(*at)
                time.sleep(MOUSE)
            read = self.read()
        self.page.release(*at, "middle")
        return np.diff(shown(read["drawn"], frames)).tolist()

    def zoom(self) -> list[float]:
        """Zooms in from the whole photo; milliseconds between pictures."""
        self.page.key("f")
        self.settle()
        at = self.place(0.5, 0.5)
        self.page.move(*at)
        with presentations(self.page, self.browser) as frames:
            self.read()
            for _ in range(self.steps):
                self.page.wheel(*at, -25)
                time.sleep(MOUSE)
            read = self.read()
        return np.diff(shown(read["drawn"], frames)).tolist()


def parts(read: dict, frames: list[tuple[float, float]]) -> dict | None:
    """Where the time of one choice went, milliseconds; None where nothing was drawn: the color was the same again.

    ``asked`` is whether the press had to ask. What it waited for before it could is in ``page``. Where it had not, but
    found the answer under way, ``network`` and ``wire`` are what was left of it.
    """
    start, heard = next((time, heard) for kind, time, heard in read["inputs"] if kind == "pointerdown")
    sent = next((time for time in read["sent"] if time >= start), None)
    begun = heard if sent is None else sent
    drawn = next((time for time in read["drawn"] if time >= begun), None)
    if drawn is None:
        return None
    # The last one: before it what was foreseen may be answered.
    answered, network = next((answer for answer in reversed(read["answers"]) if begun <= answer[0] < drawn), (begun, 0))
    network = min(network, answered - begun)
    (screen,) = shown([drawn], frames)
    return {
        "all": screen - start, "asked": sent is not None, "page": begun - start, "network": network,
        "wire": answered - begun - network, "draw": drawn - answered, "screen": screen - drawn,
    }  # fmt: skip


def row(photo: str, what: str, times: list[float], parts: str = "") -> str:
    p50, p95 = np.percentile(times, [50, 95]) if len(times) else (np.nan, np.nan)
    return f"| {photo} | {what} | {p50:.1f} | {p95:.1f} | {len(times)} | {parts} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--colors", type=int, default=40, help="colors chosen per photo in each way [40]")
    parser.add_argument("--aim", type=int, nargs="+", default=[150], help="ms of rest before a press [150]")
    parser.add_argument("--steps", type=int, default=90, help="of a drag, a pan, a zoom [90]")
    parser.add_argument("--threads", help="of the network [what the app takes by itself]")
    parser.add_argument("--chromium", action="append", default=[], help="an option for Chromium")
    parser.add_argument("--photos", nargs="+", choices=SIZES, default=list(SIZES), help="which of them [all]")
    parser.add_argument("--painter", choices=["gl", "cpu"], help="what draws [whatever is quicker here]")
    parser.add_argument("--json", type=Path, help="also write all times there")
    arguments = parser.parse_args()
    print("| photo | what | p50 ms | p95 ms | count | median ms of its parts |\n| --- | --- | --- | --- | --- | --- |")
    everything = {}
    threads = ["--threads", arguments.threads] if arguments.threads else []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with chromium(folder / "browser", WIDTH, HEIGHT, arguments.chromium) as (open_page, browser):
            for name in arguments.photos:
                photo = make_photo(folder, *SIZES[name])
                with app(folder / name, photo, threads) as address:
                    page = open_page(address + (f"&painter={arguments.painter}" if arguments.painter else ""), WATCH)
                    everything[name] = measure(name, Bench(page, browser, arguments.steps), arguments)
                    page.session.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(everything))


def measure(name: str, bench: Bench, arguments: argparse.Namespace) -> dict:
    """All times of one photo; prints its rows."""
    colors, means = bench.colors(arguments.colors, arguments.aim), bench.told("means")
    for way, taken in colors.items():
        medians = {key: np.median([each[key] for each in taken]) for key in PARTS}
        told = ", ".join(f"{key} {value:.1f}" for key, value in medians.items())
        told += f"; asked {sum(each['asked'] for each in taken)} times"
        print(row(name, f"press {way} to new colors ({means})", [each["all"] for each in taken], told), flush=True)
    taken = {"drag": bench.drag(), "pan": bench.pan(), "zoom": bench.zoom()}
    for what, times in taken.items():
        print(row(name, f"{what}: between pictures", times), flush=True)
    return {"colors": colors, **taken}


if __name__ == "__main__":
    main()
