"""`import set_env`, in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(code, cwd=ROOT / "book"):
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=120)


IMPORTED = """
import importlib, set_env, tvm
from tvm import relay
from tvm.relay.op import op as _op
from tvm.relay.quantize._partition import QPartitionExpr
from tvm.relay.quantize.quantize import _forward_op
import tvm.relay.analysis, tvm.relay.transform, tvm.relay.frontend, tvm.relay.expr, tvm.relay.expr_functor
print(QPartitionExpr, tvm.relay is relay, _op.get('nn.relu'))
import helpers
print('found', helpers.__name__)
str_of_module = tvm.IRModule.__str__
importlib.reload(set_env)
print(tvm.relay is relay, tvm.IRModule.__str__ is str_of_module)
"""


@pytest.fixture(scope="module")
def printed():
    """The lines that one interpreter prints: to import TVM takes seconds."""
    done = run(IMPORTED)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_relay_and_its_submodules_stand_where_they_stood(printed):
    assert printed[0] == "<class 'tvm.relay.quantize._partition.QPartitionExpr'> True Op(nn.relu)"


def test_helpers_are_found(printed):
    assert printed[1] == "found helpers"


def test_again_changes_nothing(printed):
    assert printed[2] == "True True"


def test_a_relay_of_tvms_own_is_left_in_place(tmp_path):
    package = tmp_path / "tvm"
    (package / "relay").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "relay" / "__init__.py").write_text("genuine = True\n")
    done = run(
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT / 'book')!r}]\n"
        "import set_env\n"
        "from tvm import relay\n"
        "print(relay.genuine)"
    )
    assert done.stdout == "True\n", done.stderr
