"""The last step of whatever makes a website: nothing in it is missing, and the reader is told where it is."""

import sys
from pathlib import Path

from build import links, self_contained


def finish(site: Path, made: str) -> int:
    """Say in `made` that the folder `site` is ready, or what is wrong with it; the result is a process's exit code."""
    if problems := [*self_contained.problems(site), *links.problems(site)]:
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    print(f"{made} Open {site / 'index.html'}")
    return 0
