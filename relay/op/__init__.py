"""Relay's operators. `relay.op.op` has the registry, the other modules declare into it."""

from . import algorithm, annotation, creation, image, indexing, join, layout, nn, reduce, reshaping, tensor, transform
from .algorithm import *  # noqa: F403
from .creation import *  # noqa: F403
from .indexing import *  # noqa: F403
from .join import *  # noqa: F403
from .layout import *  # noqa: F403
from .op import OpPattern, get, register_op_attr, register_pattern
from .reduce import *  # noqa: F403
from .reshaping import *  # noqa: F403
from .tensor import *  # noqa: F403
from .transform import *  # noqa: F403

__all__ = ["OpPattern", "annotation", "get", "image", "nn", "register_op_attr", "register_pattern"]
__all__ += algorithm.__all__
__all__ += creation.__all__
__all__ += indexing.__all__
__all__ += join.__all__
__all__ += layout.__all__
__all__ += reduce.__all__
__all__ += reshaping.__all__
__all__ += tensor.__all__
__all__ += transform.__all__
