"""Rule packs made from training guides, evaluated over a metrics log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .engine.errors import (
        ExpressionError,
        LogError,
        OverrideError,
        PackError,
        Position,
        Problem,
        ProblemsError,
        TrainrulesError,
    )
    from .engine.evaluate import evaluate
    from .engine.many import Judged, evaluate_many
    from .engine.pack import Pack
    from .engine.report import Finding, Report
    from .engine.shelf import load_pack

    __version__: str

__all__ = [
    "ExpressionError",
    "Finding",
    "Judged",
    "LogError",
    "OverrideError",
    "Pack",
    "PackError",
    "Position",
    "Problem",
    "ProblemsError",
    "Report",
    "TrainrulesError",
    "__version__",
    "evaluate",
    "evaluate_many",
    "load_pack",
]

_MODULES = {
    "ExpressionError": "errors",
    "Finding": "report",
    "Judged": "many",
    "LogError": "errors",
    "OverrideError": "errors",
    "Pack": "pack",
    "PackError": "errors",
    "Position": "errors",
    "Problem": "errors",
    "ProblemsError": "errors",
    "Report": "report",
    "TrainrulesError": "errors",
    "evaluate": "evaluate",
    "evaluate_many": "many",
    "load_pack": "shelf",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `import trainrules` alone costs next to nothing."""
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("trainrules")
    elif name in _MODULES:
        from importlib import import_module

        value = getattr(import_module(f".engine.{_MODULES[name]}", __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
