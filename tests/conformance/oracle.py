"""Set up a genuine Relay in an environment of its own and run things in it. Linux x86-64 only.

Apache TVM dropped Relay in v0.20 and its older wheels are no longer published. The wheel hhb-tvm 3.2.3 carries the
library of TVM 0.16.dev0, Relay included. The library is loaded through ctypes, so the wheel for CPython 3.10 also
serves later versions. Two lines of its `relay.quantize` differ from TVM v0.16.0 and are put back.
"""

import os
import pathlib
import subprocess
import sys
import venv
import zipfile

WHEEL = "hhb-tvm==3.2.3"
NEEDS = [
    "numpy<2",
    "torch==2.13.0",
    *(
        "attrs",
        "cloudpickle",
        "decorator",
        "ml-dtypes",
        "psutil",
        "scipy",
        "tornado",
        "typing-extensions",
        "tqdm",
    ),
]
RESTORED = {
    "kl_divergence.py": ("return -max_th, max_th", "return max_th"),
    "_partition_conversions.py": ("assert func.attrs is None,", "assert not func.attrs,"),
}


def home() -> pathlib.Path:
    """The folder of the environment: `RELAY_ORACLE_HOME`, or `relay-oracle` in the user's cache."""
    return pathlib.Path(os.environ.get("RELAY_ORACLE_HOME", pathlib.Path.home() / ".cache" / "relay-oracle"))


def interpreter() -> pathlib.Path:
    """The Python that has the genuine Relay; made on the first call, which takes minutes and 1.5 GB."""
    folder = home()
    python = folder / "venv" / "bin" / "python"
    if not (folder / "ready").exists():
        if sys.platform != "linux" or os.uname().machine != "x86_64":
            raise RuntimeError("The genuine Relay runs on Linux x86-64 only; record there and commit tests/golden.")
        install(folder, python)
        (folder / "ready").touch()
    return python


def install(folder: pathlib.Path, python: pathlib.Path) -> None:
    """Make the environment, unpack the wheel beside it and put the wheel on its path."""
    print(f"Setting up the genuine Relay in {folder}", file=sys.stderr)
    venv.create(folder / "venv", with_pip=True)
    pip = [str(python), "-m", "pip"]
    subprocess.run([*pip, "install", "-q", *NEEDS], check=True)
    tags = ["--only-binary=:all:", "--python-version=3.10", "--platform=manylinux1_x86_64"]
    subprocess.run([*pip, "download", "-q", "--no-deps", *tags, "-d", str(folder), WHEEL], check=True)
    site = folder / "site"
    with zipfile.ZipFile(next(folder.glob("hhb_tvm-*.whl"))) as wheel:
        wheel.extractall(site)
    for name, (changed, original) in RESTORED.items():
        source = site / "tvm" / "relay" / "quantize" / name
        source.write_text(source.read_text().replace(changed, original))
    purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([str(python), "-c", purelib], check=True, capture_output=True, text=True).stdout.strip()
    pathlib.Path(packages, "relay_oracle.pth").write_text(f"{site}\n")
