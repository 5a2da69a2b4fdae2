"""From a color chosen to the new picture on the screen: the browser-only edition beside the server's, in one run.

    make web && python benchmarks/browser_only.py [--clicks 20]

Both are open in one Chromium on the sample photo; colors are chosen in turns, so that what else the machine does falls
on both. Prints median and 95th percentile of each in milliseconds, and the ratio of the medians: once with one thread,
as on the first visit, and once with those that an isolated page may use.
"""

import argparse
import functools
import os
import re
import subprocess
import sys
import tempfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parents[1] / "dist" / "web"
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PATIENCE = 180_000  # ms
# Waits in the page itself, so that no message between programs is counted.
CHOOSE = """(color) => new Promise((resolve) => {
  const canvas = document.querySelector("canvas.photo");
  const field = document.querySelector("input.hex");
  field.focus();
  field.value = color;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  const start = performance.now();
  const seen = new MutationObserver(() => {
    if (canvas.dataset.settled !== "true") return;
    seen.disconnect();
    resolve(performance.now() - start);
  });
  seen.observe(canvas, { attributes: true, attributeFilter: ["data-settled"] });
  field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
})"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        pass


def settle(page: Page) -> None:
    page.wait_for_selector("canvas.photo[data-settled=true]")


def begin(page: Page) -> None:
    """Opens the sample and selects a hint in its middle."""
    page.locator(".samples:not(.recent-work)").get_by_role("button", name="cat").click()
    settle(page)
    canvas = page.locator("canvas.photo")
    box, (left, top, width, height) = canvas.bounding_box(), map(float, canvas.get_attribute("data-photo").split())
    page.mouse.click(box["x"] + left + 0.4 * width, box["y"] + top + 0.5 * height)
    settle(page)


def measure(pages: dict[str, Page], clicks: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    times = {name: [] for name in pages}
    for click in range(clicks + 3):
        color = "#" + bytes(random.integers(60, 200, 3).tolist()).hex()
        for name, page in pages.items():
            page.bring_to_front()
            milliseconds = page.evaluate(CHOOSE, color)
            if click >= 3:  # what comes first is compiled meanwhile
                times[name].append(milliseconds)
    return {name: np.array(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clicks", type=int, default=20)
    clicks = parser.parse_args().clicks
    host = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=FOLDER))
    threading.Thread(target=host.serve_forever, daemon=True).start()
    line = [sys.executable, "-m", "adacolvit.cli", "app", "--no-browser", "--port", "0"]
    with (
        tempfile.TemporaryDirectory() as kept,
        subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env={**os.environ, "ADACOLVIT_DATA": kept}) as app,
        sync_playwright() as playwright,
    ):
        server = re.search(r"http://\S+/", app.stdout.readline())[0]
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = chromium.new_context(viewport={"width": 900, "height": 600})
        pages = {"server": context.new_page(), "browser": context.new_page()}
        for page in pages.values():
            page.set_default_timeout(PATIENCE)
        pages["server"].goto(server)
        pages["browser"].goto(f"http://127.0.0.1:{host.server_port}/")
        for visit in ("first visit", "second visit"):
            for page in pages.values():
                page.bring_to_front()
                begin(page)
            times = measure(pages, clicks)
            threads = pages["browser"].evaluate("crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1")
            for name, values in times.items():
                p50, p95 = np.percentile(values, [50, 95])
                print(f"{visit:13} {name:8} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms")
            ratio = np.median(times["browser"]) / np.median(times["server"])
            print(f"{visit:13} browser / server {ratio:.1f}, {threads} threads")
            pages["browser"].evaluate("navigator.serviceWorker.ready.then(() => true)")
            for page in pages.values():
                page.evaluate("history.replaceState(null, '', location.pathname)")
                page.reload()
        chromium.close()
        app.terminate()
    host.shutdown()


if __name__ == "__main__":
    main()
