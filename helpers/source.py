"""Source that a chapter shows."""

import inspect
from pathlib import Path
from typing import Any

from IPython.display import Markdown


def source(thing: Any) -> Markdown:
    """The source of a function or class, in colour, below the file and line where it stands."""
    lines, first = inspect.getsourcelines(thing)
    path = Path(inspect.getsourcefile(thing) or "")
    folders = path.parts
    # Below the folder that holds the package: the same on every machine.
    start = max((at for at, part in enumerate(folders[:-1]) if part in ("relay", "helpers", "tvm")), default=0)
    place = "/".join(folders[start:])
    return Markdown(f"`{place}`, line {first}\n\n```python\n{''.join(lines).rstrip()}\n```")
