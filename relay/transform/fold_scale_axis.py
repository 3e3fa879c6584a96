"""FoldScaleAxis: the scales that batch norms left move into the weights of the layers beside them.

    before   %0 = nn.conv2d(%x, meta[relay.Constant][0]);
             multiply(%0, meta[relay.Constant][1])
    after    nn.conv2d(%x, meta[relay.Constant][0])

`BackwardFoldScaleAxis` (into the layer before), `ForwardFoldScaleAxis` (into the layer after), and `FoldConstant`,
which multiplies the weights. As TVM v0.16 does it (`fold_scale_axis.cc`).
"""

from __future__ import annotations

import tvm

from .backward_fold_scale_axis import BackwardFoldScaleAxis
from .fold_constant import FoldConstant
from .forward_fold_scale_axis import ForwardFoldScaleAxis


def FoldScaleAxis() -> tvm.transform.Pass:
    """The three passes in a row, under one name."""
    passes = [BackwardFoldScaleAxis(), ForwardFoldScaleAxis(), FoldConstant()]
    return tvm.transform.Sequential(passes, opt_level=0, name="FoldScaleAxis")
