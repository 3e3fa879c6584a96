"""Analyses, visitors and binding: orders of visits, free variables, dtypes, equality."""

import numpy as np

from ..engine import relay, tvm
from .programs import Programs, function, typed, var, weight

PROGRAMS = program = Programs()
A = relay.analysis


def label(expr) -> str:
    """A word for a node."""
    if isinstance(expr, relay.Var):
        return f"%{expr.name_hint}"
    if isinstance(expr, relay.Call):
        return f"call {expr.op.name}" if isinstance(expr.op, tvm.ir.Op) else "call"
    if isinstance(expr, relay.TupleGetItem):
        return f"item {expr.index}"
    return type(expr).__name__


def order(expr) -> str:
    """The labels of a post-order visit, operators left out."""
    seen = []
    A.post_order_visit(expr, lambda e: None if isinstance(e, tvm.ir.Op) else seen.append(label(e)))
    return ", ".join(seen)


def names(variables) -> str:
    return ", ".join(v.name_hint for v in variables)


def diamond():
    x = var("x", 2)
    a = relay.nn.relu(x)
    return relay.add(relay.tanh(a), relay.exp(a))


def closure():
    x, y = var("x", 2), var("y", 2)
    inner = relay.Function([y], relay.add(relay.exp(y), x))
    return relay.Call(inner, [relay.tanh(x)])


def chained_lets():
    x, y, z = var("x", 2), relay.var("y"), relay.var("z")
    return relay.Let(y, relay.exp(x), relay.Let(z, relay.tanh(y), relay.add(y, z)))


def batch_norm():
    return relay.nn.batch_norm(var("x", 1, 4, 8, 8), *(var(n, 4) for n in ("gamma", "beta", "mean", "var")))[0]


@program
def visit_call():
    return order(relay.add(relay.nn.relu(var("x", 2)), var("y", 2)))


@program
def visit_diamond():
    return order(diamond()), order(function(diamond()))


@program
def visit_tuple():
    x, y = var("x", 2), var("y", 2)
    return order(relay.TupleGetItem(relay.Tuple([relay.exp(y), x, relay.exp(x)]), 1)), order(batch_norm())


@program
def visit_let():
    return order(chained_lets())


@program
def visit_function():
    return order(closure()), order(function(closure()))


@program
def visit_branch():
    c, x = relay.var("c", "bool"), var("x", 2)
    return order(relay.If(c, relay.exp(x), relay.tanh(x)))


@program
def visit_constants():
    return order(relay.add(relay.add(var("x", 2), weight(2)), relay.const(1.0)))


@program
def visit_operators():
    """Operators are visited too, each once."""
    seen = []
    x = var("x", 2)
    A.post_order_visit(
        relay.add(relay.exp(x), relay.exp(x)), lambda e: seen.append(e.name if isinstance(e, tvm.ir.Op) else label(e))
    )
    return ", ".join(seen)


@program
def free_variables():
    return (
        names(A.free_vars(relay.add(var("b", 2), var("a", 2)))),
        names(A.free_vars(closure())),
        names(A.free_vars(chained_lets())),
    )


@program
def variables():
    expr = chained_lets()
    return (
        names(A.all_vars(expr)),
        names(A.bound_vars(expr)),
        names(A.all_vars(function(closure()))),
        names(A.bound_vars(closure())),
    )


@program
def constant_check():
    x, c = var("x", 2), relay.const(1.0)
    exprs = (c, relay.exp(c), x, relay.exp(x), relay.Tuple([c, relay.add(c, c)]), relay.Tuple([c, x]))
    more = (relay.TupleGetItem(relay.Tuple([c]), 0), relay.Function([], c))
    return tuple(bool(A.check_constant(e)) for e in (*exprs, *more))


@program
def dtypes():
    x = var("x", 2)
    mixed = relay.cast(relay.add(relay.cast(x, "int8"), relay.const(1, "int8")), "int32")
    return tuple(sorted(A.all_dtypes(typed(e))) for e in (x, mixed, relay.less(x, x)))


@program
def operator_counts():
    counted = A.list_op_freqs(tvm.IRModule.from_expr(function(relay.add(diamond(), relay.exp(var("y", 2))))))
    return tuple(f"{name} {int(counted[name])}" for name in sorted(counted))


@program
def equality():
    x, y = var("x", 2), var("y", 2)
    same = tvm.ir.structural_equal
    first, second = relay.Function([x], relay.nn.relu(x)), relay.Function([y], relay.nn.relu(y))
    c, d = relay.const([1.0, 2.0]), relay.const([1.0, 2.0])
    return (
        same(first, second),
        tvm.ir.structural_hash(first) == tvm.ir.structural_hash(second),
        same(x, y),
        same(x, y, map_free_vars=True),
        same(relay.add(x, x), relay.add(x, y), map_free_vars=True),
        same(relay.add(x, y), relay.add(y, x), map_free_vars=True),
        same(c, d),
        same(c, relay.const([1.0, 3.0])),
        same(relay.const(1.0), relay.const(1)),
        same(relay.clip(x, 0.0, 6.0), relay.clip(x, 0.0, 6.0)),
        same(relay.clip(x, 0.0, 6.0), relay.clip(x, 0.0, 5.0)),
        same(relay.Tuple([x, c]), relay.Tuple([x, d])),
        same(relay.Function([x], relay.nn.relu(x)), relay.Function([x], relay.exp(x))),
        same(relay.TensorType((2,), "int8"), relay.TensorType((2,), "int8")),
        same(relay.TensorType((2,), "int8"), relay.TensorType((2,), "uint8")),
        same(var("x", 2), var("x", 3), map_free_vars=True),
    )


@program
def equality_of_sharing():
    """A shared call is not equal to two of the same."""
    x = var("x", 2)
    a = relay.exp(x)
    shared, apart = relay.add(a, a), relay.add(relay.exp(x), relay.exp(x))
    one, other = relay.Function([x], shared), relay.Function([x], apart)
    return tvm.ir.structural_equal(shared, apart), tvm.ir.structural_equal(one, other)


@program
def equality_of_modules():
    one, two = (tvm.IRModule.from_expr(function(diamond())) for _ in range(2))
    return tvm.ir.structural_equal(one, two), tvm.ir.structural_equal(one, relay.transform.InferType()(two))


@program
def bind_expression():
    x, y = var("x", 2), var("y", 2)
    return relay.bind(relay.add(relay.exp(x), y), {x: relay.const([1.0, 2.0])})


@program
def bind_function():
    x, y = var("x", 2), var("y", 2)
    whole = relay.Function([x, y], relay.add(relay.exp(x), y))
    return relay.bind(whole, {y: relay.const(2.0)}), relay.bind(whole, {x: relay.tanh(y)}), relay.bind(whole, {})


@program
def bind_by_name():
    from tvm.relay.build_module import bind_params_by_name

    x, y = var("x", 2), var("y", 2)
    whole = relay.Function([x, y], relay.add(relay.exp(x), y))
    return bind_params_by_name(whole, {"y": np.array([1.0, 2.0], "float32")})


class Labels(relay.ExprVisitor):
    """Every node once, in the order that a visitor meets it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def visit(self, expr):
        if expr not in self.memo_map and not isinstance(expr, tvm.ir.Op):
            self.seen.append(label(expr))
        return super().visit(expr)


@program
def visitor():
    results = []
    for build in (diamond, closure, chained_lets, batch_norm):
        labels = Labels()
        labels.visit(build())
        results.append(", ".join(labels.seen))
    return tuple(results)


class Swap(relay.ExprMutator):
    """exp becomes tanh, x becomes y."""

    def visit_call(self, call):
        new = super().visit_call(call)
        return relay.tanh(new.args[0]) if new.op == tvm.ir.Op.get("exp") else new


@program
def mutator():
    return tuple(Swap().visit(build()) for build in (diamond, closure, chained_lets, batch_norm))


@program
def from_expr():
    x = var("x", 2)
    mod = tvm.IRModule.from_expr(relay.add(relay.exp(x), var("y", 2)))
    return (
        mod,
        names(mod["main"].params),
        [v.name_hint for v in mod.get_global_vars()],
        tvm.IRModule.from_expr(mod["main"]),
    )


@program
def call_attributes():
    call = relay.nn.conv2d(
        var("x", 1, 4, 8, 8), var("w", 6, 4, 3, 3), strides=2, padding=1, channels=6, kernel_size=(3, 3)
    )
    attrs = call.attrs
    return (
        *(list(map(int, getattr(attrs, name))) for name in ("strides", "padding", "dilation", "kernel_size")),
        *(attrs.groups, int(attrs.channels), attrs.data_layout, attrs.kernel_layout, attrs.out_layout, attrs.out_dtype),
        call.op.name,
        len(call.args),
    )
