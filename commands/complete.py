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

    return _matching(list(shipped_files()), incomplete) or _files(incomplete)


def packs_to_judge_by(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """As `packs`, and the word that leaves the choice to the keys of the log."""
    from ..engine.shipped import shipped_files

    return _matching([*shipped_files(), GENERAL], incomplete) or _files(incomplete)


def variants(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The variants of the pack that stands on the line already."""
    pack = _pack(context)
    return _matching(list(pack.variants), incomplete) if pack else []


def names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Everything in the pack that has a name: rules, metrics, thresholds, …, each with what it is."""
    from ..engine.catalog import entries

    pack = _pack(context)
    kinds: dict[str, list[str]] = {}
    for entry in entries(pack) if pack else ():
        kinds.setdefault(entry.name, []).append(entry.kind)
    return _told(sorted((name, ", ".join(found)) for name, found in kinds.items()), incomplete)


def pairs(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The settings of the pack: its params, once a dot is there what can be set of a rule, after `=` the values."""
    pack = _pack(context)
    if pack is None:
        return []
    name, equals, _ = incomplete.partition("=")
    if equals:
        return _told([(f"{name}={value}", told) for value, told in _values(pack, name)], incomplete)
    known = [(f"{param.id}=", param.help) for param in pack.params.values()]
    if "." in incomplete:
        known += [(f"{rule.id}.{aspect}=", rule.title) for rule in pack.rules.values() for aspect in _ASPECTS]
        known += [(f"{gate.id}.enabled=", gate.title) for gate in pack.gates.values()]
    return _told(known, incomplete)


_ASPECTS = ("enabled", "severity")


def _values(pack: Pack, name: str) -> list[tuple[str, str]]:
    """Values that a setting may have, or, of a threshold, has in the pack."""
    from ..engine.expression import Expression
    from ..engine.pack import SEVERITIES
    from ..engine.render.phrases import value

    _, _, aspect = name.partition(".")
    if aspect:
        return [(word, "") for word in {"severity": SEVERITIES, "enabled": ("true", "false")}.get(aspect, ())]
    param = pack.params.get(name)
    if param is None:
        return []
    if param.type == "boolean":
        return [("true", ""), ("false", "")]
    is_plain = param.default is not None and not isinstance(param.default, Expression)
    return [(value(param.default), "the pack's own")] if is_plain else []


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

    # click gives up at an option without its value, as it is before the cursor, and leaves the arguments unnamed.
    arguments = (each.name for each in context.command.params if each.param_type_name == "argument")
    unnamed = dict(zip(arguments, context.args, strict=False))
    given = context.params.get("pack") or unnamed.get("pack")
    try:
        return load_pack(given) if given and given != GENERAL else None
    except TrainrulesError:
        return None


def _told(known: list[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    """The words that go on from what is typed, each with what it is, for the shells that show that."""
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(word, help=" ".join(told.split()) or None) for word, told in known if word.startswith(incomplete)
    ]


def _matching(words: list[str], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _files(incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def packs_and_codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the packs that are shipped, files, and the codes of problems."""
    from ..engine.codes.pages import all_codes

    codes = _matching(list(all_codes()), incomplete) if incomplete else []
    found = packs(context, parameter, incomplete)
    return codes + [each for each in found if each.type != "file" or not codes]
