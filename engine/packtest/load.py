"""A file of pack tests → a `Suite`, or every problem of the file at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from ..ancestry import is_log
from ..codes import UNKNOWN
from ..errors import OverrideError, PackError, Position, Problem, did_you_mean, some_of
from ..fields import Fields, kind
from ..filenames import SUFFIXES, file_meant
from ..items import Document, Item
from ..pack import Pack
from ..pack_gates import Gate
from ..params import resolve
from ..problems import Problems
from ..schema import shape_problems
from ..shelf import load_pack
from ..yamlio import compose_file
from .data import Written, check_data, read_data
from .model import Case, Data, Expected, Suite
from .names import Names
from .own import own_of

SUFFIX = ".test.yaml"
"""How the name of a file of pack tests ends; the pack beside it has the same name without `.test`."""

Loader: TypeAlias = Callable[[str | Path], Pack]

LISTED = ("rules", "gates", "stages", "invariants")
"""The parts of a report of which a case names single things."""


def load_suite(
    path: str | Path,
    load: Loader = load_pack,
    parents: Loader | None = None,
    *,
    rows: bool = True,
    without: Callable[[str], None] | None = None,
) -> tuple[Suite | None, tuple[Problem, ...]]:
    """The tests in a file, or None and all that is wrong with it.

    `load` loads the pack that it tests, `parents`, where that is another, what that one extends.

    Without `rows` the data of the cases are checked and not made: their rows are missing. `without` is called with the
    name of the pack where that cannot be used, so that names are held against nothing.
    """
    file = Path(path).as_posix()
    try:
        document = compose_file(Path(path), file)
    except PackError as error:
        return None, (_a_log(file),) if is_log(Path(path)) else error.problems
    if Path(path).suffix not in SUFFIXES and is_log(Path(path)):
        return None, (_a_log(file),)
    no_tests = _no_tests(document)
    if no_tests:
        return None, (no_tests,)
    problems = Problems([*_of_text(document), *shape_problems(document, "test")])
    fields = Fields(document.root, problems, "a file of tests")
    try:
        pack = _pack(fields, Path(path), load)
    except PackError as error:
        _check_cases(fields, Path(path), problems)
        if without is not None:
            without(fields.text("pack") or _beside(Path(path)).name)
        return None, tuple(dict.fromkeys([*sorted(problems.found), *error.problems]))
    names = Names(pack, {name: _name(item) for name, item in fields.mapping("names").items()})
    tried = _Tried(pack, problems)
    cases: list[Case] = []
    written = _Written(Path(path))
    for item in fields.list("tests"):
        case = _case(Fields(item, problems, "a case"), names, Path(path).parent, tried, written, rows)
        _named_apart(case.name, case.at, {other.name for other in cases}, problems)
        cases.append(case)
    found = tuple(dict.fromkeys(sorted(problems.found)))
    if found:
        return None, found
    return Suite(file, pack, own_of(pack, parents), tuple(cases), fields.items["tests"].key_at), ()


def _check_cases(fields: Fields, path: Path, problems: Problems) -> None:
    """Note what is wrong with the cases of a file whatever pack it tests, which cannot be used."""
    names: set[str] = set()
    written = _Written(path)
    for item in fields.list("tests"):
        case = Fields(item, problems, "a case")
        if isinstance(item.value, dict):
            _override_files(case, path.parent, problems)
            check_data(case, path.parent, problems, written)
            _time(case, problems)
        _named_apart(case.text("name"), _place_of(case), names, problems)
        names.add(case.text("name"))


def _named_apart(name: str, at: Position, others: Container[str], problems: Problems) -> None:
    if name and name in others:
        problems.add(at, "name-clash", f"two cases are called {name!r}", "name them apart")


def _place_of(case: Fields) -> Position:
    return case.items["name"].at if "name" in case.items else case.item.at


def _beside(path: Path) -> Path:
    """The pack that a file of tests is for which names none."""
    return path.parent / (path.name.removesuffix(SUFFIX) + ".yaml")


def _override_files(case: Fields, folder: Path, problems: Problems) -> list[Path]:
    """The override files of a case that are there; the others are noted."""
    files: list[Path] = []
    for item in case.entries("overrides"):
        file = folder / str(item.value)
        if file.is_file():
            files.append(file)
        else:
            hint = file_meant(file, str(item.value)) or "give a path relative to this file"
            problems.add(item.at, "no-file", f"no override file {item.value!r}", hint)
    return files


def _a_log(file: str) -> Problem:
    return Problem(
        Position(file, 1, 1), "wrong-file", "this is a log, not a file of tests", f"'rules eval {file}' judges it"
    )


def _no_tests(document: Document) -> Problem | None:
    """Why the file is no file of tests at all."""
    root = document.root
    if not isinstance(root.value, dict):
        return Problem(root.at, "wrong-file", "a file of tests is a mapping of keys", "begin it with 'schema: 1'")
    if "tests" not in root.value and "rules" in root.value:
        name = Path(document.file).with_suffix("").name + SUFFIX
        return Problem(root.at, "wrong-file", "this is a pack, not a file of tests", f"its tests are in {name}")
    return None


def _of_text(document: Document) -> Iterator[Problem]:
    """The problems of a file's text; of a series that commas have cut, what is written instead."""
    cut: dict[Position, str] = {}
    tests = document.root.value.get("tests") if isinstance(document.root.value, dict) else None
    for case in tests.value if tests is not None and isinstance(tests.value, list) else ():
        series = case.value.get("series") if isinstance(case.value, dict) else None
        if series is not None and isinstance(series.value, dict):
            cut |= {item.at: str(item.value).replace(",", "") for item in series.value.values()}
    for problem in document.problems:
        if problem.code == "unquoted-comma" and problem.at in cut:
            hint = f"write '{cut[problem.at]}': blanks part the values of a series"
            problem = problem._replace(hint=hint)
        yield problem


class _Written:
    """Gives the text of a bare value as it stands in the file: `0x50`, a number to YAML, is fifty zeros in a series."""

    def __init__(self, path: Path) -> None:
        self.lines = path.read_text(encoding="utf-8-sig").splitlines()

    def __call__(self, item: Item) -> str:
        if isinstance(item.value, int) and not isinstance(item.value, bool):
            found = re.match(r"[-+]?0[xo]\w+", self.lines[item.line - 1][item.column - 1 :])
            if found:
                return found[0]
        return str(item.value).lower() if isinstance(item.value, (bool, float)) else str(item.value)


def _name(item: Item) -> str | None:
    return None if item.value is None else str(item.value)


def _pack(fields: Fields, path: Path, load: Loader) -> Pack:
    given, at = fields.text("pack"), fields.place("pack")
    name: str | Path
    if given and not Path(given).suffix and "/" not in given:
        name = given
    elif given:
        name = path.parent / given
        if not name.is_file():
            raise PackError([Problem(at, "unknown-pack", f"no pack {given!r}", "give a path relative to this file")])
    else:
        name = _beside(path)
        if not path.name.endswith(SUFFIX):
            raise PackError(
                [Problem(fields.item.at, "missing-key", "the file does not say which pack it tests", "give it 'pack:'")]
            )
        if not name.is_file():
            message = f"no pack {name.name!r} beside this file"
            raise PackError(
                [Problem(fields.item.at, "unknown-pack", message, "name the pack that is tested, as in 'pack: kto'")]
            )
    try:
        return load(name)
    except PackError as error:
        if isinstance(name, str) and error.position.file == "--pack":
            raise PackError([each._replace(at=at) for each in error.problems]) from None
        raise


def _case(fields: Fields, names: Names, folder: Path, tried: _Tried, written: Written, rows: bool) -> Case:
    pack, problems = names.pack, tried.problems
    variant = fields.optional_text("variant")
    settings = tuple(_settings(fields, variant, tried))
    files = _override_files(fields, folder, problems)
    for file in files:
        tried.settings(None, files=[file])
    data = read_data(fields, names, folder, problems, written, rows) if isinstance(fields.item.value, dict) else Data()
    has_checkpoints = fields.has("checkpoints")
    return Case(
        name=fields.text("name"),
        at=_place_of(fields),
        data=data,
        expects=tuple(_expected(fields, pack, problems)),
        variant=variant,
        settings=settings,
        override_files=tuple(str(file) for file in files),
        checkpoints=fields.texts("checkpoints") if has_checkpoints else None if data.path is not None else (),
        now=_time(fields, problems),
        source=fields.text("source"),
    )


def _settings(fields: Fields, variant: str | None, tried: _Tried) -> Iterator[str]:
    """The settings of a case as `--set` takes them, each held against the pack at its own place."""
    tried.variant(variant, fields.items.get("variant"))
    for name, item in fields.mapping("set").items():
        value = item.value
        if isinstance(value, (list, dict)):
            continue
        text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        setting = f"{name}={text}"
        tried.settings(item, settings=[setting])
        yield setting


class _Tried:
    """Holds what cases set against the pack, and notes what does not fit; what several say alike is tried once."""

    def __init__(self, pack: Pack, problems: Problems) -> None:
        self.pack, self.problems = pack, problems
        self.variants: dict[str | None, Sequence[Problem]] = {}

    def variant(self, name: str | None, item: Item | None) -> None:
        if name not in self.variants:
            self.variants[name] = self.refused(variant=name)
        self.note(self.variants[name], item)

    def settings(self, item: Item | None, *, files: Sequence[Path] = (), settings: Sequence[str] = ()) -> None:
        self.note(self.refused(files=files, settings=settings), item)

    def refused(
        self, variant: str | None = None, files: Sequence[Path] = (), settings: Sequence[str] = ()
    ) -> Sequence[Problem]:
        try:
            resolve(self.pack, variant=variant, files=files, settings=settings, isolated=True)
        except OverrideError as error:
            return error.problems
        return ()

    def note(self, refused: Sequence[Problem], item: Item | None) -> None:
        """Add problems; those of a case's own values at their place in the case."""
        for problem in refused:
            if item is not None:
                at = item.key_at if problem.code == "unknown-param" else item.at
                problem = problem._replace(at=at, width=0)
            self.problems.extend([problem])


def _time(fields: Fields, problems: Problems) -> float | None:
    """Seconds since 1970, from a number or an ISO 8601 time; without a zone it is UTC."""
    item = fields.items.get("now")
    if item is None or item.value is None or isinstance(item.value, (int, float)):
        return fields.number("now")
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(str(item.value).strip())
    except ValueError:
        problems.add(
            item.at, "bad-time", f"{item.value!r} is not a time", "write 2026-01-31T12:00:00Z or seconds since 1970"
        )
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _expected(fields: Fields, pack: Pack, problems: Problems) -> Iterator[Expected]:
    """What a case expects, one by one, every name in it held against the pack."""
    if "expect" not in fields.items:
        return
    expect = fields.items["expect"]
    for key, item in expect.value.items() if isinstance(expect.value, dict) else ():
        if key in LISTED:
            for id, thing in item.value.items() if isinstance(item.value, dict) else ():
                yield from _things(key, id, thing, pack, problems)
        elif key == "log":
            for fact, value in item.value.items() if isinstance(item.value, dict) else ():
                yield Expected((key, fact), value.plain(), value.at)
        else:
            if key in ("plan", "set_aside"):
                _known_actions(item, pack, problems)
            yield Expected((key,), item.plain(), item.at)


def _things(section: str, id: str, item: Item, pack: Pack, problems: Problems) -> Iterator[Expected]:
    known: Mapping[str, object] = getattr(pack, section)
    if section == "rules":
        known = {**known, **pack.invariants, **pack.gates}
    name = id.partition(" ")[0] if section == "gates" else id  # a gate may be followed by its series
    if name not in known:
        noun = section.removesuffix("s")
        more = some_of(list(known)) or f"pack {pack.id!r} has no {section}"
        hint = did_you_mean(id, list(known)) or f"{more}; mend the name, or take it out"
        problems.add(item.key_at, UNKNOWN[noun], f"unknown {noun} {id!r}", hint)
        return
    if section == "stages":
        for metric, median in item.value.items() if isinstance(item.value, dict) else ():
            if metric not in pack.stages[id].expect:
                told = f"stage {id!r} expects nothing of {metric!r}"
                expected = list(pack.stages[id].expect)
                hint = did_you_mean(metric, expected) or f"{some_of(expected) or 'it expects nothing'}; take it out"
                problems.add(median.key_at, "unknown-metric", told, hint)
            yield from _fields_of((section, id, metric), median, "within")
    else:
        if section == "gates":
            _known_requirements(item, pack.gates[name], problems)
        yield from _fields_of((section, id), item, "state" if section == "rules" else "status")


def _known_requirements(item: Item, gate: Gate, problems: Problems) -> None:
    requirements = item.value.get("requirements") if isinstance(item.value, dict) else None
    for name, requirement in (
        requirements.value.items() if requirements and isinstance(requirements.value, dict) else ()
    ):
        if name not in gate.require:
            hint = did_you_mean(name, list(gate.require)) or f"the gate requires {', '.join(gate.require)}"
            problems.add(requirement.key_at, "unknown-requirement", f"unknown requirement {name!r}", hint)


def _fields_of(path: tuple[str, ...], item: Item, short: str) -> Iterator[Expected]:
    """The fields that are expected of a thing; a bare value is that of its field `short`."""
    if not isinstance(item.value, dict):
        yield Expected((*path, short), item.plain(), item.at)
        return
    for key, value in item.value.items():
        if key == "requirements" and isinstance(value.value, dict):
            for name, requirement in value.value.items():
                yield from _fields_of((*path, key, name), requirement, "status")
        else:
            yield Expected((*path, key), value.plain(), value.at)


def _known_actions(item: Item, pack: Pack, problems: Problems) -> None:
    known = dict.fromkeys(pack.actions) | dict.fromkeys(
        name for rule in pack.rules.values() for level in rule.levels for name in level.actions
    )
    for entry in item.value if isinstance(item.value, list) else ():
        action = entry.value.get("action", entry) if isinstance(entry.value, dict) else entry
        if isinstance(action.value, str) and action.value not in known:
            hint = (
                did_you_mean(action.value, list(known))
                or some_of(list(known))
                or "the pack has no actions: take it out"
            )
            problems.add(action.at, "unknown-action", f"unknown action {kind(action).removeprefix('the text ')}", hint)
