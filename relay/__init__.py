"""Relay as a dialect of today's TVM. `import set_env` puts it at `tvm.relay`; the names are those of TVM v0.16."""

from . import (
    analysis,
    build_module,
    deep_stack,
    expr,
    expr_functor,
    frontend,
    module,
    op,
    quantize,
    text,
    transform,
    tvm_names,
    ty,
)
from .build_module import build, create_executor, tune
from .expr import (
    Call,
    Constant,
    Expr,
    Function,
    GlobalVar,
    If,
    Let,
    RelayExpr,
    SourceName,
    Span,
    TempExpr,
    Tuple,
    TupleGetItem,
    TupleWrapper,
    Var,
    bind,
    const,
    var,
)
from .expr_functor import ExprFunctor, ExprMutator, ExprVisitor
from .op import *  # noqa: F403
from .op import nn
from .ty import FuncType, TensorType, TupleType, scalar_type
