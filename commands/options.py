"""Options and arguments that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..engine.record import Record
from . import complete

if TYPE_CHECKING:
    from ..engine.errors import Problem

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Settings(Record):
    """What a command line changes in a pack for one run, by the names that `evaluate` has for it."""

    variant: str | None
    settings: tuple[str, ...]
    override_files: tuple[str, ...]
    isolated: bool


def pairs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Settings as they were given, each of which must be NAME=VALUE."""
    for value in values:
        name, equals, _ = value.partition("=")
        if not (name.strip() and equals):
            raise click.BadParameter(f"{value!r} is not NAME=VALUE", context, parameter)
    return values


def once(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> str | None:
    """The value of an option that may stand on the line once: of two, one would be passed over without a word."""
    if len(values) > 1:
        given = ", ".join(map(repr, values))
        raise click.BadParameter(f"it is given more than once: {given}; a run has one variant", context, parameter)
    return values[0] if values else None


def moment(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Seconds since 1970, from a number or an ISO 8601 time; without a zone it is UTC."""
    if value is None:
        return None
    from datetime import UTC, datetime
    from math import isfinite

    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            raise click.BadParameter(
                f"{value!r} is not a time; write 2026-01-31T12:00:00Z or seconds since 1970", context, parameter
            ) from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not isfinite(seconds):
        raise click.BadParameter(f"{value!r} is not a time", context, parameter)
    return seconds


def settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that change a pack for one run, which the command gets together as `given`."""
    variant = click.option(
        "--variant",
        metavar="NAME",
        multiple=True,
        callback=once,
        shell_complete=complete.variants,
        help="A named way to run the pack.",
    )
    given = click.option(
        "--set",
        "settings",
        metavar="NAME=VALUE",
        multiple=True,
        callback=pairs,
        shell_complete=complete.pairs,
        help="Change a threshold for this run; VALUE may use 'default'. Repeatable.",
    )
    files = click.option(
        "--overrides",
        "override_files",
        metavar="FILE",
        multiple=True,
        shell_complete=complete.files,
        help="Read settings from a YAML file. Repeatable.",
    )
    isolated = click.option(
        "--isolated",
        is_flag=True,
        help="Ignore settings that nobody named: in pyproject.toml, and rules.override.yaml beside the log.",
    )

    @wraps(command)
    def gathered(*args: Any, **options: Any) -> Any:
        own = Settings(*(options.pop(name) for name in Settings._fields))
        return command(*args, given=own, **options)

    return variant(given(files(isolated(gathered))))


def surroundings(command: _Command) -> _Command:
    """What a run is judged with besides its log: `checkpoints`, `now`."""
    folder = click.option(
        "--checkpoints",
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False),
        help="Where the checkpoints are, if not beside the log.",
    )
    time = click.option(
        "--now",
        metavar="TIME",
        callback=moment,
        help="The present time, to tell whether the log fell silent (ISO 8601).",
    )
    return folder(time(command))


if TYPE_CHECKING:
    _TextType = click.ParamType[str]
else:
    _TextType = click.ParamType


class _InputFormat(_TextType):
    name = "format"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from ..engine.errors import did_you_mean
        from ..engine.readers.registry import names
        from ..engine.words import listed

        known = names()
        if value not in known:
            hint = did_you_mean(value, known) or f"the formats are {listed(known)}"
            self.fail(f"{value!r} is no format of logs; {hint}", param, ctx)
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        return complete.input_formats(incomplete)


class _InputFormatOption(click.Option):
    """An option whose help names the formats, which are only looked up when it is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from ..engine.readers.registry import names

        self.help = f"The format of the log, which its content tells otherwise: {', '.join(names())}."
        return super().get_help_record(ctx)


def input_format(command: _Command) -> _Command:
    """The option `input_format`: the name of a reader."""
    return click.option(
        "--input-format",
        cls=_InputFormatOption,
        type=_InputFormat(),
        metavar="NAME",
        help="The format of the log, which its content tells otherwise.",
    )(command)


def form(command: _Command) -> _Command:
    """The option `form`: a page of text, or JSON."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="A page to read, or data.",
    )(command)


def pack_files(paths: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """The files that are meant, folders opened, each once; and the paths that hold none."""
    from ..engine.filenames import SUFFIXES
    from ..engine.folders import files_in
    from ..engine.kinds import kind_of

    return files_in(paths, lambda path: path.endswith(SUFFIXES) and kind_of(path) == "pack", "packs", ".yaml")


def as_file(path: str) -> str:
    """A path as `load_pack` takes it for a file: a bare name would be a shipped pack."""
    return os.path.join(".", path) if os.path.exists(path) and not os.path.dirname(path) else path


skip_others = click.option(
    "--skip-others",
    is_flag=True,
    help="Pass over files that are none of ours, as hooks name them, instead of refusing them.",
)
