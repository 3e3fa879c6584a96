"""An error that a chapter means to show."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

_CELL = re.compile(r"(?:/|[A-Za-z]:\\|<ipython)[^\s()]*(?:ipykernel_\d+[/\\]\d+\.py|ipython-input[^\s()>]*>)")
_FOLDERS = re.compile(r"(?<![\w.])(?:/|[A-Za-z]:\\)(?:[^():/\\\n]+[/\\])+")


@contextmanager
def shown_error() -> Iterator[None]:
    """Print the class and the message of the error that the cell raises.

    Raises `AssertionError` where nothing is raised.
    """
    try:
        yield
    except Exception as error:
        print(told(error))
    else:
        raise AssertionError("this cell is here to show an error, and none was raised")


def told(error: Exception) -> str:
    """The class and the message of an error, without the folders of files: they differ from machine to machine."""
    return f"{type(error).__name__}: {_FOLDERS.sub('', _CELL.sub('this notebook', str(error)))}"
