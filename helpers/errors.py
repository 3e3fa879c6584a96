"""An error that a chapter means to show."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

_CELL = re.compile(r"(?:/|[A-Za-z]:\\|<ipython)[^\s()]*(?:ipykernel_\d+[/\\]\d+\.py|ipython-input[^\s()>]*>)")
_FOLDERS = re.compile(r"(?<![\w.])(?:/|[A-Za-z]:\\)(?:[^():/\\\n]+[/\\])+")


@contextmanager
def shown_error() -> Iterator[None]:
    """Print the class and the message of the error that the cell raises.

    The folder that a file lies in is left out: it differs from one machine to the next. Raises `AssertionError` where
    nothing is raised.
    """
    try:
        yield
    except Exception as error:
        message = _FOLDERS.sub("", _CELL.sub("this notebook", str(error)))
        print(f"{type(error).__name__}: {message}")
    else:
        raise AssertionError("this cell is here to show an error, and none was raised")
