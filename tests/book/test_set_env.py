"""`import set_env`, in a fresh interpreter each."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(code, cwd=ROOT / "book"):
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=120)


def test_relay_and_its_submodules_stand_where_they_stood():
    done = run(
        "import set_env, tvm\n"
        "from tvm import relay\n"
        "from tvm.relay.op import op as _op\n"
        "from tvm.relay.quantize._partition import QPartitionExpr\n"
        "from tvm.relay.quantize.quantize import _forward_op\n"
        "import tvm.relay.analysis, tvm.relay.transform, tvm.relay.frontend, tvm.relay.expr, tvm.relay.expr_functor\n"
        "print(QPartitionExpr, tvm.relay is relay, _op.get('nn.relu'))"
    )
    assert done.stdout == "<class 'tvm.relay.quantize._partition.QPartitionExpr'> True Op(nn.relu)\n", done.stderr


def test_again_changes_nothing():
    done = run(
        "import importlib, set_env, tvm\n"
        "relay, str_of_module = tvm.relay, tvm.IRModule.__str__\n"
        "importlib.reload(set_env)\n"
        "print(tvm.relay is relay, tvm.IRModule.__str__ is str_of_module)"
    )
    assert done.stdout == "True True\n", done.stderr


def test_helpers_are_found():
    assert run("import set_env, helpers; print('found')").stdout == "found\n"


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
