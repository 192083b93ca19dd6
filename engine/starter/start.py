"""A log → the two files of a new pack, tried before they are written: the pack is valid, its tests pass."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import LogError, OverrideError, PackError, Position, Problem, did_you_mean
from ..lints import lint_pack
from ..load import load_pack
from ..pack import Pack
from ..packtest.record import Recording, case_of, log_line, write_whole
from ..packtest.run import run_tests
from ..readers.inventory import Inventory, inventory
from ..readers.model import Wanted, WantedMetric
from ..record import Record
from ..render.overridefile import write_new
from ..schema import SCHEMAS
from ..shipped import shipped_files
from .casetext import head_text, made_up
from .outline import Outline, outline
from .packtext import Names, pack_text
from .rules import judgements
from .scalars import quoted

LONGEST_NAME = 60
OF_LOG = "the log that this pack was started from"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*").fullmatch


class Wish(Record):
    """What the user asks for: the pack's name, the log ("-": standard input), where to write, and how."""

    name: str
    log: str
    into: str = "."
    parent: str = "common"
    force: bool = False
    embed: bool = False
    schemas: bool = True


class Tried(Record):
    """The texts of the two files, found valid and passing; `note` says why the log is not among the cases."""

    pack: str
    test: str
    cases: int
    note: str = ""
    dropped: int = 0  # made-up runs of which the parent's rules say more


class Started(Record):
    """What was written, and what was found out about the log."""

    files: tuple[str, ...]
    content: Outline
    rows: int
    rules: tuple[str, ...]
    tried: Tried


def start(wish: Wish) -> Started:
    """Write the files; raises PackError with every reason why they cannot be, LogError where the log cannot be read."""
    parent = _parent(wish)
    folder = Path(wish.into)
    targets = [folder / f"{wish.name}{suffix}" for suffix in (".yaml", ".test.yaml")]
    _check(wish, folder, targets)
    with _at_hand(wish.log) as log:
        try:
            found = _found(log, parent)
            content = _content(log, found, parent)
            tried = _tried(wish, log, content, found, targets)
        except LogError as error:
            raise _renamed(error, log, wish.log) from None
    texts = {targets[0]: tried.pack, targets[1]: tried.test}
    for name in ("pack.schema.json", "test.schema.json") if wish.schemas else ():
        texts[folder / name] = (SCHEMAS / name).read_text(encoding="utf-8")
    kept = [path for path in texts if path not in targets and path.exists() and not wish.force]
    texts = {path: text for path, text in texts.items() if path not in kept}
    _write(texts, force=wish.force)
    rules = tuple(each.id for each in judgements(content))
    return Started(tuple(path.as_posix() for path in texts), content, found.rows, rules, tried)


def _parent(wish: Wish) -> Pack:
    if wish.parent not in shipped_files():
        hint = did_you_mean(wish.parent, shipped_files()) or f"shipped packs are {', '.join(shipped_files())}"
        raise PackError([Problem(Position("--extends"), "unknown-pack", f"unknown pack {wish.parent!r}", hint)])
    return load_pack(wish.parent)


def _check(wish: Wish, folder: Path, targets: list[Path]) -> None:
    problems = []
    name = wish.name
    if not _NAME(name):
        problems.append(
            Problem(
                Position("NAME"),
                "bad-name",
                f"{name!r} is not a name",
                "begin with a letter, then letters, digits and '_'",
            )
        )
    elif len(name) > LONGEST_NAME:
        problems.append(
            Problem(
                Position("NAME"),
                "bad-name",
                f"a name has at most {LONGEST_NAME} characters, this one {len(name)}",
                "choose a shorter one",
            )
        )
    elif name.lower() in shipped_files():
        hint = f"choose another name; to build on that pack, add --extends {name.lower()}"
        problems.append(
            Problem(Position("NAME"), "name-clash", f"{name!r} is the name of a pack that comes with the tool", hint)
        )
    else:
        there = [path.as_posix() for path in targets if os.path.lexists(path)]
        if there and not wish.force:
            told = f"{there[0]} exists already" if len(there) == 1 else f"{' and '.join(there)} exist already"
            problems.append(
                Problem(Position("NAME"), "name-clash", told, "choose another name, or replace them with --force")
            )
        problems += [
            Problem(Position(path.as_posix()), "no-file", "this is a folder", "choose another name")
            for path in targets
            if path.is_dir()
        ]
    if folder.exists() and not folder.is_dir():
        problems.append(Problem(Position("--into"), "no-file", f"{wish.into!r} is not a folder", "name a folder"))
    if problems:
        raise PackError(problems)


@contextmanager
def _at_hand(log: str) -> Iterator[str]:
    """Yield the path of a log; standard input is copied, as it is read more than once."""
    if log != "-":
        yield log
        return
    handle, name = tempfile.mkstemp(prefix="trainrules-", suffix=".log")
    try:
        with os.fdopen(handle, "wb") as out:
            shutil.copyfileobj(sys.stdin.buffer, out)
        yield name
    finally:
        with suppress(OSError):
            os.unlink(name)


def _renamed(error: LogError, path: str, shown: str) -> LogError:
    """The same error about the log as the user named it."""
    return error if path == shown else LogError(error.message, path=shown, line=error.position.line, hint=error.hint)


def _found(log: str, parent: Pack) -> Inventory:
    """The keys of a log, as a pack that extends `parent` will read it."""
    metrics = [WantedMetric(metric.id, metric.keys, metric.type) for metric in parent.metrics.values() if metric.keys]
    formats = tuple(parent.formats.values())
    found = inventory(log, Wanted(parent.clock, tuple(metrics), summary=parent.summary, formats=formats))
    if not any(key.rows for key in found.keys):
        raise LogError("no line of this log has a value", path=log, hint="name the log that has the metrics")
    return found


def _content(log: str, found: Inventory, parent: Pack) -> Outline:
    content = outline(found, parent)
    if content.primary is None and not any(each.is_inherited for each in content.known):
        raise LogError("this log has no number to judge a run by", path=log, hint="name the log that has the metrics")
    return content


def _tried(wish: Wish, log: str, content: Outline, found: Inventory, targets: Sequence[Path]) -> Tried:
    """The texts of the pack and of its tests, tried where nothing else is."""
    names = Names(
        wish.name,
        quoted(Path(wish.log).name) if wish.log != "-" else "standard input",
        f"rules init {wish.name} …",
        found.rows,
        "pack.schema.json" if wish.schemas else None,
    )
    pack = pack_text(content, names)
    test = names._replace(schema="test.schema.json" if wish.schemas else None)
    with tempfile.TemporaryDirectory(prefix="trainrules-") as name:
        folder = Path(name).resolve()
        trial = folder / targets[1].name
        trial.with_name(targets[0].name).write_text(pack, encoding="utf-8", newline="\n")
        loaded = load_pack(trial.with_name(targets[0].name), strict=True)
        if remarks := lint_pack(loaded):
            raise PackError(remarks)
        cases, note = [*made_up(content)], ""
        try:
            cases.append(_of_log(wish, log, loaded, trial))
        except (OverrideError, PackError) as error:
            note = error.problems[0].message
        passing = _passing(cases, trial, test) if cases else []
        if not passing:
            raise PackError([Problem(Position(wish.log), "no-value", "no test can be made of this log", note)])
    here, there = (log_line(_near(log, place)) for place in (folder, targets[1].parent))
    told = [case.replace(f"\n  {here}", f"\n  {there}", 1) for case in passing]
    return Tried(pack, _test_text(test, told), len(passing), note, len(cases) - len(passing))


def _of_log(wish: Wish, log: str, pack: Pack, target: Path) -> str:
    """The case that expects what the new pack says of the log today."""
    embed = wish.embed or wish.log == "-"
    return case_of(target, Recording(log, OF_LOG, embed=embed), pack)


def _near(log: str, folder: Path) -> str:
    """The path of a log as seen from a folder, wherever links lead."""
    where, name = os.path.split(os.path.abspath(log))
    return Path(os.path.relpath(os.path.join(os.path.realpath(where), name), os.path.realpath(folder))).as_posix()


def _passing(cases: Sequence[str], trial: Path, names: Names) -> list[str]:
    """The cases that pass: the rules of a parent may say more of a made-up run than is known here."""
    trial.write_text(_test_text(names, cases), encoding="utf-8", newline="\n")
    outcome = run_tests([str(trial)])
    if outcome.problems:
        raise PackError(outcome.problems)
    ((_, results),) = outcome.results
    return [case for case, result in zip(cases, results, strict=True) if result.passed]


def _test_text(names: Names, cases: Sequence[str]) -> str:
    entries = ("".join(f"  {line}\n" if line else "\n" for line in case.split("\n")[:-1]) for case in cases)
    return "".join(f"{line}\n" for line in head_text(names)) + "\n".join(entries)


def _write(texts: Mapping[Path, str], *, force: bool) -> None:
    """Write all files or none; an OSError is a problem."""
    done: list[Path] = []
    path = next(iter(texts))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            if force:
                write_whole(path, text)
            else:
                write_new(str(path), text)
                done.append(path)
    except OSError as error:
        for each in done:
            with suppress(OSError):
                each.unlink()
        message = "exists already" if isinstance(error, FileExistsError) else f"cannot be written: {error.strerror}"
        hint = "choose another name, or another folder with --into"
        raise PackError([Problem(Position(path.as_posix()), "no-file", message, hint)]) from None
