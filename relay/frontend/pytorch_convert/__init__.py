"""What PyTorch's operators are in Relay: one small function each, in one table.

A converter is given the call's arguments under the names that PyTorch's own schema has for them:

    aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None)

    @converts("aten::softmax", "aten::_softmax")
    def softmax(ctx, data, dim, dtype=None): ...

The first one, mostly `self`, comes by its place. Tensors are Relay expressions, all else is a Python value.
"""

from . import arithmetic, attention, convolution, create, normalize, pool, reduce, resize, scalar, shape
from .context import Context
from .table import converter_of, converts

__all__ = [
    *("Context", "converter_of", "converts"),
    *("arithmetic", "attention", "convolution", "create", "normalize", "pool", "reduce", "resize", "scalar", "shape"),
]
