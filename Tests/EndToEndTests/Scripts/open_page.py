"""Opens a report in headless Chromium, wide and narrow, light and dark, and in print.

    open_page.py CHROMIUM PAGE CHARTS [FOLDER]

CHARTS is the number of charts that the page has. With a FOLDER, pictures of every view are left there.

Says what is wrong, a line each, and ends with 1: a message on the console, a request for anything but the page, a chart
without a size, a page that is wider than its window, a picture that cannot be decoded, a dark page where a light one was
asked for.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

MEASURE = """(() => {
  const shown = element => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility() && box.width > 20 && box.height > 10;
  };
  const charts = [...document.querySelectorAll("svg.chart, table.heat")];
  const light = color => color.match(/[0-9.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
  const style = getComputedStyle(document.body);
  return {
    charts: charts.length, hidden: charts.filter(chart => !shown(chart)).map(chart => chart.ariaLabel),
    excess: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    images: [...document.images].filter(image => !image.complete || image.naturalWidth === 0).length,
    paper: light(style.backgroundColor), ink: light(style.color), height: document.documentElement.scrollHeight};
})()"""

OPEN_ALL = "document.querySelectorAll('details').forEach(part => { part.open = true; })"
CLOSE_ALL = "document.querySelectorAll('details').forEach(part => { part.open = false; })"

# Name, width, colour scheme, medium.
VIEWS = [
    ("wide", 1280, "light", "screen"), ("wide-dark", 1280, "dark", "screen"), ("narrow", 400, "light", "screen"),
    ("narrow-dark", 400, "dark", "screen"), ("print", 720, "dark", "print"),
]


class Browser:
    """Chromium, spoken to by its debugging protocol over two pipes."""

    def __init__(self, program, folder):
        to_browser, self.out = os.pipe()
        self.read_end, from_browser = os.pipe()

        def connect():
            # The browser reads from 3 and writes to 4.
            reader, writer = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reader, 3)
            os.dup2(writer, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
             "--disable-background-networking", f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=connect,
            close_fds=False)
        os.close(to_browser)
        os.close(from_browser)
        self.rest, self.number, self.session, self.events = b"", 0, None, []

    def next(self):
        while b"\0" not in self.rest:
            part = os.read(self.read_end, 1 << 20)
            if not part:
                raise SystemExit("the browser has ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.next()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.next())

    def evaluate(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")


def faults(browser, page, charts, pictures):
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ["Page", "Runtime", "Log", "Network"]:
        browser.call(f"{domain}.enable")
    for name, width, scheme, medium in VIEWS:
        browser.events = []
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        browser.call("Emulation.setEmulatedMedia", media=medium,
                     features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.call("Page.navigate", url=page)
        browser.wait("Page.loadEventFired")
        if browser.evaluate(MEASURE)["excess"] > 0:
            yield f"{name}: the page is wider than its window"
        if medium == "screen":
            browser.evaluate(OPEN_ALL)
        else:
            browser.evaluate(CLOSE_ALL)
        found = browser.evaluate(MEASURE)
        if found["charts"] != charts:
            yield f"{name}: {found['charts']} charts instead of {charts}"
        for chart in found["hidden"]:
            yield f"{name}: nothing is seen of the chart “{chart}”"
        if found["excess"] > 0:
            yield f"{name}: with all parts open the page is {found['excess']} pixels wider than its window"
        if found["images"] > 0:
            yield f"{name}: {found['images']} pictures cannot be decoded"
        is_dark = scheme == "dark" and medium == "screen"
        if is_dark != (found["paper"] < 80) or is_dark != (found["ink"] > 170):
            yield f"{name}: the colours are those of the other scheme"
        for event in browser.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
                yield f"{name}: the console says {json.dumps(parameters)[:400]}"
            if method == "Network.requestWillBeSent" and not parameters["request"]["url"].startswith((page, "data:")):
                yield f"{name}: {parameters['request']['url']} was asked for"
        if pictures:
            for part, expression in [("", CLOSE_ALL), ("-open", OPEN_ALL)]:
                browser.evaluate(expression)
                size = browser.evaluate(MEASURE)
                picture = browser.call("Page.captureScreenshot", captureBeyondViewport=True, clip={
                    "x": 0, "y": 0, "width": width, "height": min(size["height"], 16000), "scale": 1})
                (pictures / f"{name}{part}.png").write_bytes(base64.b64decode(picture["data"]))
        if medium == "print":
            printed = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
            if not printed.startswith(b"%PDF") or len(printed) < 20_000:
                yield f"{name}: the printed page is empty"
            if pictures:
                (pictures / "print.pdf").write_bytes(printed)


def main():
    program, page, charts = sys.argv[1], pathlib.Path(sys.argv[2]).resolve().as_uri(), int(sys.argv[3])
    pictures = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, folder)
        try:
            found = list(faults(browser, page, charts, pictures))
        finally:
            browser.process.kill()
            browser.process.wait()
    print("\n".join(found))
    sys.exit(1 if found else 0)


main()
