"""Finds the browser that the tests of the website drive: `python -m build.browser` brings one where there is none.

Any Chromium will do: one that is installed, or the one that Playwright downloads.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "There is no browser: install Chromium, or run `.venv/bin/python -m playwright install chromium`. "
    "Until then the tests of the website are left out."
)


def found() -> Path | None:
    """The browser's program, or None."""
    for name in INSTALLED:
        if path := shutil.which(name):
            return Path(path)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return Path(path) if Path(path).exists() else None


def ways() -> list[list[str]]:
    """The commands that may bring a browser; the libraries that it needs come only with those of an administrator."""
    playwright = [sys.executable, "-m", "playwright", "install"]
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return [[*playwright, "chromium"]]
    apt = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
    return [[*playwright, "--with-deps", "chromium"], *([apt] if shutil.which("apt-get") else [])]


def main() -> int:
    """Say which browser there is. Without one and without a network this is no failure: the tests will say so again."""
    path = found()
    for way in ways():
        if path is not None:
            break
        subprocess.run(way)
        path = found()
    print(MISSING if path is None else f"The tests of the website use {path}.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
