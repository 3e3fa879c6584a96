"""Networks of other frameworks, as Relay."""

from .pytorch import from_pytorch

__all__ = ["from_pytorch"]
