"""Installs the workshop: `python3 install.py`, in the folder that came out of the archive. Needs no network.

Stands at the top of the bundle that `build/workshop.py` makes, beside the wheels. The standard library is all it has.
"""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MADE_FOR = "wheels/made_for.json"


def this_computer() -> "dict[str, str]":
    """What a wheel has to fit: the version of CPython, the system and the processor."""
    release = ".".join(str(part) for part in sys.version_info[:3])
    return {"python": release, "system": platform.system(), "machine": platform.machine()}


def problem(made_for: "dict[str, str]", found: "dict[str, str]") -> str:
    """Why the wheels do not fit, as one sentence, or "" if they do: what is newer by its last number will do."""
    least, here = ([int(part) for part in each["python"].split(".")] for each in (made_for, found))
    alike = all(made_for[name] == found[name] for name in ("system", "machine"))
    if alike and least[:2] == here[:2] and least <= here:
        return ""
    wanted = "CPython {python} (or a newer {0}.{1}) on {system} {machine}".format(*least, **made_for)
    said = "CPython {python} on {system} {machine}".format(**found)
    return f"This bundle is for {wanted}, and this is {said}: take that Python, or a bundle for this one."


def main() -> None:
    """Make `.venv` here, install the wheels there, and say how to begin."""
    made_for = json.loads((HERE / MADE_FOR).read_text())
    if reason := problem(made_for, this_computer()):
        sys.exit(reason)
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit("This Python cannot make environments: install the package python3-venv, then run this again.")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(HERE / ".venv")], check=True)
    python = HERE / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # --isolated: neither a variable nor a file of this user's sends pip elsewhere.
    pip = [str(python), "-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--no-index"]
    if subprocess.run([*pip, "--find-links", "wheels", "--requirement", "requirements.txt"], cwd=HERE).returncode:
        sys.exit("The wheels were not installed: the reason stands above.")
    shutil.copytree(HERE / "build/jupyter", HERE / ".venv/etc/jupyter", dirs_exist_ok=True)
    # The first import takes the longest: here rather than in front of everybody.
    subprocess.run([str(python), "-c", "import set_env"], cwd=HERE / "book", check=True)
    print(f"Installed. To begin, in this folder: {python.relative_to(HERE)} -m jupyterlab book")


if __name__ == "__main__":
    main()
