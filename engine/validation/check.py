"""Loads, compiles and lints each file, and gathers what is wrong in all of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from ..ancestry import Files
from ..errors import OverrideError, PackError, Position, Problem, did_you_mean
from ..found import PROJECT_FILE
from ..found import Found as Settings
from ..items import Item
from ..kinds import packs_near
from ..lints import lint_pack, lint_tests
from ..load import load_pack, load_partly
from ..overridden import overridden
from ..overrides import Layer, from_item
from ..pack import Pack
from ..packtest.load import load_suite
from ..params import resolve
from ..problems import Problems
from ..record import Record
from ..resolved import Resolved
from ..schema import shaped
from ..settings import FILE
from ..shipped import RULES, path_of, shipped_files
from ..yamlio import MAX_BYTES, compose_file
from . import Note, NotSharedError, Outcome
from .disabled import silenced
from .files import Found, files_in
from .measured import measured
from .pieces import pieces_of, processes_for
from .prepared import Prepared
from .project import project_problems
from .sharing import share


class Head(Record):
    """What other files may ask of a pack: its name, where it and its name stand, and by what it is loaded."""

    id: str
    file: str
    named: Position
    loaded_by: str | Path


class Done(Record):
    """What came of some files by their places among all, besides what DuckDB refuses.

    `given` are the packs in these files, `loaded` all that were needed for them, `looked` the files that have none but
    warnings.
    """

    problems: dict[int, list[Problem]]
    refused: list[Problem]
    given: dict[int, Head]
    loaded: list[tuple[int, Head]]
    looked: set[str]
    notes: list[Note]


class Checker:
    """Validates files; each pack is loaded once, whoever needs it."""

    def __init__(self, pack: str | None, *, prepares: bool = True, alone: bool = True) -> None:
        """`pack` is the one that override files are for; without `prepares`, DuckDB is not asked.

        With `alone`, this process does all by itself; else it may be forked, where that pays.
        """
        self.pack, self.prepares, self.alone = pack, prepares, alone
        self.files = Files(strict=True)
        self.prepared = Prepared()
        self._packs: dict[str, Pack | PackError] = {}
        self._place = 0
        self._given: dict[int, Head] = {}
        self._heads: list[tuple[int, Head]] = []
        self._notes: list[Note] = []
        self._looked: set[str] = set()

    def outcome(self, paths: Iterable[str], *, skip_others: bool = False) -> Outcome:
        """All problems of all files; with `skip_others`, not of those that are none of ours."""
        files, problems = files_in(list(paths), skip_others=skip_others)
        ordered = [each for kind in ("pack", "tests", "overrides") for each in files if each.kind == kind]
        first = [place for place, each in enumerate(ordered) if each.kind != "overrides"]
        # A shipped pack may be among them, which others name as their parent; else its problems name where it is.
        self.files.called = {os.path.realpath(RULES / f"{name}.yaml"): path_of(name) for name in shipped_files()}
        self.files.called |= {os.path.realpath(each.path): shown(each.path) for each in ordered if each.kind == "pack"}
        processes = 1 if self.alone else processes_for(ordered)
        found: dict[int, list[Problem]] = {}
        refused: list[Problem] = []
        for done in [self.done(ordered, first)] if processes < 2 else self._shared(ordered, processes):
            found |= done.problems
            refused += done.refused
            self._looked |= done.looked
        self._notes.sort(key=lambda each: each.file)
        for self._place, each in enumerate(ordered):
            problems += found[self._place] if self._place in found else self._problems(each)
        problems += self._namesakes()
        problems += refused
        names = list(dict.fromkeys([*(shown(each.path) for each in files), *(each.at.file for each in problems)]))
        sources = {name: text for name in names if (text := _text(name)) is not None}
        return Outcome(tuple(files), tuple(self._told(problems, names, sources)), sources, tuple(self._notes))

    def done(self, ordered: Sequence[Found], places: Iterable[int]) -> Done:
        """What comes of the files at some places."""
        problems = {}
        for self._place in places:
            problems[self._place] = list(self._problems(ordered[self._place]))
        return Done(problems, self.prepared.problems(), self._given, self._heads, self._looked, self._notes)

    def _shared(self, ordered: Sequence[Found], processes: int) -> list[Done]:
        """What comes of packs and their tests, as done by several processes at a time.

        Raises NotSharedError where that cannot be told just as one process would tell it.
        """
        pieces = pieces_of(ordered)
        self.prepared = Prepared(at_once=True)

        def work(taken: Iterator[int]) -> Done:
            return self.done(ordered, (place for piece in taken for place in pieces[piece]))

        dones = share(len(pieces), work, processes)
        if {place for done in dones for place in done.problems} != {place for piece in pieces for place in piece}:
            raise NotSharedError("a process failed")
        if any(each.code == "sql-refused" for done in dones for each in done.refused):
            raise NotSharedError("what packs have in common is told once")
        self._given = {place: head for done in dones for place, head in done.given.items()}
        self._notes = [note for done in dones for note in done.notes]
        self._heads = sorted((each for done in dones for each in done.loaded), key=lambda each: each[0])
        return dones

    def _told(self, problems: list[Problem], names: list[str], sources: dict[str, str]) -> Iterator[Problem]:
        by_file: dict[str, dict[tuple[Position, str, str], Problem]] = {name: {} for name in names}
        for each in problems:
            by_file[each.at.file].setdefault((Position(*each.at), each.code, each.message), each)
        for name, found in by_file.items():
            mine = silenced(list(found.values()), name, sources.get(name, ""), looked=name in self._looked)
            yield from sorted(measured(mine, sources), key=lambda each: (each.at, each.message))

    def _problems(self, found: Found) -> Iterator[Problem]:
        match found.kind:
            case "pack":
                yield from self._of_pack(found.path)
            case "tests":
                without = partial(self._unnamed, found.path)
                suite, problems = load_suite(found.path, self._loaded, self._known, rows=False, without=without)
                yield from problems
                if suite is not None:
                    self._looked.add(shown(found.path))
                    yield from lint_tests(suite)
            case "overrides":
                is_project = Path(found.path).name == PROJECT_FILE
                yield from (self._of_project if is_project else self._of_overrides)(Path(found.path))

    def _of_pack(self, path: str) -> Iterator[Problem]:
        try:
            pack = self._loaded(Path(path))
        except PackError as error:
            yield from error.problems
            yield from self._of_the_rest(path, error.problems)
            return
        self._looked.add(pack.at.file)
        self._given[self._place] = _head(pack, Path(path))
        yield from self._remarks(pack)

    def _namesakes(self) -> Iterator[Problem]:
        """Packs with the name of another one that is validated along with them."""
        first: dict[str, Head] = {}
        for _, pack in sorted(self._given.items()):
            other = first.setdefault(pack.id, pack)
            if not os.path.samefile(other.file, pack.file):
                told = f"{other.file} is pack {pack.id!r} too"
                hint = "give one another name; an override file for that name is held against the one in its folder, "
                hint += f"else against {other.file}"
                yield Problem(pack.named, "duplicate-pack", told, hint, severity="warning")

    def _of_the_rest(self, path: str, problems: Sequence[Problem]) -> Iterator[Problem]:
        """What is wrong with a pack besides what keeps it from being loaded."""
        from .sound import sound_part

        try:
            attempt = load_partly(Path(path), self.files)
        except PackError:
            return
        if not attempt.whole:
            told = "names that it may inherit were not checked: its parent cannot be used"
            self._notes.append(Note(shown(path), told, "mend what is said of 'extends'"))
        sound = sound_part(attempt)
        if sound is not None:
            places = {each.at for each in problems}
            sources = {file: text for file in {shown(path), *(at.file for at in places)} if (text := _text(file))}
            for each in self._remarks(sound.pack):
                if each.at not in places and sound.keeps(each, sources):
                    yield each

    def _remarks(self, pack: Pack) -> Iterator[Problem]:
        """What is wrong with a pack that is loaded: in a variant, by the lints, and, later, by DuckDB."""
        variants, refused = _variants(pack)
        if self.prepares and variants:
            self.prepared.add(pack, variants)
        remarks = lint_pack(pack)
        yield from remarks
        told = {_of_param(each) for each in remarks}
        yield from (each for each in refused if _of_param(each) not in told)

    def _of_overrides(self, path: Path) -> Iterator[Problem]:
        try:
            document = compose_file(path, path.as_posix())
        except PackError as error:
            yield from error.problems
            return
        shape = shaped(document, "overrides")
        yield from shape
        problems = Problems(shape)
        layer = from_item(document.root, path.name, FILE, None, problems)
        yield from problems.found[len(shape) :]
        try:
            pack = load_pack(self.pack) if self.pack is not None else None
            if pack is None and layer.pack is not None:
                pack = self._target(layer.pack, path.parent)
        except PackError as error:
            yield from error.problems
            name = self.pack if self.pack is not None or layer.pack is None else str(layer.pack.value)
            self._unchecked(path, layer, f"pack {name!r} cannot be used", "mend it, or name another one")
            return
        if pack is None:
            hint = "write 'pack: NAME' at its top, or give --pack NAME"
            self._unchecked(path, layer, "no pack is named", hint)
            return
        known = {each.at for each in problems.found}
        held = Problems()
        overridden(pack, held, None, [Settings(path.as_posix(), FILE, document.root)], (), (), {})
        yield from (each for each in sorted(set(held.found)) if each.at not in known)

    def _of_project(self, path: Path) -> Iterator[Problem]:
        problems = Problems()
        try:
            named = load_pack(self.pack) if self.pack is not None else None
        except PackError as error:
            problems.extend(error.problems)
            named = None
        layer = project_problems(path, named, lambda given: self._target(given, path.parent), problems)
        yield from dict.fromkeys(problems.found)
        if layer is not None:
            self._unchecked(path, layer, "no pack is named", "give --pack NAME")

    def _unnamed(self, path: str, pack: str) -> None:
        """Note that the names in a file of tests were held against nothing."""
        told = f"names were not checked: pack {pack!r} cannot be used"
        self._notes.append(Note(shown(path), told, "mend it, or name another one"))

    def _unchecked(self, path: Path, layer: Layer, why: str, hint: str) -> None:
        """Note that the names in an override file were held against nothing."""
        if layer.params or layer.severities or layer.enabled:
            self._notes.append(Note(path.as_posix(), f"names were not checked: {why}", hint))

    def _target(self, given: Item, folder: Path) -> Pack:
        """The pack that settings say they are for: one validated along with them, a shipped one, one nearby.

        Of several that are validated under that name, the one in the file's own folder is meant, else the first.

        Raises PackError where there is none of that name.
        """
        name = str(given.value)
        known: dict[str, Head] = {}
        for _, each in self._heads:
            if each.id == name and Path(each.file).parent == folder:
                return self._loaded(each.loaded_by)
            known.setdefault(each.id, each)
        if name in known:
            return self._loaded(known[name].loaded_by)
        if name in shipped_files():
            return self._loaded(name)
        nearby = packs_near(folder)
        if name in nearby:
            return self._loaded(Path(nearby[name]))
        hint = did_you_mean(name, list(dict.fromkeys([*known, *nearby, *shipped_files()])))
        hint = hint or "give --pack FILE, or validate the pack's file along with this one"
        raise PackError([Problem(given.at, "unknown-pack", f"no pack is called {name!r}", hint)])

    def _loaded(self, name: str | Path) -> Pack:
        """The pack of a name or in a file, which override files may be for from now on."""
        pack = self._known(name)
        head = _head(pack, name)
        if all(head != other for _, other in self._heads):
            self._heads.append((self._place, head))
        return pack

    def _known(self, name: str | Path) -> Pack:
        """The pack of a name or in a file, loaded once."""
        is_shipped = isinstance(name, str) and name in shipped_files()
        key = os.path.realpath(RULES / f"{name}.yaml" if is_shipped else name)
        if key not in self._packs:
            try:
                called = self.files.called.get(key)
                self._packs[key] = load_pack(name if called is None else Path(called), files=self.files)
            except PackError as error:
                self._packs[key] = error
        known = self._packs[key]
        if isinstance(known, PackError):
            raise known
        return known


def _head(pack: Pack, loaded_by: str | Path) -> Head:
    return Head(pack.id, pack.at.file, pack.tree.value["pack"].at, loaded_by)


def _variants(pack: Pack) -> tuple[list[Resolved], list[Problem]]:
    """A pack as it is by default and in each of its variants, and what is wrong with those in which it cannot be."""
    variants: list[Resolved] = []
    refused: list[Problem] = []
    for variant in (None, *pack.variants):
        try:
            variants.append(resolve(pack, variant=variant, isolated=True))
        except OverrideError as error:
            refused += error.problems
    return variants, refused


def shown(path: str) -> str:
    """What a file is called in the places of its problems."""
    return Path(path).as_posix()


def _of_param(problem: Problem) -> tuple[str, str]:
    """What is told of which param: a lint says the same of a variant as its refusal, at a better place."""
    named = re.search(r"param '([^']*)'", problem.message)
    return problem.code, named[1] if named else str(problem.at)


def _text(path: str) -> str | None:
    try:
        if not os.path.isfile(path):  # a pipe would keep one waiting
            return None
        with open(path, "rb") as stream:  # of a file that is refused as too large, its beginning
            text = stream.read(MAX_BYTES).decode("utf-8-sig", "replace")
        return text.replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, ValueError):
        return None
