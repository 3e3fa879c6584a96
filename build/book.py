"""Builds the website: `python -m build.book`, in the root of the checkout.

Executes the chapters that are new or out of date. Fails at an error in a cell, at a warning of Sphinx, at a page that
loads something from outside the website, and at a link to what is not there.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from build import freshness
from build.finish import finish

ROOT = Path(__file__).resolve().parent.parent
# The package has no `python -m jupyter_book`, and its script stops working when a checkout is moved.
JUPYTER_BOOK = ("-c", "from jupyter_book.cli.main import main; main()", "build", "-W", "--keep-going")
# Tells `helpers.explorer` that its output is to be read where there is no kernel.
FOR_A_PAGE = "RELAY_BOOK_PAGE"
# A kernel otherwise warns about frozen modules in the middle of the log; bars come and go with the load.
FOR_KERNELS = {"PYDEVD_DISABLE_FILE_VALIDATION": "1", "TQDM_DISABLE": "1", FOR_A_PAGE: "1"}


def main(root: Path = ROOT) -> int:
    """Build the book of the folder `root`; the result is a process's exit code."""
    build = root / "_build"
    changed = freshness.refresh(root, build)
    print(f"Making afresh: {', '.join(changed) or 'only changed chapters'}.", flush=True)
    environment = os.environ | FOR_KERNELS
    result = subprocess.run([sys.executable, *JUPYTER_BOOK, str(root)], cwd=root, env=environment)
    if result.returncode:
        # Sphinx warns only of the pages it reads: kept, they would let the next build pass.
        shutil.rmtree(build / ".doctrees", ignore_errors=True)
        print("The book was not built: the reason stands above.", file=sys.stderr)
        return 1
    return finish(build / "html", "The book is built.")


if __name__ == "__main__":
    sys.exit(main())
