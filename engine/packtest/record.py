"""A real run → a case that expects what the pack says of it today, written behind the cases that are there.

Nothing that a file says already is changed: what was there must read as before, and the new case must pass.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..checkpoints import find_checkpoints
from ..errors import OverrideError, PackError, Position, Problem
from ..items import Document, Item
from ..pack import Pack
from ..record import Record
from ..render.json import rounded, to_json
from ..report import Report
from ..shelf import load_pack
from ..yamlio import compose, compose_file
from .judge import judge
from .load import SUFFIX, load_suite
from .model import Case, Data
from .run import run_case

if TYPE_CHECKING:
    from ..codes import Code

MAX_EMBEDDED = 262_144
"""The most bytes of a log that are written into a file of tests."""

_PLAIN = re.compile(r"(?:\.\.?/)*[A-Za-z][\w./() -]*[\w.()]|[A-Za-z]")
_RESERVED = frozenset({"true", "false", "null", "nan", "inf"})
_UNPRINTABLE = re.compile(
    "[^\\t\\n\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)


class Recording(Record):
    """What is to be recorded: the log, how it is judged, and how its case is called; `embed` writes its text down."""

    log: str
    name: str | None = None
    pack: str | None = None
    variant: str | None = None
    settings: tuple[str, ...] = ()
    now: float | None = None
    embed: bool = False


def record(path: str, recording: Recording) -> tuple[str, tuple[Problem, ...]]:
    """Write the case of a run into the file of tests at `path`; its name, or why nothing was written."""
    try:
        return _record(Path(path), recording), ()
    except (PackError, OverrideError) as error:
        return "", error.problems
    except OSError as error:
        return "", (_refused(Path(path), error),)


def log_line(path: str) -> str:
    """The line by which a case names its log."""
    return f"log: {_scalar(path)}\n"


def case_of(path: Path, recording: Recording, pack: Pack) -> str:
    """The lines of the case of a run as they stand in a list, for a file of tests at `path` that is yet to be written.

    Raises PackError, OverrideError or OSError where there is none.
    """
    name = recording.name or Path(recording.log).as_posix()
    case, data = _case(path, recording, name, pack)
    return "".join(_entry(case, data, judge(pack, case)))


def _refused(path: Path, error: OSError) -> Problem:
    """Why the file could not be written."""
    if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        hint = "make it, or name another file"
        return Problem(Position(path.as_posix()), "no-file", f"there is no folder {path.parent.as_posix()!r}", hint)
    message = f"the file cannot be written: {error.strerror or error}"
    return Problem(Position(path.as_posix()), "no-file", message, "name another file, or mend what keeps it from that")


def _record(path: Path, recording: Recording) -> str:
    old, document = _present(path)
    pack, line = _pack(path, recording.pack, document)
    name = recording.name or Path(recording.log).as_posix()
    for item in _cases(document):
        if isinstance(item.value, dict) and "name" in item.value and item.value["name"].plain() == name:
            raise _wrong(
                item.value["name"].at, "name-clash", f"a case called {name!r} is there already", "give another --name"
            )
    case, data = _case(path, recording, name, pack)
    told = "".join(_entry(case, data, judge(pack, case)))
    if old:
        text = f"{old.rstrip()}\n\n{_indented(told, _indent(document))}"
    else:
        text = f"schema: 1\n{line}\ntests:\n{_indented(told, 2)}"
    _written(path, old, text, document)
    _checked(path, old, name)
    return name


def _present(path: Path) -> tuple[str, Document | None]:
    """The text of the file and its tree, or nothing where it is yet to be written."""
    if not path.exists():
        return "", None
    suite, problems = load_suite(path)
    if suite is None:
        raise PackError(problems)
    return path.read_text(encoding="utf-8"), compose_file(path, path.as_posix())


def _pack(path: Path, given: str | None, document: Document | None) -> tuple[Pack, str]:
    """The pack that the tests in the file test, and the line that names it in a new file."""
    if document is not None:
        suite, problems = load_suite(path)
        if suite is None:
            raise PackError(problems)
        if given is not None and load_pack(given).id != suite.pack.id:
            message = f"{path.as_posix()} tests pack {suite.pack.id!r}, not {given!r}"
            raise _wrong(Position("--pack"), "contradiction", message, "leave --pack out, or name another file")
        return suite.pack, ""
    if given is None:
        beside = path.parent / (path.name.removesuffix(SUFFIX) + ".yaml")
        if not path.name.endswith(SUFFIX) or not beside.is_file():
            raise _wrong(
                Position(path.as_posix()),
                "unknown-pack",
                "no pack beside this file",
                "say which pack it tests with --pack",
            )
        return load_pack(beside), ""
    pack = load_pack(given)
    is_file = bool(Path(given).suffix) or "/" in given
    named = Path(os.path.relpath(given, path.parent)).as_posix() if is_file else given
    return pack, f"pack: {_scalar(named)}\n"


def _case(path: Path, recording: Recording, name: str, pack: Pack) -> tuple[Case, str]:
    """The case without its expectations, and the lines that bring its data."""
    log = Path(recording.log)
    if not log.is_file():
        raise _wrong(Position(recording.log), "no-file", "no log there", "--record takes the path of a log")
    seen = find_checkpoints(recording.log, pack.checkpoints) or ()
    data, told = _data(path, log, embed=recording.embed)
    case = Case(
        name=name,
        at=Position(path.as_posix()),
        data=data,
        expects=(),
        variant=recording.variant,
        settings=recording.settings,
        checkpoints=tuple(each.name for each in seen),
        now=recording.now,
    )
    return case, told


def _data(path: Path, log: Path, *, embed: bool) -> tuple[Data, str]:
    if not embed:
        return Data(path=str(log)), log_line(Path(os.path.relpath(log, path.parent)).as_posix())
    at = Position(log.as_posix())
    hint = "leave --embed out: the case then names the log"
    if log.stat().st_size > MAX_EMBEDDED:
        raise _wrong(at, "too-large", f"the log has more than {MAX_EMBEDDED >> 10} KiB", hint)
    try:
        text = log.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise _wrong(at, "not-text", "the log is no UTF-8 text", hint) from None
    except OSError as error:
        raise _wrong(
            at, "no-file", f"the log cannot be read: {error.strerror or error}", "give the path of a log"
        ) from None
    if _UNPRINTABLE.search(text):
        raise _wrong(at, "not-text", "the log has control characters, which YAML cannot hold", hint)
    text = text.rstrip("\n") + "\n"
    head = "lines: |2\n" if text.startswith((" ", "\n", "\t")) else "lines: |\n"
    return Data(text=text), head + "".join(f"  {line}\n" if line else "\n" for line in text.split("\n")[:-1])


def _entry(case: Case, data: str, report: Report) -> Iterator[str]:
    """The lines of the case, as they stand in a list."""
    yield f"- name: {_scalar(case.name)}\n"
    yield from (f"  {line}\n" if line else "\n" for line in data.split("\n")[:-1])
    if case.variant is not None:
        yield f"  variant: {_scalar(case.variant)}\n"
    if case.settings:
        pairs = (setting.partition("=") for setting in case.settings)
        yield f"  set: {{{', '.join(f'{name.strip()}: {_setting(value.strip())}' for name, _, value in pairs)}}}\n"
    if case.now is not None:
        yield f"  now: {_scalar(case.now)}\n"
    yield f"  checkpoints: {_scalar(list(case.checkpoints or ()))}\n"
    yield "  expect:\n"
    yield from (f"    {line}\n" for line in _expected(report))


def _setting(value: str) -> str:
    """A setting as YAML reads it back: numbers and words as they are, expressions in quotes."""
    return value if re.fullmatch(r"[\w.+-]+", value) else json.dumps(value, ensure_ascii=False)


def _expected(report: Report) -> Iterator[str]:
    yield f"verdict: {report.verdict}"
    if report.reason:
        yield f"reason: {_scalar(report.reason)}"
    yield "plan:" if report.plan else "plan: []"
    for step in report.plan:
        told: dict[str, object] = {"action": step.action}
        told |= {"target": step.target["checkpoint"]} if step.target else {}
        told |= {"set": {name: rounded(value) for name, value in step.set.items()}} if step.set else {}
        yield f"  - {_scalar(told) if len(told) > 1 else step.action}"
    if report.findings:
        yield "rules:"
    for finding in report.findings:
        onset = finding.onset.row if finding.onset.step is None else rounded(finding.onset.step)
        found: dict[str, object] = {"state": finding.state, "severity": finding.severity, "onset": onset}
        found |= {"series": list(finding.series)} if finding.series else {}
        found |= {"explained_by": finding.explained_by} if finding.explained_by else {}
        yield f"  {finding.rule}: {_scalar(found)}"
    yield from _statuses(report)
    log = to_json(report)["log"]
    assert isinstance(log, Mapping)
    yield f"log: {_scalar({key: log[key] for key in ('rows', 'last_step', 'ended')})}"


def _statuses(report: Report) -> Iterator[str]:
    """The gates with their checklists, and the invariants that were checked."""
    if report.gates:
        yield "gates:"
    for gate in report.gates:
        lines: dict[str, object] = {line.name: line.status for line in gate.requirements}
        told = {"status": gate.status} | ({"requirements": lines} if lines else {})
        yield f"  {_scalar(f'{gate.gate} {gate.series}'.strip())}: {_scalar(told)}"
    checked = {each.invariant: each.status for each in report.invariants if each.rows}
    if checked:
        yield f"invariants: {_scalar(checked)}"


def _scalar(value: object) -> str:
    """A value as YAML on one line."""
    match value:
        case bool() | None:
            return json.dumps(value)
        case int() | float():
            return repr(int(value) if float(value).is_integer() and abs(value) < 1e15 else value)
        case str():
            is_plain = _PLAIN.fullmatch(value) and value.lower() not in _RESERVED
            return value if is_plain else json.dumps(value, ensure_ascii=False)
        case Mapping():
            return f"{{{', '.join(f'{key}: {_scalar(each)}' for key, each in value.items())}}}"
        case Sequence():
            return f"[{', '.join(map(_scalar, value))}]"
        case _:
            raise TypeError(f"no YAML for {value!r}")


def _cases(document: Document | None) -> list[Item]:
    tests = document.root.find(["tests"]).value if document is not None else []
    return tests if isinstance(tests, list) else []


def _indent(document: Document | None) -> int:
    """How far the dashes of the list are indented."""
    cases = _cases(document)
    return cases[0].column - 3 if cases else 2


def _indented(text: str, amount: int) -> str:
    return "".join(f"{' ' * amount}{line}\n" if line else "\n" for line in text.split("\n")[:-1])


def _written(path: Path, old: str, text: str, document: Document | None) -> None:
    """Write the file, if all that it said it still says."""
    if document is not None:
        try:
            plain = compose(text, document.file).plain()
        except PackError:
            plain = None
        before = document.plain()
        assert isinstance(before, dict)
        tests = plain.get("tests") if isinstance(plain, dict) else None
        if not isinstance(plain, dict) or not isinstance(tests, list) or {**plain, "tests": tests[:-1]} != before:
            raise _wrong(
                document.root.at,
                "wrong-order",
                "no case can be added behind the others",
                "put 'tests' last in the file",
            )
    write_whole(path, text)


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all: a disk that is full must not take the cases that are there."""
    target = path.resolve()
    if target.exists():
        with target.open("r+b"):  # where it may not be written, it may not be replaced either
            mode = target.stat().st_mode & 0o777
    else:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    handle, name = tempfile.mkstemp(prefix=".trainrules-", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


_AGAIN = "the same log gives two reports: report this"


def _checked(path: Path, old: str, name: str) -> None:
    """The new case passes; else the file is as it was before."""
    suite, problems = load_suite(path)
    if suite is not None:
        result = next(run_case(suite, case) for case in suite.cases if case.name == name)
        problems = tuple(
            Problem(result.case.at, "contradiction", f"{each.path} is {each.got} again, not {each.expected}", _AGAIN)
            for each in result.differences
        )
    if problems:
        if old:
            write_whole(path, old)
        else:
            path.unlink()
        raise PackError(problems)


def _wrong(at: Position, code: Code, message: str, hint: str) -> PackError:
    return PackError([Problem(at, code, message, hint)])
