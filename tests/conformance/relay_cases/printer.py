"""The text printer: every node, constants of every dtype, names, numbering, nesting, modules."""

import numpy as np

from ..engine import relay, tvm
from .programs import Programs, function, typed, var

PROGRAMS = program = Programs()

DTYPES = (
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
)


@program
def var_alone():
    return var("x", 1, 3), typed(var("x", 1, 3))


@program
def var_without_annotation():
    return relay.var("x"), relay.Function([relay.var("x")], relay.const(1.0))


@program
def var_scalar():
    x = relay.var("x", "float32")
    return x, relay.Function([x], x), relay.var("y", shape=(), dtype="int32")


@program
def var_types():
    pair = relay.TupleType([relay.TensorType((2, 3)), relay.TensorType((), "int32")])
    return relay.Var("p", pair), relay.Var("f", relay.FuncType([relay.TensorType((2,))], pair))


@program
def var_names_that_meet():
    a, b, c = var("x", 2), var("x", 2), var("x", 2)
    return function(relay.add(relay.add(a, b), c))


@program
def var_names_with_marks():
    names = ("a.b", "a-b", "a b", "1", "0x", "", "a/b", "_", "x:0")
    body = relay.Tuple([var(name, 2) for name in names])
    return function(body)


@program
def call_alone():
    x = var("x", 2, 3)
    return relay.nn.relu(x), relay.add(relay.nn.relu(x), x)


@program
def tuple_alone():
    x, y = var("x", 2), var("y", 3)
    return relay.Tuple([]), relay.Tuple([x]), relay.Tuple([x, y]), relay.Tuple([x, relay.Tuple([y, x])])


@program
def tuple_typed():
    x, y = var("x", 2), var("y", 3)
    return (
        typed(relay.Tuple([])),
        typed(relay.Tuple([x])),
        typed(relay.Tuple([relay.nn.relu(x), relay.Tuple([y, x])])),
    )


@program
def tuple_get_item():
    x = relay.Var("x", relay.TupleType([relay.TensorType((2,)), relay.TensorType((3,))]))
    return (
        relay.TupleGetItem(x, 1),
        typed(relay.TupleGetItem(x, 1)),
        typed(relay.TupleGetItem(relay.Tuple([var("y", 2)]), 0)),
    )


@program
def batch_norm_projected():
    x, parts = var("x", 1, 4, 8, 8), [var(n, 4) for n in ("gamma", "beta", "mean", "var")]
    norm = relay.nn.batch_norm(x, *parts)
    first = norm[0]
    return first, typed(first), typed(norm.astuple()), typed(relay.Tuple([norm[0], norm[1], norm[2]]))


@program
def shared_subexpression():
    x = var("x", 2)
    y = relay.exp(x)
    return relay.add(y, y), typed(relay.multiply(relay.add(y, y), y))


@program
def diamond():
    x = var("x", 2)
    a = relay.nn.relu(x)
    b, c = relay.exp(a), relay.tanh(a)
    return typed(relay.add(c, b)), typed(relay.Tuple([b, relay.add(b, c), c]))


@program
def unused_parameter():
    x, y = var("x", 2), var("y", 3)
    return relay.Function([x, y], x), typed(relay.Function([y, x], relay.nn.relu(x)))


@program
def body_is_parameter():
    x = var("x", 2)
    return relay.Function([x], x), typed(relay.Function([x], x))


@program
def function_without_parameters():
    return relay.Function([], relay.const(1.0)), typed(
        relay.Function([], relay.add(relay.const(1.0), relay.const(2.0)))
    )


@program
def function_with_return_type():
    x = var("x", 2)
    declared = relay.Function([x], relay.nn.relu(x), relay.TensorType((2,), "float32"))
    return declared, typed(declared)


@program
def function_with_attrs():
    x = var("x", 2)
    plain = relay.Function([x], relay.nn.relu(x))
    marked = plain.with_attr("Compiler", "mine").with_attr("global_symbol", "f_0").with_attr("Primitive", 1)
    primitive = plain.with_attr("Primitive", 1)
    return (
        marked,
        primitive,
        typed(primitive),
        plain.with_attr("list", ["a", "b"]),
        plain.with_attr("number", 3),
    )


@program
def nested_function():
    x, y = var("x", 2), var("y", 2)
    inner = relay.Function([y], relay.nn.relu(relay.exp(y)))
    return relay.Call(inner, [x]), typed(relay.Call(inner, [relay.tanh(x)]))


@program
def nested_function_called_twice():
    x, y = var("x", 2), var("y", 2)
    inner = relay.Function([y], relay.nn.relu(y)).with_attr("Primitive", 1)
    return typed(relay.add(relay.Call(inner, [x]), relay.Call(inner, [relay.exp(x)])))


@program
def nested_function_closes_over():
    x, y, z = var("x", 2), var("y", 2), var("z", 2)
    shared = relay.exp(x)
    inner = relay.Function([y], relay.add(y, shared))
    return typed(relay.Function([x, z], relay.add(relay.Call(inner, [z]), shared)))


@program
def nested_twice():
    x, y, z = var("x", 2), var("y", 2), var("z", 2)
    innermost = relay.Function([z], relay.nn.relu(relay.exp(z)))
    inner = relay.Function([y], relay.Call(innermost, [relay.tanh(y)]))
    return typed(relay.Call(inner, [x]))


@program
def function_as_result():
    x, y = var("x", 2), var("y", 2)
    return typed(relay.Function([x], relay.Function([y], relay.add(x, y))))


@program
def let_one():
    x, y = var("x", 2), var("y", 2)
    return relay.Let(y, relay.exp(x), relay.add(y, y)), typed(relay.Let(y, relay.exp(x), relay.add(y, y)))


@program
def let_chain():
    x = var("x", 2)
    names = [relay.var(f"v{i}") for i in range(4)]
    body = relay.add(names[3], names[0])
    for i in reversed(range(4)):
        body = relay.Let(names[i], relay.nn.relu(names[i - 1] if i else x), body)
    return body, typed(body)


@program
def let_nested_value():
    x, y, z = var("x", 2), relay.var("y"), relay.var("z")
    inner = relay.Let(z, relay.exp(x), relay.tanh(z))
    return typed(relay.Let(y, inner, relay.add(y, relay.nn.relu(y))))


@program
def let_in_argument():
    x, y = var("x", 2), relay.var("y")
    return typed(relay.nn.relu(relay.Let(y, relay.exp(x), relay.add(y, y))))


@program
def let_in_argument_of_a_deep_value():
    """What the value needs stands before the let, what the body needs in it."""
    x, y, z = var("x", 2), relay.var("y"), var("z", 2)
    shared = relay.exp(x)
    inner = relay.Let(y, relay.tanh(relay.add(shared, z)), relay.add(relay.nn.relu(y), shared))
    return relay.add(relay.nn.relu(inner), shared), typed(relay.add(relay.nn.relu(inner), shared))


@program
def let_shared_with_an_inner_scope():
    c, x, y, z = relay.var("c", "bool"), var("x", 2), relay.var("y"), relay.var("z")
    shared = relay.Let(y, relay.exp(x), relay.nn.relu(y))
    branches = relay.add(relay.nn.relu(shared), relay.If(c, shared, relay.tanh(shared)))
    return typed(branches), typed(relay.nn.relu(relay.Let(z, shared, relay.add(z, shared))))


@program
def let_function():
    x, y, f = var("x", 2), var("y", 2), relay.var("f")
    inner = relay.Function([y], relay.nn.relu(relay.exp(y)))
    return typed(relay.Let(f, inner, relay.Call(f, [x])))


@program
def let_binds_tuple():
    x, p = var("x", 2), relay.var("p")
    return typed(relay.Let(p, relay.Tuple([x, relay.exp(x)]), relay.TupleGetItem(p, 1)))


@program
def if_then_else():
    c, x = relay.var("c", "bool"), var("x", 2)
    branch = relay.If(c, relay.exp(relay.nn.relu(x)), x)
    return branch, typed(branch)


@program
def if_with_lines_in_its_branches():
    """The condition has its line, and its number, before the branches have theirs."""
    x = var("x", 2)
    condition = relay.less(relay.sum(x), relay.const(1.0))
    branch = relay.If(condition, relay.exp(relay.nn.relu(x)), relay.tanh(relay.negative(x)))
    return branch, typed(relay.nn.relu(branch))


@program
def constant_alone():
    return (
        relay.const(1.5),
        relay.const(np.arange(3, dtype="float32")),
        relay.const(True),
        relay.const(3),
        typed(relay.const(np.zeros((2, 3), "float32"))),
    )


@program
def constants_shared():
    x, c = var("x", 2), relay.const(np.array([1, 2], "float32"))
    d = relay.const(np.array([1, 2], "float32"))
    return typed(relay.add(relay.add(relay.add(x, c), d), c))


@program
def constant_scalar_shared():
    x, c = var("x", 2), relay.const(2.0)
    return typed(relay.add(relay.multiply(x, c), c)), relay.add(relay.multiply(x, c), c)


@program
def constant_of_length_one():
    return (
        relay.const(np.array([2.5], "float32")),
        relay.const(np.array([[7]], "int32")),
        relay.const(np.zeros((0,), "float32")),
    )


@program
def constants_of_wide_dtypes():
    """Without a dtype, 64 bits become 32."""
    return tuple(typed(relay.const(np.ones(2, dtype))) for dtype in ("float64", "int64", "int32", "uint64"))


@program
def constants_from_python():
    return (
        relay.const(1),
        relay.const(1.0),
        relay.const(True),
        relay.const([1, 2]),
        relay.const(1, "int8"),
        relay.const(2**40, "int64"),
    )


def _scalars(dtype: str, values: tuple):
    return tuple(relay.const(value, dtype) for value in values)


for _dtype in DTYPES:
    _values = (0, 1, 3, 100) if _dtype.startswith("u") else (0, 1, -1, 3, -7, 100)
    PROGRAMS[f"scalar_{_dtype}"] = lambda dtype=_dtype, values=_values: _scalars(dtype, values)
    PROGRAMS[f"tensor_{_dtype}"] = lambda dtype=_dtype: typed(relay.const(np.ones((2, 2)), dtype))


FLOATS = (
    *(
        0.5,
        0.1,
        1e-5,
        1e-7,
        1e-10,
        1e-30,
        1e10,
        1e6,
        1e5,
        123456.0,
        1234567.0,
        12345678.0,
        16777216.0,
        1 / 3,
        2 / 3,
    ),
    *(-0.0, 3.14159265358979, 0.0078125, 0.044715, 0.70710678, 1e20, 1.5e-8, 99999.9, 0.0001, 0.00001234),
    *(np.inf, -np.inf, np.nan, 3.4028235e38, 1.17549435e-38, 6.0, 1e-3, 255.0, 0.99999994),
)

PROGRAMS["floats_float32"] = lambda: _scalars("float32", FLOATS)
PROGRAMS["floats_float64"] = lambda: _scalars("float64", FLOATS)
PROGRAMS["floats_float16"] = lambda: _scalars("float16", FLOATS)
PROGRAMS["scalar_bool"] = lambda: (
    relay.const(True),
    relay.const(False),
    relay.const(np.array([True, False])),
)
PROGRAMS["extremes_int"] = lambda: (
    *_scalars("int32", (2**31 - 1, -(2**31))),
    *_scalars("int64", (2**31, -(2**40), 2**62)),
    *_scalars("uint8", (255,)),
    *_scalars("int8", (-128, 127)),
)


@program
def astext_without_meta():
    x, c = var("x", 2), relay.const(np.array([1, 2], "float32"))
    expr = typed(relay.add(x, c))
    return expr.astext(show_meta_data=False), tvm.IRModule.from_expr(expr).astext(show_meta_data=False)


@program
def astext_of_constant_free():
    expr = typed(relay.nn.relu(var("x", 2)))
    return expr.astext(), tvm.IRModule.from_expr(expr).astext(), repr(expr)


@program
def module_of_one():
    mod = tvm.IRModule.from_expr(relay.nn.relu(var("x", 2)))
    return mod, relay.transform.InferType()(mod)


@program
def module_of_constants():
    c, d = relay.const(np.array([1, 2], "float32")), relay.const(np.array([[1, 2]], "float32"))
    return relay.transform.InferType()(tvm.IRModule.from_expr(relay.add(relay.add(var("x", 2), c), d))).astext(
        show_meta_data=False
    )


@program
def module_of_several():
    x, y = var("x", 2), var("y", 2)
    mod = tvm.IRModule()
    callee = relay.GlobalVar("helper")
    mod[callee] = relay.Function([x], relay.nn.relu(relay.exp(x)), relay.TensorType((2,)))
    mod["main"] = relay.Function([y], relay.Call(callee, [relay.tanh(y)]), relay.TensorType((2,)))
    return mod, relay.transform.InferType()(mod), relay.transform.InferType()(mod)["main"]


@program
def module_order():
    mod = tvm.IRModule()
    for name in ("zeta", "main", "alpha"):
        mod[name] = relay.Function([var("x", 2)], relay.const(1.0))
    return mod


@program
def call_of_global_var():
    return relay.Call(relay.GlobalVar("f"), [var("x", 2)])


@program
def operator_alone():
    return tvm.ir.Op.get("nn.relu"), tvm.ir.Op.get("add"), repr(tvm.ir.Op.get("nn.conv2d"))


@program
def call_of_var():
    f, x = relay.Var("f", relay.FuncType([relay.TensorType((2,))], relay.TensorType((2,)))), var("x", 2)
    return relay.Call(f, [x]), typed(relay.Call(f, [x]))


@program
def tensor_types():
    return (
        relay.TensorType((1, 3, 2), "int8"),
        relay.TensorType((), "float32"),
        relay.TensorType((5,), "bool"),
    )


@program
def function_and_tuple_types():
    tensor = relay.TensorType((1, 3, 2), "int8")
    pair = relay.TupleType([tensor, relay.TupleType([tensor])])
    function_type = relay.FuncType([relay.FuncType([], pair), tensor], relay.TupleType([]))
    return relay.Var("p", pair), relay.Var("f", function_type)


@program
def checked_types():
    whole = typed(relay.nn.relu(var("x", 2, 3)))
    return (
        whole.body.checked_type,
        whole.ret_type,
        whole.params[0].type_annotation,
        whole.params[0].checked_type,
    )


@program
def operators_on_expressions():
    x, y = var("x", 2), var("y", 2)
    one = relay.const(1.0)
    return x + y, x - one, one * x, x / y, -x, x < y, x >= y, x > y, x <= y, relay.Tuple([x, y])[1]


@program
def astype_method():
    x = var("x", 2)
    return x.astype("int8"), typed(x.astype("int32").astype("float32"))


@program
def call_of_expression():
    f = relay.Var("f", relay.FuncType([relay.TensorType((2,))], relay.TensorType((2,))))
    return f(var("x", 2)), relay.GlobalVar("g")(var("x", 2))


@program
def spans_on_calls():
    x = var("x", 2)
    span = tvm.relay.Span(tvm.relay.SourceName("layer one"), 3, 4, 5, 6)
    call = relay.Call(tvm.ir.Op.get("nn.relu"), [x], None, [], span)
    return call, typed(call)


@program
def long_chain():
    x = var("x", 2)
    for _ in range(120):
        x = relay.nn.relu(x)
    return typed(x)


@program
def wide_tuple():
    x = var("x", 12, 2)
    parts = relay.split(x, 12, axis=0)
    return typed(relay.concatenate([parts[i] for i in reversed(range(12))], axis=0))


@program
def several_outputs():
    x = var("x", 4, 2)
    parts = relay.split(x, 2)
    return parts.astuple(), typed(relay.Tuple(list(parts)))


def _joined(*parts):
    return relay.concatenate(parts, axis=0)


@program
def order_of_branches():
    x = var("x", 2)
    left, right = relay.exp(relay.nn.relu(x)), relay.tanh(relay.sigmoid(x))
    return function(relay.add(left, right)), function(relay.add(right, relay.add(left, x)))


@program
def order_of_joined_branches():
    x = var("x", 2)
    parts = relay.exp(relay.nn.relu(x)), relay.tanh(relay.sigmoid(x)), relay.sqrt(relay.abs(x))
    return function(_joined(*parts)), function(relay.nn.relu(_joined(*parts)))


@program
def order_of_nested_joins():
    x = var("x", 2)
    a, b, c, d = relay.exp(relay.nn.relu(x)), relay.tanh(relay.sigmoid(x)), relay.sqrt(relay.abs(x)), relay.log(x)
    return (
        function(_joined(a, _joined(b, c), d)),
        function(_joined(_joined(a, b), _joined(c, d))),
        function(_joined(d, _joined(c, _joined(b, a)))),
        function(relay.add(_joined(a, b), _joined(c, d))),
    )


@program
def order_of_fork_in_join():
    x = var("x", 2)
    stem = relay.nn.relu(relay.exp(x))
    fork = _joined(relay.tanh(relay.sigmoid(stem)), relay.sqrt(relay.abs(stem)))
    again = relay.nn.relu(relay.log(x))
    other = _joined(relay.tanh(relay.floor(again)), relay.sqrt(relay.ceil(again)))
    return function(_joined(relay.negative(x), fork, other, relay.round(x)))


@program
def order_of_projections():
    x = var("x", 4)
    parts = relay.split(relay.exp(x), 2)
    more = relay.split(relay.tanh(x), 2)
    return (
        function(_joined(parts[1], more[0], parts[0], more[1])),
        function(relay.add(relay.nn.relu(more[1]), relay.add(parts[0], relay.exp(more[0])))),
    )


@program
def order_of_shared_tuple():
    x = var("x", 2)
    pair = relay.Tuple([relay.exp(x), relay.tanh(x)])
    return function(relay.add(relay.concatenate(pair, 0), relay.concatenate(pair, 0)))


@program
def order_of_calls_with_constants():
    x, weights = var("x", 2), [relay.const(np.full(2, float(i), "float32")) for i in range(4)]
    left = relay.add(weights[0], relay.multiply(x, weights[1]))
    right = relay.multiply(relay.add(x, weights[2]), weights[3])
    return function(relay.subtract(right, relay.nn.relu(left)))


@program
def order_of_random_graphs():
    """Forty expressions that pick their operands among the earlier ones."""
    texts = []
    for seed in range(6):
        rng = np.random.RandomState(seed)
        made = [var("x", 2), var("y", 2)]
        for _ in range(40):
            first, second = (made[i] for i in rng.randint(max(0, len(made) - 9), len(made), 2))
            kind = rng.randint(4)
            if kind == 0:
                made.append(relay.exp(first))
            elif kind == 1:
                made.append(relay.TupleGetItem(relay.Tuple([first, second]), int(rng.randint(2))))
            elif kind == 2:
                made.append(relay.stack([first, second], 0) if seed > 3 else relay.maximum(first, second))
            else:
                made.append(relay.add(first, second))
        texts.append(function(relay.Tuple(made[-5:])))
    return tuple(texts)
