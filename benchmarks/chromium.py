"""Chromium driven by its DevTools protocol alone, so that nothing listens to the page while it is measured.

Playwright has each message of a socket sent to it as well, which takes a core for longer than drawing the picture does.
"""

import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from websockets.sync.client import connect

PATIENCE = 60  # seconds


class Session:
    """One wire to Chromium: commands are answered in turn, events are kept until they are asked for."""

    def __init__(self, address: str) -> None:
        self._wire = connect(address, max_size=None, compression=None)
        self._ids = count(1)
        self._events: list[dict] = []

    def send(self, method: str, **parameters) -> dict:
        """A command's result. Raises RuntimeError where Chromium refuses it."""
        number = self.tell(method, **parameters)
        while (message := self._receive()).get("id") != number:
            self._keep(message)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    def tell(self, method: str, **parameters) -> int:
        """A command whose end nobody waits for: its number."""
        number = next(self._ids)
        self._wire.send(json.dumps({"id": number, "method": method, "params": parameters}))
        return number

    def events_until(self, method: str) -> list[dict]:
        """All events so far, the first of this kind being the last of them."""
        while not any(event["method"] == method for event in self._events):
            self._keep(self._receive())
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        self._wire.close()

    def _keep(self, message: dict) -> None:
        if "method" in message:  # the others say that a command which was told is done
            self._events.append(message)

    def _receive(self) -> dict:
        return json.loads(self._wire.recv(PATIENCE))


class Page:
    """A tab, and what a person does there. Places are CSS pixels."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._buttons = 0

    def evaluate(self, expression: str):
        """The value of a JavaScript expression; a promise is waited for."""
        told = self.session.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise RuntimeError(told["exceptionDetails"]["exception"]["description"])
        return told["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until an expression is true, asking ten times a second."""
        end = time.monotonic() + PATIENCE
        while not self.evaluate(expression):
            if time.monotonic() > end:
                raise TimeoutError(expression)
            time.sleep(0.1)

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width, height of an element."""
        return self.evaluate(
            f"(({{left, top, width, height}}) => [left, top, width, height])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())"
        )

    def _mouse(self, kind: str, x: float, y: float, **more) -> None:
        """As a hand, it does not wait for the page: a move or a wheel is answered after the frame with it."""
        self.session.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, buttons=self._buttons, **more)

    def move(self, x: float, y: float) -> None:
        self._mouse("mouseMoved", x, y)

    def press(self, x: float, y: float, button: str = "left") -> None:
        self._buttons = {"left": 1, "middle": 4}[button]
        self._mouse("mousePressed", x, y, button=button, clickCount=1)

    def release(self, x: float, y: float, button: str = "left") -> None:
        self._buttons = 0
        self._mouse("mouseReleased", x, y, button=button, clickCount=1)

    def click(self, x: float, y: float) -> None:
        self.move(x, y)
        self.press(x, y)
        self.release(x, y)

    def wheel(self, x: float, y: float, by: float) -> None:
        self._mouse("mouseWheel", x, y, deltaX=0, deltaY=by)

    def key(self, key: str) -> None:
        text = {"text": key} if len(key) == 1 else {}
        self.session.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.session.send("Input.dispatchKeyEvent", type="keyUp", key=key)


@contextmanager
def chromium(folder: Path, width: int, height: int, options: list[str]):
    """A Chromium without a window: a function that opens an address, with a script run before the page's own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        raise SystemExit("this needs Chromium: apt-get install chromium")
    line = [
        path, "--headless", "--no-sandbox", "--no-first-run", "--disable-background-networking",
        "--remote-debugging-port=0", f"--user-data-dir={folder}", f"--window-size={width},{height}", *options,
        "about:blank",
    ]  # fmt: skip
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            port_file, end = folder / "DevToolsActivePort", time.monotonic() + PATIENCE
            while not port_file.is_file() or len(port_file.read_text().splitlines()) < 2:
                if time.monotonic() > end or process.poll() is not None:
                    raise TimeoutError(f"{path} does not start")
                time.sleep(0.1)
            port, door = port_file.read_text().splitlines()
            browser = Session(f"ws://127.0.0.1:{port}{door}")

            def open_page(address: str, script: str) -> Page:
                target = browser.send("Target.createTarget", url="about:blank")["targetId"]
                session = Session(f"ws://127.0.0.1:{port}/devtools/page/{target}")
                session.send("Page.enable")
                size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
                session.send("Emulation.setDeviceMetricsOverride", **size)
                session.send("Page.addScriptToEvaluateOnNewDocument", source=script)
                session.send("Page.navigate", url=address)
                return Page(session)

            yield open_page, browser
            browser.send("Browser.close")
            process.wait(PATIENCE)
        finally:
            if process.poll() is None:
                process.kill()


@contextmanager
def presentations(page: Page, browser: Session):
    """Follows which frames are shown: gives a list that is filled, on leaving, with (made, shown) of each.

    Both are milliseconds of the page's clock: what was drawn until ``made`` was on the screen at ``shown``.
    """
    frames = []
    categories = ["devtools.timeline", "blink.user_timing"]
    browser.send("Tracing.start", transferMode="ReportEvents", traceConfig={"includedCategories": categories})
    page.evaluate("void performance.mark('clock')")
    yield frames
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    browser.send("Tracing.end")
    told = browser.events_until("Tracing.tracingComplete")
    events = [e for data in told if data["method"] == "Tracing.dataCollected" for e in data["params"]["value"]]
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
