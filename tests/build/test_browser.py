import sys
from pathlib import Path

import pytest

from build import browser


@pytest.fixture
def run(monkeypatch):
    """What would be run, instead of running it."""
    commands = []
    monkeypatch.setattr(browser.subprocess, "run", lambda command: commands.append(command))
    return commands


def test_a_browser_that_is_installed_is_taken_before_one_that_playwright_brought(monkeypatch):
    monkeypatch.setattr(browser.shutil, "which", {"google-chrome": "/opt/chrome"}.get)
    assert browser.found() == Path("/opt/chrome")


def test_without_either_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    assert browser.found() is None


def test_nothing_is_brought_where_there_is_one(monkeypatch, run, capsys):
    monkeypatch.setattr(browser, "found", lambda: Path("/usr/bin/chromium"))
    assert browser.main() == 0
    assert run == []
    assert capsys.readouterr().out == f"The tests of the website use {Path('/usr/bin/chromium')}.\n"


def test_each_way_is_tried_and_without_a_browser_it_says_so_and_does_not_fail(monkeypatch, run, capsys):
    monkeypatch.setattr(browser, "found", lambda: None)
    monkeypatch.setattr(browser.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0, raising=False)
    assert browser.main() == 0
    assert run[0] == [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]
    assert run[1][:2] == ["apt-get", "install"]
    assert capsys.readouterr().out == f"{browser.MISSING}\n"


def test_who_is_no_administrator_installs_no_packages(monkeypatch):
    monkeypatch.setattr(browser.os, "geteuid", lambda: 1000, raising=False)
    assert browser.ways() == [[sys.executable, "-m", "playwright", "install", "chromium"]]
