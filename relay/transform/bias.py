"""Where a bias stands: a vector that belongs to one axis of a tensor, made ready to broadcast against it.

before   %b: Tensor[(16), float32], for axis 1 of a Tensor[(1, 16, 4, 4), float32]
after    expand_dims(%b, axis=1, num_newaxis=2) /* ty=Tensor[(16, 1, 1), float32] */
"""

from __future__ import annotations

from typing import Any

from .. import op


def expand_bias_to_match_axis(bias: Any, rank: int, axis: int) -> Any:
    """The vector `bias` of `axis`, with as many axes of size 1 behind it as a tensor of that `rank` has behind `axis`.

    It stays as it is for the last axis. `axis` may count from the end.
    """
    behind = rank - axis % rank - 1
    return op.expand_dims(bias, axis=1, num_newaxis=behind) if behind else bias
