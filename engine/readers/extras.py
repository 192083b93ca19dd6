"""Libraries that only some formats need, and what to say where one is missing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import LogError

if TYPE_CHECKING:
    from .registry import Reader


def library(module: str, reader: Reader, path: str) -> Any:
    """A module of the library that a reader needs; raises LogError that names the extra where it is missing."""
    try:
        return import_module(module)
    except ImportError as error:
        raise LogError(
            f"a log of the format {reader.id!r} is read by its own library, which is missing ({error.name})",
            path=path,
            hint=f"pip install 'trainrules[{reader.extra}]'",
        ) from None
