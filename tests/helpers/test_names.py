import set_env  # noqa: F401

from tests.helpers.names import RECORDED, exists, used

# A list of kernels, and who wrote a rule: what the genuine Relay cannot tell. The second is asked for first.
OURS = {"tvm.runtime.tensor": {"profile.py"}, "tvm.relay.op.op.rule": {"registry.py"}}


def test_helpers_use_what_the_genuine_relay_has_too():
    genuine = RECORDED.read_text(encoding="utf-8").split()
    names = used()
    assert len(names) > 50 and "tvm.relay.quantize.partition" in names
    assert {name: files for name, files in names.items() if name not in genuine} == OURS


def test_all_names_are_here():
    assert [name for name in used() if not exists(name)] == []
