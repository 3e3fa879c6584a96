import pytest

from helpers.errors import shown_error, told


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("rule f (/home/me/a book/relay/x.py:7)", "rule f (x.py:7)"),
        ("rule f (/home/me/relay/x.py:7)", "rule f (x.py:7)"),
        (r"rule f (C:\me\relay\x.py:7)", "rule f (x.py:7)"),
        ("rule f (/var/folders/ipykernel_12/345.py:7)", "rule f (this notebook:7)"),
        ('File "/home/me/x.py", line 7', 'File "x.py", line 7'),
        ("cannot read /home/me/net.tar.gz or /opt/x.py:7", "cannot read net.tar.gz or x.py:7"),
    ],
)
def test_an_error_is_shown_without_the_folders_of_this_machine(capsys, message, shown):
    with shown_error():
        raise ValueError(message)
    assert capsys.readouterr().out == f"ValueError: {shown}\n"


@pytest.mark.parametrize(
    "message",
    [
        "shape 1/2 of a/b",
        "scale must be 1 / 127, not 1 / 255",
        "one of int8 / int16 / int32",
        "expected <b>x</b> and <i>y</i>.",
        "see https://x.org/a/b or https://x.org/a/b.html:7",
        "neither a /b nor c/d.py",
        "a/b/c.py and 1 /2/3.5",
    ],
)
def test_what_is_no_path_stays(message):
    assert told(ValueError(message)) == f"ValueError: {message}"


def test_a_cell_that_is_to_show_an_error_fails_where_there_is_none():
    with pytest.raises(AssertionError, match="none was raised"), shown_error():
        pass
