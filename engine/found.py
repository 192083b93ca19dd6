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

from .errors import PackError, Position, Problem, surely_meant
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


_TABLES = partial(
    re.finditer,
    rb"^(?:\xef\xbb\xbf)?[ \t]*\[{0,2}[ \t]*%b[ \t]*\.[ \t]*[\"']?(?P<name>[\w-]{7,13})(?![\w-])" % _TOOL,
    flags=re.M,
)
_NAME = "trainrules"


class Found(Record):
    """A file of settings: its name in reports, of which kind it is, and its tree; None where it cannot be used.

    `misspelt` is the table in it that is nearly ours, and where it is named.
    """

    name: str
    kind: str
    root: Item | None
    misspelt: tuple[str, Position] | None = None


def found_files(log: str | None, project: str | None, problems: Problems) -> Iterator[Found]:
    """The files that count for a log, the earlier first.

    The project's is the nearest at or above the folder of the log that has a table [tool.trainrules], or, where there
    is none, the current folder; with `project`, at or above that folder, and nowhere else. A nearer one with a table
    that is nearly called so comes before it.
    """
    starts = [project] if project is not None else [*([os.path.dirname(log)] if log and log != "-" else []), ""]
    seen: set[str] = set()
    for found in (each for start in starts for each in _projects(start, problems)):
        if found.misspelt is None:
            yield found
            break
        if found.name not in seen:
            seen.add(found.name)
            yield found
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


def _projects(start: str, problems: Problems) -> Iterator[Found]:
    """The project files at or above a folder that speak of us, up to the first that has the table."""
    place, above = "", os.path.abspath(start)
    while above != place:
        place, above = above, os.path.dirname(above)
        found = project_table(os.path.join(place, PROJECT_FILE), problems)
        if found is not None:
            yield found
            if found.misspelt is None:
                return


def may_have_table(path: str) -> bool:
    """Whether a project file speaks of us, or nearly so, as far as one can tell without reading it as TOML."""
    data = _project_data(path)
    return _MENTION(data) is not None or _misspelt(data, path) is not None


def _project_data(path: str) -> bytes:
    """What stands in a project file, up to a limit; nothing where there is none."""
    try:
        return contents(path, MAX_PROJECT_BYTES)
    except OSError:
        return b""


def _misspelt(data: bytes, name: str) -> tuple[str, Position] | None:
    """The first table of a project file that is nearly called as ours, and where it is named."""
    for found in _TABLES(data):
        table = data[slice(*found.span("name"))].decode("utf-8", "replace")
        # Names of other tools are many, and to compare them letter by letter takes longer.
        if len(set(_NAME) - set(table.lower())) <= 1 and surely_meant(table.lower(), [_NAME]):
            line = data.count(b"\n", 0, found.start("name")) + 1
            before = data[data.rfind(b"\n", 0, found.start("name")) + 1 : found.start("name")]
            return table, Position(name, line, len(before.decode("utf-8-sig", "replace")) + 1)
    return None


def project_table(path: str, problems: Problems) -> Found | None:
    """The table [tool.trainrules] of a project file, or one that is nearly called so; None where it has neither."""
    data, name = _project_data(path), shown(path)
    if _MENTION(data) is None:
        near = _misspelt(data, name)
        return Found(name, PROJECT, None, near) if near is not None else None
    from .tomlio import compose_toml

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
