import set_env  # noqa: F401
from tvm.relay.quantize.quantize import _forward_op

from helpers.source import source


def test_source_is_shown_with_the_place_where_it_stands():
    text = source(_forward_op).data
    assert text.startswith("`relay/quantize/quantize.py`, line ")
    assert "```python\ndef _forward_op(ref_call, args):" in text
    assert text.endswith("\n```")
