"""The memory of a run is made once: what lies between kernels is handed to each run, and so are its outputs.

    before   main(x) { s = memory.alloc_storage(); a = memory.alloc_tensor(s); first(x, a);
                       b = builtin.alloc_tensor(); second(a, b); b }
    after    memory() { s = memory.alloc_storage(); a = memory.alloc_tensor(s); (a,) }
             outputs() { b = builtin.alloc_tensor(); (b,) }
             run(x, memory, outputs) { a = memory.0; first(x, a); b = outputs.0; second(a, b); b }
             main(x) { run(x, memory(), outputs()) }

So `run` allocates nothing, and who calls `main` knows of none of this. Which tensors share a storage,
`StaticPlanBlockMemory` has decided before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tvm
from tvm import relax
from tvm.ir import IRModule, Op
from tvm.relax import transform

_STORAGE = Op.get("relax.memory.alloc_storage")
# Which function makes a tensor: one in a storage of the plan, or one that is given out.
_MAKERS = {Op.get("relax.memory.alloc_tensor"): "memory", Op.get("relax.builtin.alloc_tensor"): "outputs"}


@tvm.transform.module_pass(opt_level=0, name="relay.KeepMemory")
def keep_memory(mod: IRModule, _: tvm.transform.PassContext) -> IRModule:
    """`main`, after its memory is planned, as the four functions above."""
    builder, main = relax.BlockBuilder(mod), mod["main"]
    given = {maker: relax.Var(maker, relax.AnyType()) for maker in _MAKERS.values()}
    made: dict[str, list[Any]] = {maker: [] for maker in given}
    tensors: dict[str, list[Any]] = {maker: [] for maker in given}
    steps = []
    for binding in (each for block in main.body.blocks for each in block.bindings):
        op = binding.value.op if isinstance(binding.value, relax.Call) else None
        if op == _STORAGE:
            made["memory"].append(binding)
        elif maker := _MAKERS.get(op):
            steps.append(relax.VarBinding(binding.var, _field(given[maker], len(tensors[maker]), binding.var.ty)))
            tensors[maker].append(relax.Var(binding.var.name, binding.var.ty))
            made[maker].append(relax.VarBinding(tensors[maker][-1], binding.value))
        else:
            steps.append(binding)
    makers = []
    for maker in given:
        func = _function([], made[maker], relax.Tuple(tensors[maker]), relax.AnyType())
        # Two that make nothing would be one function, were it not for their names.
        makers.append(builder.add_func(func.with_attr("global_symbol", maker), maker))
    run = _function([*main.params, *given.values()], steps, main.body.body, main.ret_ty)
    builder.update_func(mod.get_global_var("main"), _calling(builder.add_func(run, "run"), makers, main))
    return builder.get()


def _field(of: Any, at: int, ty: Any) -> Any:
    return relax.Call(relax.ExternFunc("vm.builtin.tuple_getitem"), [of, relax.prim_value(at)], ty_args=[ty])


def _function(params: Sequence[Any], steps: Sequence[Any], result: Any, ty: Any) -> Any:
    return relax.Function(params, relax.SeqExpr([relax.BindingBlock(steps)], result), ty, is_pure=False)


def _calling(run: Any, makers: Sequence[Any], like: Any) -> Any:
    """A function with the parameters of `like` that hands them on to `run`, with what the makers give."""
    params = [relax.Var(param.name, param.ty) for param in like.params]
    given = [relax.Var(maker.name_hint, relax.AnyType()) for maker in makers]
    steps = [relax.VarBinding(var, relax.Call(maker, [])) for var, maker in zip(given, makers, strict=True)]
    result = relax.Var("result", like.ret_ty)
    steps.append(relax.VarBinding(result, relax.Call(run, [*params, *given])))
    return _function(params, steps, result, like.ret_ty)


# What `relax.build` does before it writes byte code. Nothing is freed in a run, and so nothing is killed.
PASSES = tvm.transform.Sequential(
    [
        transform.CallTIRRewrite(),
        transform.StaticPlanBlockMemory(),
        keep_memory,
        transform.CanonicalizeBindings(),
        transform.LowerAllocTensor(),
        transform.LowerRuntimeBuiltin(),
        transform.ComputePrimValue(),
        transform.VMShapeLower(),
        transform.AttachGlobalSymbol(),
    ]
)
