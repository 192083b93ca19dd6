"""A pack's file, its parents and the checks → a `Pack`, or every problem at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

from .ancestry import Files
from .build import Kept, build
from .check_pack import check_pack
from .errors import PackError, Position, Problem, did_you_mean
from .groups import expand
from .items import Item, fields_of
from .merge import NAMED, alone, merge
from .pack import Pack
from .problems import Problems
from .record import Record
from .references import check_references
from .retyped import told_where_given
from .shipped import RULES, findable, shipped_files

NEEDS_PARENT = frozenset({"missing-key", "contradiction", "no-direction", "uneven-keys", "empty-value"})
"""What cannot be told of a pack whose parent is not known, besides unknown names."""

MAKERS = ("groups", "twins")
"""The sections whose entries make metrics: what these are called is not known where an entry is none."""


class Attempt(Record):
    """What came of a pack's files: the pack as far as it could be built, and every problem.

    `tree` is the merged file before groups are written out; a parent that cannot be used leaves it not `whole`.
    """

    pack: Pack
    tree: Item
    problems: Sequence[Problem]
    whole: bool


def load_pack(name_or_path: str | Path, *, strict: bool = False, files: Files | None = None) -> Pack:
    """The pack of that name, or in that file: parents merged in, expressions parsed, every name checked.

    A bare name is a shipped pack; anything with a suffix or a folder is a file. The shape of files that are not
    shipped is held against `schemas/pack.schema.json`; with `strict`, that of shipped ones too. `files` holds what was
    read before. Raises PackError with all the problems of the pack; a parent that cannot be used hides none but those
    that it might mend.
    """
    attempt = load_partly(name_or_path, Files(strict=strict) if files is None else files)
    own = attempt.pack.at.file
    Problems([each._replace(at=findable(each.at, own)) for each in attempt.problems]).raise_any()
    return attempt.pack


def load_partly(name_or_path: str | Path, files: Files) -> Attempt:
    """As `load_pack`, but problems are given beside the pack. Raises PackError where the file cannot be read at all."""
    path, file = _locate(name_or_path)
    chain = files.chain(path, file)
    key = (*map(id, chain.documents), chain.problems)
    known: Attempt | None = files.kept.get(key)
    if known is not None:
        return known
    problems = Problems(chain.problems)
    roots = [document.root for document in chain.documents]
    tree = _merged(roots, problems)
    # What is said of a place whose shape is known to be wrong is dropped, which none may take for soundness.
    pack = spelled(tree, problems, None if chain.problems else files.kept)
    of_shape, others = chain.problems, problems.found[len(chain.problems) :]
    if not chain.whole:
        problems.found = [*of_shape, *filter(_holds_anyway, others)]
    elif any(_is_no_section(fields_of(roots[0]).get(name)) for name in NAMED):
        problems.found = [*of_shape, *(each for each in others if not _is_of_name(each))]
    elif any(not isinstance(each.value, dict) for name in MAKERS for each in _entries(roots[0], name)):
        problems.found = [*of_shape, *filter(_holds_anyway, others)]
    elif not chain.problems and any(each.at.file != tree.file for each in problems.found):

        def told(roots: Sequence[Item]) -> Sequence[Problem]:
            anew = Problems()
            spelled(_merged(roots, anew), anew)
            return anew.found

        problems.found = told_where_given(roots, problems.found, told)
    made = files.kept[key] = Attempt(pack, tree, problems.found, chain.whole)
    return made


def _merged(roots: Sequence[Item], problems: Problems) -> Item:
    """The tree of a pack from what its own file holds, which is the first, and what those of its parents do."""
    *children, last = roots
    tree = alone(last, problems)
    for item in reversed(children):
        tree = merge(tree, item, problems)
    return tree


def spelled(tree: Item, problems: Problems, kept: Kept | None = None) -> Pack:
    """The pack that a merged tree spells, every name checked; what cannot be understood is left out, and a problem.

    `kept` has what was built of entries of the tree before, for other packs that inherit them, and gets what is now.
    """
    tree = expand(tree, problems)
    pack = build(tree, problems, kept)
    check_references(tree, pack, problems)
    problems.extend(check_pack(pack))
    return pack


def parent_of(pack: Pack, load: Callable[[str | Path], Pack] | None = None) -> Pack | None:
    """The pack that a pack extends, loaded (by `load`, where that is given); None where it extends none."""
    if pack.extends is None:
        return None
    if Path(pack.extends).suffix:
        return (load or load_pack)(Path(pack.at.file).parent / pack.extends)
    return (load or _shipped_parent)(pack.extends)


@cache
def _shipped_parent(name: str) -> Pack:
    return load_pack(name)


def _entries(root: Item, section: str) -> Iterable[Item]:
    return fields_of(fields_of(root).get(section)).values()


def _is_no_section(item: Item | None) -> bool:
    """Whether something else stands where named things should: what it names is not known."""
    return item is not None and item.value is not None and not isinstance(item.value, dict)


def _holds_anyway(problem: Problem) -> bool:
    return not _is_of_name(problem) and problem.code not in NEEDS_PARENT


def _is_of_name(problem: Problem) -> bool:
    """Whether a problem is that nothing has a name."""
    return problem.code.startswith("unknown-") and problem.code not in ("unknown-function", "unknown-choice")


def _locate(name: str | Path) -> tuple[Path, str]:
    """The path of a pack and what it is called in positions."""
    text = os.fspath(name)
    if isinstance(name, str) and not Path(text).suffix and "/" not in text and os.sep not in text:
        path = RULES / f"{text}.yaml"
        if not text or not path.is_file():
            hint = did_you_mean(text, shipped_files())
            file = next((file for file in (text, f"{text}.yaml") if Path(file).is_file()), None)
            if file is not None:
                hint = f"a file is given with its suffix or folder, as ./{file}"
            hint = hint or f"shipped packs are {', '.join(shipped_files()) or 'none'}; a file is given with its suffix"
            raise PackError([Problem(Position("--pack"), "unknown-pack", f"unknown pack {text!r}", hint)])
        return path, f"rules/{text}.yaml"
    return Path(text), Path(text).as_posix()
