"""Quantization after training: its configuration, and the passes in their order.

prerequisite_optimize    batch norms folded into the convolutions before them, constants folded
partition                the network cut into regions of int8
annotate                 every value that is to be narrow marked, with a scale and bounds that are variables
realize                  integers, where the marks have their scales
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterable, Mapping
from contextvars import ContextVar, Token
from typing import Any

import tvm
from tvm.ir import IRModule

from .. import analysis as _analysis
from .. import expr as _expr
from .. import transform as _transform
from ..expr_functor import post_order
from ..module import main_of, with_main
from ..parameters import bind_params_by_name
from ..transform.forward_rewrite import forward_rewrite
from ..transform.infer_type import infer
from ._options import OPTIONS, checked

# What TVM v0.16 prints of a configuration: from the seventh on with two equals signs.
_SHOWN = (
    "nbit_input",
    "nbit_weight",
    "nbit_activation",
    "calibrate_mode",
    "global_scale",
    "weight_scale",
    "skip_conv_layers",
    "skip_dense_layer",
    "do_simulation",
    "round_for_shift",
    "debug_enabled_ops",
    "rounding",
    "partition_conversions",
)


class QAnnotateKind(enum.IntEnum):
    """The kinds of value that annotation tells apart."""

    IDENTITY = 0
    INPUT = 1
    WEIGHT = 2
    ACTIVATION = 3


def kind2str(kind: int) -> str:
    """The name of a kind as the options have it: "input", "weight", "activation"; "identity" for what is not rounded.

    Raises `ValueError` for a number that is no `QAnnotateKind`.
    """
    return QAnnotateKind(kind).name.lower()


class QConfig:
    """The options of quantization, valid inside `with`; made by `qconfig`, never changed afterwards.

    Names, defaults and meaning are those of TVM v0.16.
    """

    def __init__(self, **options: Any) -> None:
        self.__dict__.update({**checked(options), "_entered": []})

    def guard(self, ref_call: _expr.Call) -> bool:
        """Whether calls of that operator are quantized: all are, unless `debug_enabled_ops` names those that are."""
        enabled = self.debug_enabled_ops
        return enabled is None or ref_call.op.name in enabled

    def get_nbit_by_kind(self, kind: int) -> int:
        """The bits of a value of `kind`: `nbit_input`, `nbit_weight` or `nbit_activation`."""
        return getattr(self, f"nbit_{kind2str(kind)}")

    def get_dtype_by_kind(self, kind: int) -> str:
        """The dtype of a value of `kind`: `dtype_input`, `dtype_weight` or `dtype_activation`."""
        return getattr(self, f"dtype_{kind2str(kind)}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(
            f"a QConfig is not changed once made: open another with relay.quantize.qconfig({name}=...)"
        )

    def __enter__(self) -> QConfig:
        entered: list[Token[QConfig]] = self.__dict__["_entered"]
        entered.append(_CURRENT.set(self))
        return self

    def __exit__(self, *raised: object) -> None:
        _CURRENT.reset(self.__dict__["_entered"].pop())

    def __repr__(self) -> str:
        shown = ((name, getattr(self, name)) for name in _SHOWN)
        parts = (f"{name}{'=' if at < 6 else '=='}{_as_relay_prints(value)}" for at, (name, value) in enumerate(shown))
        return f"qconfig({', '.join(parts)})"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"qconfig has no option {name}: it has {', '.join(OPTIONS)}")


def _as_relay_prints(value: Any) -> str:
    if value is None:
        return "(nullptr)"
    return f"{value:g}" if isinstance(value, float) else str(value)


_OUTSIDE = QConfig(skip_conv_layers=None)
_CURRENT: ContextVar[QConfig] = ContextVar("relay.quantize.qconfig", default=_OUTSIDE)


def current_qconfig() -> QConfig:
    """The options of the innermost `with qconfig(...)`, or the defaults, without any layer skipped, outside."""
    return _CURRENT.get()


def qconfig(**kwargs: Any) -> QConfig:
    """Options for the quantization inside `with qconfig(...)`; what is not named has its default.

    Parameters
    ----------
    nbit_input, nbit_weight, nbit_activation : int
        Bits of activations before a quantized operator, of weights, of accumulators: 8, 8, 32.
    dtype_input, dtype_weight, dtype_activation : str
        Their dtypes: "int8", "int8", "int32". Partition puts `dtype_input` into its cast hints. In an
        unsigned one, what is negative wraps around, as in TVM v0.16: it is for networks without negative activations.
    calibrate_mode : "global_scale", "kl_divergence" or "percentile"
    global_scale : float
        The largest magnitude of an activation under "global_scale": 8.0.
    weight_scale : "power2" or "max"
    skip_dense_layer : bool
    skip_conv_layers : list of int, or None
        Indices of convolutions that stay in float32: the first one, unless told otherwise.
    do_simulation, round_for_shift : bool
    debug_enabled_ops : list of str, or None
        Names of the operators that are quantized: all that have rules, unless told otherwise.
    rounding : "UPWARD" or "TONEAREST"
    calibrate_chunk_by : int
        How many activations are looked at in one reading of the data set: all, where it is -1.
    partition_conversions : "disabled", "enabled" or "fully_integral"

    Raises `TypeError` for an option that does not exist and a value of another kind, `ValueError` for a value that is
    not allowed, such as more bits than a dtype has.
    """
    return QConfig(**kwargs)


class QuantizeContext:
    """What the annotation rules of one network know together; entered by `with`, which begins afresh.

    `qnode_map` has every `simulated_quantize` made so far, by what it rounds and how.
    """

    def __init__(self) -> None:
        self.qnode_map: dict[Any, Any] = {}
        self._entered: list[Token[QuantizeContext | None]] = []
        self.reset()

    def check_to_skip(self, ref_call: _expr.Call) -> bool:
        """Whether a call stays in float: by `skip_conv_layers` or `skip_dense_layer`, or as quantization has stopped.

        It counts the `nn.conv2d` that it is asked about: ask once about each, in the order of the network.
        """
        if self._stopped:
            return True
        config, name = current_qconfig(), ref_call.op.name
        if name == "nn.conv2d" and config.skip_conv_layers is not None:
            self._convolutions += 1
            return self._convolutions - 1 in config.skip_conv_layers
        return name == "nn.dense" and bool(config.skip_dense_layer)

    def stop_quantize(self) -> None:
        """Leave everything that comes after in float."""
        self._stopped = True

    def reset(self) -> None:
        """Forget what was seen: the next network begins."""
        self.qnode_map.clear()
        self._convolutions = 0
        self._stopped = False

    def __enter__(self) -> QuantizeContext:
        self.reset()
        self._entered.append(_CONTEXT.set(self))
        return self

    def __exit__(self, *raised: object) -> None:
        _CONTEXT.reset(self._entered.pop())


_CONTEXT: ContextVar[QuantizeContext | None] = ContextVar("relay.quantize.quantize_context", default=None)


def quantize_context() -> QuantizeContext:
    """The context of the innermost `with quantize_context()`; a new one outside."""
    return _CONTEXT.get() or QuantizeContext()


def _forward_op(ref_call, args):
    """forward the operator of ref_call with provided arguments"""
    return _expr.Call(ref_call.op, args, ref_call.attrs, ref_call.type_args, ref_call.span)


def prerequisite_optimize(mod: IRModule, params: Mapping[str, Any] | None = None) -> IRModule:
    """What quantization wants to find: parameters bound, batch norms folded into weights, constants computed.

    Takes a module with a `main`, and its parameters by name; gives a new, typed module. `FoldScaleAxis` and
    `CanonicalizeOps` run from `PassContext(opt_level=3)` on, `FoldConstant` from 2.
    """
    func = main_of(mod, "prerequisite_optimize")
    if params:
        mod = with_main(mod, bind_params_by_name(func, params))
    optimize = tvm.transform.Sequential(
        [
            _transform.SimplifyInference(),
            _transform.FoldConstant(),
            _transform.FoldScaleAxis(),
            _transform.CanonicalizeOps(),
            _transform.FoldConstant(),
        ]
    )
    return optimize(mod)


def partition() -> tvm.transform.Pass:
    """The pass that cuts a network into regions of int8, by the rules registered as `FQPartitionRewrite`.

    It puts `annotation.cast_hint` and `annotation.stop_fusion` where a region ends, and changes nothing else.
    """
    return _transform.function_pass(
        lambda func, mod, ctx: forward_rewrite(func, "FQPartitionRewrite"), opt_level=1, name="QuantizePartition"
    )


def annotate() -> tvm.transform.Pass:
    """The pass that puts a `simulated_quantize` wherever a value becomes narrow, by the rules of `FQAnnotateRewrite`.

    Scales and bounds are variables `dom_scale`, `clip_min` and `clip_max`, which become the last parameters of the
    function. Which layers stay in float is counted in the current `quantize_context`, or anew without one.
    """

    def annotated(func: _expr.Function, mod: IRModule, ctx: tvm.transform.PassContext) -> _expr.Function:
        from ._annotate import input_where_shared  # the rules are written with the names of this module

        with contextlib.nullcontext() if _CONTEXT.get() else quantize_context():
            func = forward_rewrite(func, "FQAnnotateRewrite", input_where_shared)
        params = [*func.params, *_analysis.free_vars(func)]
        return _expr.Function(params, func.body, func.ret_type, None, func.attrs, func.span)

    return _transform.function_pass(annotated, opt_level=1, name="QuantizeAnnotate")


def realize() -> tvm.transform.Pass:
    """The pass that makes integers of what `simulated_quantize` rounds, by the rules registered as `FQRealizeRewrite`.

    Every scale must be known, as it is after calibration. Warns of sums of products that may have no room in
    `dtype_activation`.
    """

    def realized(func: _expr.Function, mod: IRModule, ctx: tvm.transform.PassContext) -> _expr.Function:
        from ._room import warn_of_overflow

        typed = infer(func, mod)
        _refuse_other_floats(typed)
        warn_of_overflow(typed)
        return forward_rewrite(typed, "FQRealizeRewrite")

    return _transform.function_pass(realized, opt_level=1, name="QuantizeRealize")


def quantize(
    mod: IRModule, params: Mapping[str, Any] | None = None, dataset: Iterable[Mapping[str, Any]] | None = None
) -> IRModule:
    """A network in float as a network in integers: every stage in its order, by the current `qconfig`.

    Takes a module with a `main`, its parameters by name, and the samples that `calibrate` asks for. Gives a new, typed
    module; the one given stays as it is. With `do_simulation`, values are rounded and stay floats. With
    `partition_conversions`, the module has the three functions of `_partition_conversions.py`.

    Raises `ValueError` for a module that is quantized already, for what `calibrate` refuses of the data, and for
    operators in float where `partition_conversions` is "fully_integral"; `TypeError` for a network in another float
    than float32.
    """
    from ._calibrate import calibrate
    from ._partition_conversions import partition_conversions

    config = current_qconfig()
    main_of(mod, "quantize")
    _refuse_quantized(mod)
    calibrated = tvm.transform.module_pass(calibrate(dataset), opt_level=1, name="QuantizeCalibrate")
    stages = [partition(), annotate(), calibrated, _transform.InferType()]
    stages += [] if config.do_simulation else [realize()]
    stages.append(_transform.FoldConstant())
    mod = prerequisite_optimize(mod, params)
    wanted = ["QuantizeAnnotate", "QuantizeCalibrate", "QuantizeRealize"]
    with tvm.transform.PassContext(opt_level=3, required_pass=wanted), quantize_context():
        mod = tvm.transform.Sequential(stages)(mod)
    if config.partition_conversions == "disabled":
        return mod
    dtypes = {config.dtype_input, config.dtype_weight, config.dtype_activation}
    return partition_conversions(mod, dtypes, config.partition_conversions == "fully_integral")


_SIMULATED = "relay.op.annotation.simulated_quantize"
# What sums up products, of its first argument and of its second one.
ACCUMULATING = ("nn.batch_matmul", "nn.conv1d", "nn.conv2d", "nn.dense")


def _refuse_other_floats(func: _expr.Function) -> None:
    """Raise `TypeError` where something else than float32 is rounded, by the layer that it belongs to."""
    from ._profile import described

    for node, _ in post_order(func.body):
        if _expr.is_operator(node, _SIMULATED) and (dtype := node.checked_type.dtype) != "float32":
            raise TypeError(
                f"quantize takes networks in float32, and {described(node.args[0])} is {dtype}: cast the network"
            )


def _refuse_quantized(mod: IRModule) -> None:
    """Raise `ValueError` where a function has what annotate or realize makes."""
    functions = [infer(func, mod) for _, func in mod.functions_items() if isinstance(func, _expr.Function)]
    for call in (node for func in functions for node, _ in post_order(func.body) if _expr.is_operator(node)):
        name = call.op.name
        if name == _SIMULATED or (name in ACCUMULATING and "int" in call.args[0].checked_type.dtype):
            found = name if name == _SIMULATED else f"{name} of integers"
            raise ValueError(f"the module is quantized already, it has {found}: give quantize the network in float")
