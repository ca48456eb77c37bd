"""A notebook server of one's own, and hands on its page: what a student does with mouse and keys."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    from playwright.sync_api import TimeoutError
except ImportError:  # the tests are skipped then
    pass

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
# What a first start asks about and what a student's own server would not: news, updates. All cells
# are kept in the page, so that they can be looked for.
SETTINGS = {
    "apputils-extension/notification": {
        "fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True,
    },
    "notebook-extension/tracker": {"windowingMode": "none"},
}  # fmt: skip

# For instructors; a student's JupyterLab does not have it.
DISABLED = {"@jupyter/nbgrader": True}


@contextlib.contextmanager
def serving(folder: Path, command: str, home: Path, **env: str) -> Iterator[str]:
    """Run ``jupyter lab`` or ``jupyter notebook`` in `folder`; yields its address with token."""
    for name, values in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    disabled = home / "config" / "labconfig" / "page_config.json"
    disabled.parent.mkdir(parents=True)
    disabled.write_text(json.dumps({"disabledExtensions": DISABLED}))
    (home / "runtime").mkdir(parents=True, exist_ok=True)
    log = (home / "server.log").open("w+")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter", command, "--no-browser", "--allow-root", "--port=0",
         f"--ServerApp.root_dir={folder}", "--ServerApp.password=", "--ip=127.0.0.1"],
        cwd=folder, stdout=log, stderr=log,
        env={
            **os.environ,
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "IPYTHONDIR": str(home / "ipython"),
            "PYTHONPATH": str(ROOT),
            **env,
        },
    )  # fmt: skip
    try:
        yield _address(home, server, log)
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()
        log.close()


def _address(home: Path, server: Any, log: Any) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        for path in (home / "runtime").glob("jpserver-*.json"):
            with contextlib.suppress(ValueError):
                said = json.loads(path.read_text())
                return f"{said['url']}?token={said['token']}"
        time.sleep(0.2)
    log.seek(0)
    raise AssertionError(f"the notebook server did not start:\n{log.read()[-2000:]}")


@dataclass
class Desk:
    """A notebook that is open in the browser.

    Attributes:
        page: the browser's page.
        pictures: where `picture` writes.
    """

    page: Any
    pictures: Path

    def open(self, address: str, notebook: str, front: str) -> None:
        """Open a notebook and wait until its kernel is there.

        Args:
            address: of the server, with its token.
            notebook: path below the server's folder.
            front: ``lab`` or ``notebook``.
        """
        base, token = address.split("?")
        where = {"lab": "lab/tree", "notebook": "notebooks"}[front]
        self.page.goto(f"{base}{where}/{notebook}?{token}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.wait_for_selector("[data-status=idle]", timeout=60_000, state="attached")

    def cell(self, text: str, nth: int = 0) -> Any:
        """The code cell (the `nth` from 0) whose first lines hold `text`; a folded one shows its first."""
        cells = self.page.locator(".jp-Notebook .jp-CodeCell")
        editor = self.page.locator(".jp-InputArea-editor, .jp-Placeholder", has_text=text)
        found = cells.filter(has=editor).nth(nth)
        found.wait_for(state="attached")
        # By its place from now on: what it holds will change.
        return cells.nth(
            found.evaluate(
                "c => [...c.closest('.jp-Notebook').querySelectorAll('.jp-CodeCell')].indexOf(c)"
            )
        )

    def type(self, cell: Any, source: str) -> None:
        """Put `source` in place of what a cell holds."""
        cell.scroll_into_view_if_needed()
        cell.locator(".cm-content").first.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def run(self, cell: Any) -> None:
        """Run a cell, by Shift+Enter."""
        cell.scroll_into_view_if_needed()
        folded = cell.locator(".jp-Placeholder").count()
        cell.locator(".jp-InputPrompt" if folded else ".cm-content").first.click()
        self.page.keyboard.press("Shift+Enter")

    def says(self, cell: Any, text: str, seconds: float = 30) -> str:
        """Wait until a cell's output holds `text`; the whole output."""
        output = cell.locator(".jp-OutputArea-output")
        try:
            output.filter(has_text=text).first.wait_for(timeout=seconds * 1000)
        except TimeoutError as error:
            came = "\n".join(output.all_inner_texts())
            raise AssertionError(
                f"{text!r} did not come within {seconds} s, but {came!r}"
            ) from error
        return "\n".join(output.all_inner_texts())

    def idle(self, seconds: float) -> None:
        """Wait until no cell is running or waiting (``[*]``)."""
        self.page.wait_for_function(
            "() => ![...document.querySelectorAll('.jp-InputPrompt')]"
            ".some(p => p.textContent.includes('*'))",
            timeout=seconds * 1000,
        )

    def menu(self, menu: str, item: str) -> None:
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{item}$")).click()

    def save(self) -> None:
        """Ctrl+S, and wait until it is done."""
        with self.page.expect_response(
            lambda r: "/api/contents/" in r.url and r.request.method == "PUT", timeout=30_000
        ):
            self.page.keyboard.press("Control+S")

    def picture(self, name: str, *cells: Any) -> None:
        """A screenshot from the first of `cells` to the last, or of the window."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        path = self.pictures / f"{name}.png"
        if not cells:
            self.page.screenshot(path=path)
            return
        cells[0].scroll_into_view_if_needed()
        boxes = [b for b in (c.bounding_box() for c in cells) if b]
        left, top = min(b["x"] for b in boxes), max(0.0, min(b["y"] for b in boxes))
        right = max(b["x"] + b["width"] for b in boxes)
        bottom = max(b["y"] + b["height"] for b in boxes)
        clip = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        self.page.screenshot(path=path, clip=clip)
