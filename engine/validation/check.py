"""Loads, compiles and lints each file, and gathers what is wrong in all of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..ancestry import Files
from ..errors import OverrideError, PackError, Position, Problem, did_you_mean
from ..fields import Problems
from ..items import Item
from ..kinds import packs_in
from ..lints import lint_pack, lint_tests
from ..load import load_pack, load_partly
from ..overrides import Layer, from_item
from ..pack import Pack
from ..packtest.load import load_suite
from ..params import resolve
from ..schema import shape_problems
from ..settings import FILE
from ..shipped import RULES, shipped_files
from ..yamlio import MAX_BYTES, compose_file
from . import Note, Outcome
from .disabled import silenced
from .files import Found, files_in
from .measured import measured
from .prepared import Prepared


class Checker:
    """Validates files; each pack is loaded once, whoever needs it."""

    def __init__(self, pack: str | None, *, prepares: bool = True) -> None:
        """`pack` is the one that override files are for; without `prepares`, DuckDB is not asked."""
        self.pack, self.prepares = pack, prepares
        self.files = Files(strict=True)
        self.prepared = Prepared()
        self._packs: dict[str, Pack | PackError] = {}
        self._given: list[Pack] = []
        self._notes: list[Note] = []
        self._looked: set[str] = set()

    def outcome(self, paths: Iterable[str], *, skip_others: bool = False) -> Outcome:
        """All problems of all files; with `skip_others`, not of those that are none of ours."""
        files, problems = files_in(list(paths), skip_others=skip_others)
        for kind in ("pack", "tests", "overrides"):
            for each in files:
                if each.kind == kind:
                    problems += self._problems(each)
        problems += self._namesakes()
        problems += self.prepared.problems()
        names = list(dict.fromkeys([*(shown(each.path) for each in files), *(each.at.file for each in problems)]))
        sources = {name: text for name in names if (text := _text(name)) is not None}
        return Outcome(tuple(files), tuple(self._told(problems, names, sources)), sources, tuple(self._notes))

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
                suite, problems = load_suite(found.path, self._loaded, rows=False)
                yield from problems
                if suite is not None:
                    self._looked.add(shown(found.path))
                    yield from lint_tests(suite)
            case "overrides":
                yield from self._of_overrides(Path(found.path))

    def _of_pack(self, path: str) -> Iterator[Problem]:
        try:
            pack = self._loaded(Path(path))
        except PackError as error:
            yield from error.problems
            yield from self._of_the_rest(path, error.problems)
            return
        self._looked.add(pack.at.file)
        self._given.append(pack)
        yield from self._remarks(pack)

    def _namesakes(self) -> Iterator[Problem]:
        """Packs with the name of another one that is validated along with them."""
        first: dict[str, Pack] = {}
        for pack in self._given:
            other = first.setdefault(pack.id, pack)
            if not os.path.samefile(other.at.file, pack.at.file):
                told = f"{other.at.file} is pack {pack.id!r} too"
                hint = "give one another name; an override file for that name is held against the one in its folder, "
                hint += f"else against {other.at.file}"
                yield Problem(pack.tree.value["pack"].at, "duplicate-pack", told, hint, severity="warning")

    def _of_the_rest(self, path: str, problems: Sequence[Problem]) -> Iterator[Problem]:
        """What is wrong with a pack besides what keeps it from being loaded."""
        from .sound import sound_part

        try:
            sound = sound_part(load_partly(Path(path), self.files))
        except PackError:
            return
        if sound is not None:
            told = {each.at for each in problems}
            sources = {file: text for file in {shown(path), *(at.file for at in told)} if (text := _text(file))}
            for each in self._remarks(sound.pack):
                if each.at not in told and sound.keeps(each, sources):
                    yield each

    def _remarks(self, pack: Pack) -> Iterator[Problem]:
        """What is wrong with a pack that is loaded: in a variant, by the lints, and, later, by DuckDB."""
        refused: list[Problem] = []
        variants = []
        for variant in (None, *pack.variants):
            try:
                variants.append(resolve(pack, variant=variant, isolated=True))
            except OverrideError as error:
                refused += error.problems
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
        shape = [*document.problems, *shape_problems(document, "overrides")]
        yield from shape
        problems = Problems(shape)
        layer = from_item(document.root, path.name, FILE, None, problems)
        yield from problems.found[len(shape) :]
        try:
            pack = load_pack(self.pack) if self.pack is not None else self._target(layer.pack, path.parent)
        except PackError as error:
            yield from error.problems
            name = self.pack if self.pack is not None or layer.pack is None else str(layer.pack.value)
            self._unchecked(path, layer, f"pack {name!r} cannot be used", "mend it, or name another one")
            return
        if pack is None:
            hint = "write 'pack: NAME' at its top, or give --pack NAME"
            self._unchecked(path, layer, "no pack is named", hint)
            return
        try:
            resolve(pack, files=[path], isolated=True)
        except OverrideError as error:
            known = {each.at for each in problems.found}
            yield from (each for each in error.problems if each.at not in known)

    def _unchecked(self, path: Path, layer: Layer, why: str, hint: str) -> None:
        """Note that the names in an override file were held against nothing."""
        if layer.params or layer.severities or layer.enabled:
            self._notes.append(Note(path.as_posix(), f"names were not checked: {why}", hint))

    def _target(self, given: Item | None, folder: Path) -> Pack | None:
        """The pack that an override file says it is for: one validated along with it, a shipped one, one nearby.

        Of several that are validated under that name, the one in the file's own folder is meant, else the first.

        Raises PackError where there is none of that name.
        """
        if given is None:
            return None
        name = str(given.value)
        known: dict[str, Pack] = {}
        for each in self._packs.values():
            if isinstance(each, Pack):
                if each.id == name and Path(each.at.file).parent == folder:
                    return each
                known.setdefault(each.id, each)
        if name in known:
            return known[name]
        if name in shipped_files():
            return self._loaded(name)
        nearby = packs_in((folder, folder / "rules", folder / "packs", Path("rules"), Path("packs")))
        if name in nearby:
            return self._loaded(Path(nearby[name]))
        hint = did_you_mean(name, list(dict.fromkeys([*known, *nearby, *shipped_files()])))
        hint = hint or "give --pack FILE, or validate the pack's file along with this one"
        raise PackError([Problem(given.at, "unknown-pack", f"no pack is called {name!r}", hint)])

    def _loaded(self, name: str | Path) -> Pack:
        """The pack of a name or in a file, loaded once."""
        is_shipped = isinstance(name, str) and name in shipped_files()
        key = os.path.realpath(RULES / f"{name}.yaml" if is_shipped else name)
        if key not in self._packs:
            try:
                self._packs[key] = load_pack(name, files=self.files)
            except PackError as error:
                self._packs[key] = error
        known = self._packs[key]
        if isinstance(known, PackError):
            raise known
        return known


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
