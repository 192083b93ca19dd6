"""The commands: parse what the user gave, call the engine, print, and leave with an exit code."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click

from .commands import complete
from .commands.options import Settings, input_format, settings, surroundings
from .commands.output import bug_told, complain, page_style, say
from .engine.errors import LogError, TrainrulesError

if TYPE_CHECKING:
    from .engine.report import Report

_STARTED = time.perf_counter()
WRONG = 2
INTERRUPTED = 130

EXIT_CODES = """\b
Exit codes:
  0  nothing found at or above --fail-on
  1  a finding at or above --fail-on holds
  2  the command, a pack or a setting is wrong
  3  the run could not be judged: the log is unreadable, empty or
     interleaved, or has none of the metrics that the pack needs
With several logs: 2 or 1 where that is so of any, else 3 where none could
be judged or a LOG names nothing, else 0; with --strict, 3 before 1 where
any could not be judged."""

ELSEWHERE = {
    "validate": ("validate", "validate_files"),
    "test": ("testing", "run_pack_tests"),
    "diff": ("differing", "diff"),
    "packs": ("inspect", "list_packs"),
    "show": ("inspect", "show"),
    "explain": ("inspect", "explain"),
    "sql": ("inspect", "show_sql"),
    "schema": ("inspect", "print_schema"),
    "init": ("starting", "init"),
}
"""Commands that are imported when they are asked for: each with its module in `commands` and its name there."""


class _Commands(click.Group):
    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from .engine.readers.registry import names

        with formatter.section("Formats of logs"):
            formatter.write_text(", ".join(names()))
        super().format_epilog(ctx, formatter)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands, *ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        from importlib import import_module

        module, name = ELSEWHERE[cmd_name]
        command: click.Command = getattr(import_module(f".commands.{module}", __package__), name)
        return command


def _print_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("trainrules")
    except PackageNotFoundError:
        number = "unknown (not installed)"
    say(f"trainrules {number}\n")
    context.exit()


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Run 'rules COMMAND --help' for the options of a command.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def rules() -> None:
    """Read the metrics log of a training run and say what to do next."""


def _size(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    import re

    if value is not None and not re.fullmatch(r"[1-9][0-9]*(\.[0-9]+)?\s*[KMGT]i?B", value):
        raise click.BadParameter(f"{value!r} is not a size; write 500MB or 2GB", context, parameter)
    return value


@rules.command("eval", short_help="Judge runs by their logs.", epilog=EXIT_CODES)
@click.argument("logs", metavar="LOG...", nargs=-1, required=True, shell_complete=complete.files)
@click.option(
    "--pack",
    metavar="NAME|FILE|auto",
    shell_complete=complete.packs_to_judge_by,
    default="auto",
    show_default=True,
    help="The rule pack to judge by; auto: the one that fits the keys of the log.",
)
@settings
@surroundings
@input_format
@click.option(
    "--write-overrides",
    "overrides_to",
    metavar="FILE",
    help="Save the thresholds that the plan suggests, for --overrides.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "jsonl", "csv", "junit", "markdown", "github"]),
    default="table",
    show_default=True,
    help="A page to read, or data (jsonl: one line a log); of several logs a line each.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["info", "warning", "critical", "never"]),
    default="critical",
    show_default=True,
    help="The least severity that makes the exit code 1.",
)
@click.option("--strict", is_flag=True, help="With several logs: leave with 3 where any of them could not be judged.")
@click.option("--threads", metavar="N", type=click.IntRange(min=1), help="How many threads to use at most.")
@click.option(
    "--memory-limit", metavar="SIZE", callback=_size, help="How much memory DuckDB may use at most, such as 2GB."
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Give a log up that takes longer than this.",
)
@click.option("--profile", is_flag=True, help="Say on standard error where the time went.")
@click.option("-v", "--verbose", is_flag=True, help="Show every threshold, and where each comes from.")
@click.pass_context
def evaluate_logs(
    context: click.Context,
    logs: tuple[str, ...],
    pack: str,
    given: Settings,
    checkpoints: str | None,
    input_format: str | None,
    overrides_to: str | None,
    form: str,
    fail_on: str,
    strict: bool,
    now: float | None,
    threads: int | None,
    memory_limit: str | None,
    timeout: float | None,
    profile: bool,
    verbose: bool,
) -> None:
    """Judge the run that wrote LOG and say what to do; "-" reads it from standard input.

    Several logs, folders, and quoted patterns such as 'runs/**/*.jsonl' are listed, a line a run, the worst first.
    """
    if logs.count("-") > 1:
        raise click.UsageError('"-" is given more than once: standard input can be read only once', context)
    if overrides_to is not None:
        _ready_to_write(context, overrides_to, logs)
    asked: dict[str, Any] = {
        "pack": pack,
        **given._asdict(),
        "input_format": input_format,
        "now": now,
        "threads": threads,
        "memory_limit": memory_limit,
        "timeout": timeout,
    }
    is_list = len(logs) > 1 or any(sign in logs[0] for sign in "*?[")
    if is_list:
        from .commands.logs import is_pattern, meant

        found = meant(logs)
        is_list, logs = found.logs != list(logs), tuple(found.logs)
        if len(logs) > 1 or is_pattern(logs[0]):  # what one file lacks is told as ever
            if checkpoints is not None:
                raise click.UsageError("--checkpoints takes one log: each run has checkpoints of its own", context)
            if profile:
                raise click.UsageError("--profile takes one log: several are judged beside each other", context)
            from .commands.many import judge_many

            context.exit(judge_many(found, asked, form=form, fail_on=fail_on, verbose=verbose, strict=strict))
    from .engine.readers.connection import prepare

    prepare(threads, memory_limit)  # opens while the rest is imported and the pack loaded
    watch = None
    if profile:
        from .commands.profile import profiled

        watch = context.with_resource(profiled(_STARTED))
    from .commands.reports import shown
    from .engine.evaluate import evaluate
    from .engine.verdict import settle

    try:
        report = evaluate(logs[0], checkpoints=checkpoints, **asked)
    except LogError as error:
        from .engine.unjudged import report_on

        complain(str(error))
        report = report_on(logs[0], error, pack)
    else:
        if report.reason:
            complain(f"{logs[0]}: {report.reason}")
    if watch:
        watch.begin("Making the page")
    report, code = settle(report, fail_on)
    text = shown(report, form, fail_on, page_style(), verbose=verbose, in_array=is_list)
    say(text, commands=form == "github")
    if overrides_to is not None and not _write_overrides(overrides_to, report, pack):
        code = WRONG
    context.exit(code)


def _ready_to_write(context: click.Context, path: str, logs: Sequence[str]) -> None:
    """Refuse before anything is judged what could not be written afterwards."""
    if len(logs) > 1 or any(sign in logs[0] for sign in "*?["):
        raise click.UsageError("--write-overrides takes one log: several may ask for different thresholds", context)
    if path == "-":
        raise click.UsageError("--write-overrides needs a file: standard output has the report", context)
    if os.path.lexists(path):
        raise click.UsageError(f"--write-overrides: {path} exists already; name a new file or remove it", context)


def _write_overrides(path: str, report: Report, pack: str) -> bool:
    """Save what the plan suggests; say what was done on standard error. False where the file could not be written."""
    from .engine.render.overridefile import render_overrides, write_new

    text = render_overrides(report, pack if report.chosen == "given" else report.pack, path)
    if text is None:
        complain(f"{path} was not written: the plan suggests no threshold")
        return True
    try:
        write_new(path, text)
    except OSError as error:
        complain(f"{path} was not written: {error.strerror or error}")
        return False
    complain(f"wrote {path}; 'rules eval --overrides {path}' takes it back")
    return True


def main(arguments: Sequence[str] | None = None, prog_name: str = "rules") -> NoReturn:
    """Run the command line and leave with its exit code; never with a traceback, unless TRAINRULES_DEBUG is set."""
    sys.exit(_guarded(lambda: rules.main(arguments, prog_name=prog_name, standalone_mode=False)))


def run() -> NoReturn:
    """As `main`, for a process of its own, which it leaves without taking the interpreter apart.

    Freeing every module and DuckDB's memory one by one takes longer than reading a short log.
    """
    # Packs and reports make many objects and next to no circles: looking for them is a twentieth of a short run.
    gc.set_threshold(100_000)
    if "_RULES_COMPLETE" in os.environ:
        from .commands.shells import register

        register()
    # What asks the process to end must not leave its temporary files behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = _guarded(lambda: rules.main(prog_name="rules", standalone_mode=False))
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _guarded(command: Callable[[], Any]) -> int:
    try:
        code = command()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        if type(error).__name__ == "NoArgsIsHelpError" and context:  # click before 8.2 does not have it
            say(f"{context.get_help()}\n")
            return 0
        hint = f"; see '{context.command_path} --help'" if context else ""
        message = " ".join(error.format_message().split()).rstrip(".")
        complain(f"{context.command_path if context else 'rules'}: {message[:1].lower()}{message[1:]}{hint}")
        return WRONG
    except TrainrulesError as error:
        complain(str(error))
        return WRONG
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted")
        return INTERRUPTED
    except Exception as error:
        complain(bug_told(error))
        return WRONG


if __name__ == "__main__":
    run()
