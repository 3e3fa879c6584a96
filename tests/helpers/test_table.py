import pytest
import set_env  # noqa: F401

from helpers.table import Table

TABLE = Table(("name", "count", "share"), [("a<b>", 12, 0.25), ("c", 3, None)])


def test_a_table_prints_its_columns_side_by_side():
    assert repr(TABLE) == "name  count  share\na<b>     12   0.25\nc         3      –"


def test_as_html_it_escapes_what_it_is_given():
    html = TABLE._repr_html_()
    assert "a&lt;b&gt;" in html and "a<b>" not in html
    assert html.count("<tr") == 3 and 'scope="col"' in html


def test_a_name_stays_on_its_line_and_commands_no_terminal():
    table = Table(("a\nb", "c"), [("x\x1b[2Jy\nz", 1)])
    assert repr(table) == "a\\nb          c\nx\\x1b[2Jy\\nz  1"
    assert "\x1b" not in table._repr_html_()


def test_a_column_is_found_by_its_name():
    assert TABLE.column("count") == [12, 3]
    with pytest.raises(ValueError, match="no column 'size': it has name, count, share"):
        TABLE.column("size")
