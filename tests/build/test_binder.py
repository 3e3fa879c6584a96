"""What repo2docker reads in `binder/`. Whether it makes an image of it, only a machine with Docker can tell."""

import os
import re
import shutil
import subprocess

import pytest

from build.book import ROOT
from build.check_python import NEWEST, OLDEST


def test_it_asks_for_a_python_that_the_book_runs_on():
    version = re.fullmatch(r"python-(\d+)\.(\d+)\n", (ROOT / "binder/runtime.txt").read_text())
    assert OLDEST <= tuple(int(part) for part in version.groups()) <= NEWEST


def test_it_installs_what_the_book_needs_and_states_no_version_twice():
    (line,) = (ROOT / "binder/requirements.txt").read_text().splitlines()
    # pip looks for it from the folder of the file that names it.
    assert (ROOT / "binder" / line.removeprefix("-r ")).resolve() == ROOT / "requirements.txt"


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_chapters_open_as_notebooks(tmp_path):
    script = ROOT / "binder/postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run([script], cwd=ROOT, env=os.environ | {"NB_PYTHON_PREFIX": str(tmp_path)}, check=True)
    settings = "labconfig/default_setting_overrides.json"
    assert (tmp_path / "etc/jupyter" / settings).read_text() == (ROOT / "build/jupyter" / settings).read_text()
