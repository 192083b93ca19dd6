"""What a shell offers when Tab is pressed: packs, their variants, their names and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..engine.errors import TrainrulesError

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

    from ..engine.pack import Pack

GENERAL = "auto"


def packs(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the packs that are shipped, and files."""
    from ..engine.shipped import shipped_files

    return _matching([*shipped_files(), GENERAL], incomplete) or _files(incomplete)


def variants(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The variants of the pack that stands on the line already."""
    pack = _pack(context)
    return _matching(list(pack.variants), incomplete) if pack else []


def names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Everything in the pack that has a name."""
    from ..engine.catalog import entries

    pack = _pack(context)
    return _matching(sorted({entry.name for entry in entries(pack)}), incomplete) if pack else []


def pairs(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The settings of the pack: its params, and once a dot is there what can be set of a rule."""
    pack = _pack(context)
    if pack is None:
        return []
    of_rules = [f"{rule}.{field}=" for rule in pack.rules for field in ("enabled", "severity")]
    return _matching([f"{param}=" for param in pack.params] + (of_rules if "." in incomplete else []), incomplete)


def input_formats(incomplete: str) -> list[CompletionItem]:
    """The formats of logs, each with what it is."""
    from click.shell_completion import CompletionItem

    from ..engine.readers.registry import readers

    known = sorted((each.id, each.title) for each in readers())
    return [CompletionItem(id, help=title) for id, title in known if id.startswith(incomplete)]


def files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, which the shell knows best."""
    return _files(incomplete)


def _pack(context: click.Context) -> Pack | None:
    from ..engine.shelf import load_pack

    given = context.params.get("pack")
    try:
        return load_pack(given) if given and given != GENERAL else None
    except TrainrulesError:
        return None


def _matching(words: list[str], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _files(incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]
