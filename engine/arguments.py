"""What a program gives to `evaluate` and `evaluate_many`: arguments of the wrong type are told by their names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from os import PathLike

from .pack import Pack


def check_arguments(pack: object, overrides: object, override_files: object, settings: object) -> None:
    """Raise TypeError, naming the argument and what it takes, where one has the wrong type."""
    if not isinstance(pack, (str, PathLike, Pack)):
        raise _wrong("pack", "the name of a pack, the path of its file, or a Pack that load_pack gave", pack)
    if overrides is not None and not (
        isinstance(overrides, Mapping) and all(isinstance(key, str) for key in overrides)
    ):
        raise _wrong("overrides", 'a mapping of params and their values, such as {"warmup_steps": 30}', overrides)
    if not _is_list_of(override_files, (str, PathLike)):
        raise _wrong("override_files", 'a list of paths, such as ["settings.yaml"]', override_files)
    if not _is_list_of(settings, str):
        raise _wrong("settings", 'a list of texts, such as ["warmup_steps=30"]', settings)


def _is_list_of(given: object, kind: type | tuple[type, ...]) -> bool:
    """Whether `given` is several of a kind; one text is not, though Python would take it for its letters."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        return False
    return not isinstance(given, Collection) or all(isinstance(each, kind) for each in given)


def _wrong(name: str, expected: str, given: object) -> TypeError:
    shown = repr(given)
    return TypeError(f"{name} must be {expected}, not {shown if len(shown) <= 60 else type(given).__name__}")
