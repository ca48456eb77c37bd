"""A headless Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import CHROMIUM, Desk


@pytest.fixture(scope="module")  # its event loop must not outlive the tests that use it
def chromium() -> Iterator[Any]:
    """A browser; the tests are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


@pytest.fixture
def desk(chromium: Any, tmp_path: Path) -> Iterator[Desk]:
    """A page of 1366 × 1400; ``LAB_PICTURES`` (environment) says where pictures are to be kept."""
    context = chromium.new_context(
        viewport={"width": 1366, "height": 1400}, accept_downloads=True, device_scale_factor=1
    )
    made = Desk(context.new_page(), Path(os.environ.get("LAB_PICTURES", tmp_path / "pictures")))
    try:
        yield made
    finally:
        made.picture("end")
        context.close()
