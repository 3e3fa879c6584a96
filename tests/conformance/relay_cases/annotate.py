"""Annotate: which operand is rounded and as what, for each operator beside values of each kind."""

from ..engine import relay, tvm
from .passes import conv, image
from .programs import Programs, function, var, weight

PROGRAMS = Programs()


def annotated(body, **config):
    """The function of `body` after annotate, with nothing skipped unless `config` says so."""
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(function(body)))
    options = {"skip_conv_layers": None, "skip_dense_layer": False, **config}
    with relay.quantize.qconfig(**options), relay.quantize.quantize_context():
        return relay.quantize.annotate()(mod)["main"]


def plain():
    """A value in float."""
    return var("y", 1, 4, 8, 8)


def wide():
    """What a convolution gives."""
    return conv(image())


def narrow(x=None):
    """What a region ends with."""
    return relay.quantize._partition.QPartitionExpr(wide() if x is None else x).realize()


def constant():
    return weight(4, 1, 1)


VALUES = {"float": plain, "wide": wide, "narrow": narrow, "constant": constant}
# Where the genuine Relay has no answer, or finds none of the two quantized, there is no case.
PAIRS = [
    ("float", "wide"),
    ("float", "narrow"),
    ("wide", "float"),
    ("narrow", "float"),
    ("wide", "constant"),
    ("narrow", "constant"),
]
SUMS = [("wide", "wide"), ("wide", "narrow"), ("narrow", "wide"), ("narrow", "narrow"), ("constant", "wide")]

for _left, _right in PAIRS + SUMS:
    PROGRAMS[f"add_{_left}_{_right}"] = lambda left=_left, right=_right: annotated(
        conv(relay.add(VALUES[left](), VALUES[right]()))
    )
for _left, _right in [pair for pair in PAIRS if pair[0] != "float"]:
    PROGRAMS[f"multiply_{_left}_{_right}"] = lambda left=_left, right=_right: annotated(
        conv(relay.multiply(VALUES[left](), VALUES[right]()))
    )
for _left, _right in [pair for pair in PAIRS + SUMS if "constant" not in pair]:
    PROGRAMS[f"concatenate_{_left}_{_right}"] = lambda left=_left, right=_right: annotated(
        conv(relay.concatenate([VALUES[left](), VALUES[right]()], axis=1), inputs=8)
    )

ONE = {
    "avg_pool": lambda x: relay.nn.avg_pool2d(x, (2, 2)),
    "cast_hint": narrow,
    "clip": lambda x: relay.clip(x, 0.0, 6.0),
    "conv": conv,
    "global_avg_pool": relay.nn.global_avg_pool2d,
    "leaky_relu": lambda x: relay.nn.leaky_relu(x, 0.1),
    "max_pool": lambda x: relay.nn.max_pool2d(x, (2, 2)),
    "batch_flatten": lambda x: relay.reshape(relay.nn.batch_flatten(x), (1, 4, 8, 8)),
    "relu": relay.nn.relu,
    "reshape": lambda x: relay.reshape(x, (1, 4, 4, 16)),
    "squeeze": lambda x: relay.expand_dims(relay.squeeze(x, axis=[0]), axis=0),
    "transpose": lambda x: relay.transpose(x, [0, 1, 3, 2]),
    "sigmoid": relay.sigmoid,
    "strided_slice": lambda x: relay.strided_slice(x, [0, 0, 0, 0], [1, 4, 4, 4]),
}
for _name, _operator in ONE.items():
    for _kind in ("float", "wide", "narrow"):
        PROGRAMS[f"{_name}_{_kind}"] = lambda operator=_operator, kind=_kind: annotated(conv(operator(VALUES[kind]())))


def shared():
    x = relay.nn.relu(wide())
    return relay.add(conv(x), relay.exp(x))


def rows(name="x"):
    return var(name, 2, 3, 4)


def dense():
    return relay.nn.dense(relay.nn.dense(var("x", 2, 8), weight(4, 8)), weight(3, 4))


REST = {
    "concatenate_same": lambda: (lambda x: conv(relay.concatenate([x, x], axis=1), inputs=8))(wide()),
    "shared": shared,
    "add_itself": lambda: (lambda x: relay.add(x, x))(wide()),
    "split": lambda: conv(relay.split(wide(), 2, axis=1)[0], inputs=2),
    "tuple_of_shared": lambda: (lambda x: relay.Tuple([x, conv(x)]))(wide()),
    "dense": dense,
    "conv1d": lambda: relay.nn.max_pool1d(
        relay.nn.conv1d(var("x", 1, 3, 9), weight(4, 3, 3), channels=4, kernel_size=3), 2
    ),
    "conv_computed_weight": lambda: relay.nn.conv2d(image(), var("w", 4, 4, 3, 3)),
    "batch_matmul": lambda: relay.nn.batch_matmul(rows(), rows("y")),
    "batch_matmul_constant": lambda: relay.nn.batch_matmul(rows(), weight(2, 5, 4)),
    "batch_matmul_of_itself": lambda: relay.nn.batch_matmul(relay.nn.batch_matmul(rows(), rows("y")), weight(2, 5, 3)),
}
for _name, _body in REST.items():
    PROGRAMS[_name] = lambda body=_body: annotated(body())
for _skipped in ([0], [1], [0, 2], [5], []):
    PROGRAMS[f"skip_conv_{'_'.join(map(str, _skipped))}"] = lambda skipped=_skipped: annotated(
        conv(relay.nn.relu(conv(conv(image())))), skip_conv_layers=skipped
    )
PROGRAMS["skip_dense"] = lambda: annotated(dense(), skip_dense_layer=True)
