"""What the quantizer keeps apart is put together again before operators are fused.

    before   %0 = cast(%x, dtype="int8");          one kernel ends here,
             %1 = annotation.stop_fusion(%0);
             %2 = cast(%1, dtype="int32");         and another begins
             add(%2, %y)
    after    %0 = cast(%x, dtype="int8");
             %1 = cast(%0, dtype="int32");
             add(%1, %y)

`FuseOps` ends a function at `annotation.stop_fusion`, as in TVM v0.16, so that int8 and not int32 goes to memory. It
does so anyway wherever int8 values are used twice, as each use widens them for itself. Where they are used once, the
kernel goes on in registers. What is computed twice of the same values, such as the int8 form of a sum, is computed
once. Values of other dtypes stay apart where the module says so.
"""

from __future__ import annotations

from typing import Any

import tvm

from ..expr import is_operator
from ..expr_functor import rewrite
from ..transform.eliminate_common_subexpr import eliminate
from ..transform.transform import function_pass


def without_stops() -> tvm.transform.Pass:
    """The passes that join what int8 values keep apart, and compute once what is computed twice."""
    join = function_pass(lambda func, mod, ctx: rewrite(func, _joined), 2, "JoinRegions", ["InferType"])
    once = function_pass(lambda func, mod, ctx: eliminate(func, _widens), 2, "ComputeOnce", ["InferType"])
    return tvm.transform.Sequential([join, once])


def _joined(old: Any, made: Any) -> Any:
    return made.args[0] if is_operator(old, "annotation.stop_fusion") and _is_int8(old.args[0]) else made


def _widens(expr: Any) -> bool:
    """Whether this is a cast from int8: one for all its users would go to memory, and be four times as large."""
    return is_operator(expr, "cast") and _is_int8(expr.args[0])


def _is_int8(expr: Any) -> bool:
    return getattr(expr.checked_type, "dtype", None) == "int8"
