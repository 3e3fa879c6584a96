"""An error that a chapter means to show."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

_CELL = re.compile(r"(?:/|[A-Za-z]:\\|<ipython)[^\s()]*(?:ipykernel_\d+[/\\]\d+\.py|ipython-input[^\s()>]*>)")
_NAME = r"[^\s():/\\<>\"',]+"
_ROOT = r"(?<![\w.<])(?:/|[A-Za-z]:\\)"
# An address stays. The folders of a file go: in front of a name with an ending or a line, or, where they have blanks in
# them, of a name with both. Anything else with strokes in it is no path.
_FOLDERS = re.compile(
    r"(\w+://\S+)"
    rf"|{_ROOT}(?:{_NAME}[/\\])+(?={_NAME}(?:\.[A-Za-z]\w*(?![\w/\\])|:\d))"
    rf"|{_ROOT}(?:{_NAME}(?: {_NAME})*[/\\])+(?={_NAME}\.[A-Za-z]\w*:\d)"
)


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
    said = _FOLDERS.sub(r"\1", _CELL.sub("this notebook", str(error)))
    return f"{type(error).__name__}: {said}"
