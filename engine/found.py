"""The files of settings that count without being named: a project's pyproject.toml, and a file beside the log.

They may come from a stranger along with a log: they are read as data, up to a limit, never written, and nothing but a
regular file is opened (a pipe would block).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from functools import partial

from .errors import PackError, Position, Problem
from .items import Item
from .problems import Problems
from .record import Record
from .settings import BESIDE, PROJECT

BESIDE_LOG = "rules.override.yaml"
PROJECT_FILE = "pyproject.toml"
MAX_BYTES, MAX_PROJECT_BYTES = 1_048_576, 262_144
"""The most that is read of a file beside a log, and of a project's."""

_TOOL, _US = rb"(?:tool|'tool'|\"tool\")", rb"(?:trainrules|'trainrules'|\"trainrules\")"
_MENTION = partial(
    re.search,
    rb"^(?:\xef\xbb\xbf)?[ \t]*(?:\[{0,2}[ \t]*%(tool)b[ \t]*\.[ \t]*%(us)b|\[[ \t]*%(tool)b[ \t]*\]|%(tool)b[ \t]*=)"
    % {b"tool": _TOOL, b"us": _US},
    flags=re.M,
)
"""A line without which there is no table [tool.trainrules]: TOML is slow to read, and most files have none."""


class Found(Record):
    """A file of settings: its name in reports, of which kind it is, and its tree; None where it cannot be used."""

    name: str
    kind: str
    root: Item | None


def found_files(log: str | None, project: str | None, problems: Problems) -> Iterator[Found]:
    """The files that count for a log, the earlier first.

    The project's is the nearest at or above the folder of the log that has a table [tool.trainrules], or, where there
    is none, the current folder; with `project`, at or above that folder, and nowhere else.
    """
    starts = [project] if project is not None else [*([os.path.dirname(log)] if log and log != "-" else []), ""]
    table = next((found for start in starts if (found := _project(start, problems))), None)
    if table is not None:
        yield table
    if log is not None and log != "-":
        place = log if os.path.isdir(log) else os.path.dirname(log)
        beside = os.path.join(place, BESIDE_LOG)
        if os.path.lexists(beside):
            yield _read(beside, problems)


def shown(path: str) -> str:
    """A path as reports name it, seen from the current folder; only its name where that would tell of the machine."""
    try:
        near = os.path.relpath(path)
    except ValueError:  # on another drive
        return os.path.basename(path)
    steps = near.split(os.sep)
    climbs = steps.count(os.pardir)
    is_far = os.path.isabs(path) and 0 < climbs < len(steps) - 1
    return os.path.basename(path) if is_far else near.replace(os.sep, "/")


def contents(path: str, limit: int) -> bytes:
    """The bytes of a regular file, at most `limit` and one more; OSError where there is none, or it is no file."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("not a regular file")
        return stream.read(limit + 1)


def _project(start: str, problems: Problems) -> Found | None:
    place = os.path.abspath(start)
    while True:
        path = os.path.join(place, PROJECT_FILE)
        table = project_table(path, problems)
        if table is not None:
            return table
        above = os.path.dirname(place)
        if above == place:
            return None
        place = above


def may_have_table(path: str) -> bool:
    """Whether a project file speaks of us, as far as one can tell without reading it as TOML."""
    return _mentioning(path) is not None


def _mentioning(path: str) -> bytes | None:
    """What stands in a project file that speaks of us."""
    try:
        data = contents(path, MAX_PROJECT_BYTES)
    except OSError:
        return None
    return data if _MENTION(data) else None


def project_table(path: str, problems: Problems) -> Found | None:
    """The table [tool.trainrules] of a project file; None where the file is not there or does not speak of us."""
    data = _mentioning(path)
    if data is None:
        return None
    from .tomlio import compose_toml

    name = shown(path)
    try:
        root = compose_toml(_decoded(data, name, MAX_PROJECT_BYTES), name)
    except PackError as error:
        problems.extend(error.problems)
        return Found(name, PROJECT, None)
    tool = root.value.get("tool") if isinstance(root.value, dict) else None
    mine = tool.value.get("trainrules") if tool is not None and isinstance(tool.value, dict) else None
    return Found(name, PROJECT, mine) if mine is not None else None


def _read(path: str, problems: Problems) -> Found:
    from .yamlio import compose

    name = shown(path)
    try:
        document = compose(_decoded(contents(path, MAX_BYTES), name, MAX_BYTES), name)
    except OSError as error:
        problems.add(Position(name), "no-file", f"file {_why_not(path, error)}", "mend what keeps it from being read")
    except PackError as error:
        problems.extend(error.problems)
    else:
        problems.extend(document.problems)
        return Found(name, BESIDE, document.root)
    return Found(name, BESIDE, None)


def _why_not(path: str, error: OSError) -> str:
    if os.path.isdir(path):
        return "is a directory"
    if not os.path.exists(path):
        return "is a link that leads nowhere"
    return f"cannot be read: {error.strerror}" if error.errno else "is not a regular file"


def _decoded(data: bytes, name: str, limit: int) -> str:
    if len(data) > limit:
        raise PackError(
            [Problem(Position(name), "too-large", f"file is larger than {limit // 1024} KiB", "shorten it")]
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PackError(
            [Problem(Position(name, line, 1), "not-text", "file is not UTF-8 text", "save it as UTF-8")]
        ) from None
