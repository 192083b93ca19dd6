"""The thresholds that a report suggests, as a file that `--overrides` takes."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from contextlib import suppress

from ..pack import Scalar
from ..report import GateResult, Report, Suggestion
from ..resolved import Override
from ..words import as_written, number
from .escape import printable


def render_overrides(report: Report, pack: str, path: str) -> str | None:
    """The file's text, or None where the report suggests nothing.

    `pack` and `path` are the pack and the file as the user names them, for the command that the file shows.
    """
    gates = [gate for gate in report.gates if gate.suggestions]
    if not gates:
        return None
    variant = ["--variant", report.variant] if report.variant else []
    pack = report.pack if report.chosen == "auto" else pack
    words = ["rules", "eval", "--pack", pack, *variant, "--overrides", path, report.log.path]
    lines = [
        "Thresholds that the run came near to and did not reach, lowered to what it does reach:",
        *(f"  {_told(gate, each)}" for gate in gates for each in gate.suggestions),
        "Take them back with:",
        f"  {shlex.join(words)}",
    ]
    settings = dict.fromkeys(
        f"  {each.setting}: {as_written(each.value, 15)}" for gate in gates for each in gate.suggestions if each.setting
    )
    if settings:
        lines += ["This changes how the log is judged. The run itself follows the trainer's own settings:", *settings]
    kept = {each.param: each.value for each in report.overrides if _is_kept(each)}
    if kept:
        lines.append(f"Set for this run before, and kept: {', '.join(kept)}")
    params = kept | {each.param: each.value for gate in gates for each in gate.suggestions}
    comment = "".join(f"# {printable(line)}\n" for line in lines)
    return comment + "params:\n" + "".join(f"  {name}: {_scalar(value)}\n" for name, value in params.items())


def _is_kept(override: Override) -> bool:
    """Whether a setting is of a param and was made by the user for this run, not by the variant."""
    return "." not in override.param and not override.origin.startswith("variant ")


def _scalar(value: Scalar) -> str:
    if isinstance(value, float):
        return as_written(value, 15)
    return json.dumps(value)


def _told(gate: GateResult, suggestion: Suggestion) -> str:
    line = next(one for one in gate.requirements if one.name == suggestion.requirement)
    where = f"{gate.gate}, {gate.series}" if gate.series else gate.gate
    return (
        f"{suggestion.param}: {as_written(suggestion.now)} -> {as_written(suggestion.value)} ({where}:"
        f" {line.title} needs {line.target}, nearly all recent values reach {number(suggestion.reached, 4)})"
    )


def write_new(path: str, text: str) -> None:
    """Write a file that must not exist yet, whole or not at all. Raises FileExistsError, or another OSError."""
    folder = os.path.dirname(path) or "."
    handle, name = tempfile.mkstemp(prefix=".trainrules-", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        try:
            os.link(name, path)  # fails where the file exists, as a rename would not
        except OSError as error:
            if isinstance(error, FileExistsError):
                raise
            _write_without_links(path, text)
    finally:
        with suppress(OSError):
            os.unlink(name)


def _write_without_links(path: str, text: str) -> None:
    """For file systems without hard links: the name is taken first, and given back if the text does not fit."""
    with open(path, "x", encoding="utf-8", newline="\n") as out:
        try:
            out.write(text)
            out.flush()
        except OSError:
            with suppress(OSError):
                os.unlink(path)
            raise
