"""Modules that Hypothesis makes up, and others that differ from them in a few places."""

import numpy as np
import tvm
from hypothesis import strategies as st
from tvm import relay

KINDS = ("relu", "exp", "add", "bias", "scale", "clip", "pair", "field", "let", "if", "closure", "fused", "helper")
_SMALL = st.integers(0, 3)
STEPS = st.tuples(st.sampled_from(KINDS), st.integers(0, 9), st.integers(0, 9), _SMALL)
HEADS = st.tuples(st.integers(1, 3), _SMALL)
FUNCTIONS = st.tuples(HEADS, st.lists(STEPS, max_size=12))
PROGRAMS = st.lists(FUNCTIONS, min_size=1, max_size=3)


@st.composite
def altered(draw, program):
    """`program` after a few edits: steps put in, taken out, moved or exchanged, other heads, functions more or less."""
    made = [(head, list(steps)) for head, steps in program]
    for _ in range(draw(st.integers(0, 3))):
        which = draw(st.integers(0, len(made) - 1))
        head, steps = made[which]
        edit = draw(st.sampled_from(("insert", "delete", "exchange", "swap", "head", "function", "drop")))
        at = draw(st.integers(0, max(0, len(steps) - 1)))
        if edit == "insert":
            steps.insert(at, draw(STEPS))
        elif edit == "head":
            made[which] = (draw(HEADS), steps)
        elif edit == "function":
            made.append(draw(FUNCTIONS))
        elif edit == "drop" and len(made) > 1:
            del made[which]
        elif steps and edit == "delete":
            del steps[at]
        elif steps and edit == "exchange":
            steps[at] = draw(STEPS)
        elif len(steps) > 1 and edit == "swap":
            steps[at], steps[at - 1] = steps[at - 1], steps[at]
    return made


def module(program, prefix="x"):
    """The module of a program: `main`, and `f1`, `f2`, which it may call."""
    names = [relay.GlobalVar("main" if at == 0 else f"f{at}") for at in range(len(program))]
    functions = {name: _function(steps, head, names[1:], prefix) for name, (head, steps) in zip(names, program)}
    return tvm.IRModule(functions)


def _function(steps, head, helpers, prefix):
    count, width = head
    params = [relay.var(f"{prefix}{at}", shape=(2, width + 1)) for at in range(count)]
    values, bindings = list(params), []
    for step in steps:
        values.append(_value(step, values, bindings, helpers, prefix))
    body = values[-1]
    for variable, value in reversed(bindings):
        body = relay.Let(variable, value, body)
    return relay.Function(params, body, attrs={"Width": width} if width else None)


def _value(step, values, bindings, helpers, prefix):
    kind, first, second, size = step
    # Counted from the end, so that a step put in changes as little as it would in a network.
    x, y = values[-1 - first % len(values)], values[-1 - second % len(values)]
    if kind == "let":
        bindings.append((relay.var(f"{prefix}_let", shape=(size,) if size else None), x))
        return bindings[-1][0]
    if kind == "helper":
        return relay.Call(helpers[size % len(helpers)], [x, y][: 1 + size % 2]) if helpers else relay.tanh(x)
    return {
        "relu": lambda: relay.nn.relu(x),
        "exp": lambda: relay.exp(x),
        "add": lambda: relay.add(x, y),
        "bias": lambda: relay.add(x, relay.const(np.full((2, 3), size, "float32"))),
        "scale": lambda: relay.multiply(x, relay.const(float(size))),
        "clip": lambda: relay.clip(x, 0.0, 127.0 + size * 1e-5),
        "pair": lambda: relay.Tuple([x, y] + [x] * (size - 2)),
        "field": lambda: relay.TupleGetItem(x, size),
        "if": lambda: relay.If(relay.const(size > 1), x, relay.nn.relu(y) if size % 2 else y),
        "closure": lambda: _closure(x, y, size, prefix),
        "fused": lambda: _fused(x, size, prefix),
    }[kind]()


def _closure(x, y, size, prefix):
    """A function that reads `y` from outside; handed on, and not called."""
    inside = relay.var(f"{prefix}_in", shape=(size,))
    return relay.Tuple([x, relay.Function([inside], relay.add(inside, y))])


def _fused(x, size, prefix):
    inside = relay.var(f"{prefix}_p")
    body = inside
    for _ in range(size):
        body = relay.nn.relu(relay.exp(body))
    return relay.Call(relay.Function([inside], body, attrs={"Primitive": 1}), [x])
