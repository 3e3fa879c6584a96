import pytest

from helpers.errors import shown_error


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("rule f (/home/me/a book/relay/x.py:7)", "rule f (x.py:7)"),
        ("rule f (/home/me/relay/x.py:7)", "rule f (x.py:7)"),
        (r"rule f (C:\me\relay\x.py:7)", "rule f (x.py:7)"),
        ("rule f (/var/folders/ipykernel_12/345.py:7)", "rule f (this notebook:7)"),
        ("shape 1/2 of a/b", "shape 1/2 of a/b"),
    ],
)
def test_an_error_is_shown_without_the_folders_of_this_machine(capsys, message, shown):
    with shown_error():
        raise ValueError(message)
    assert capsys.readouterr().out == f"ValueError: {shown}\n"


def test_a_cell_that_is_to_show_an_error_fails_where_there_is_none():
    with pytest.raises(AssertionError, match="none was raised"), shown_error():
        pass
