"""Files of tests → their results and their coverage, or everything that is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from ..errors import OverrideError, Position, Problem
from ..record import Record
from ..shelf import load_pack
from ..words import listed
from .coverage import coverage_of, seen_in
from .files import files_of
from .judge import judge
from .load import load_suite
from .match import compare
from .model import Case, Coverage, Difference, Result, Seen, Suite


class Outcome(Record):
    """What running some files of tests gave; with problems, nothing was run.

    `coverage` is None where cases were left out.
    """

    results: tuple[tuple[Suite, tuple[Result, ...]], ...]
    coverage: tuple[Coverage, ...] | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def failed(self) -> int:
        """How many cases failed."""
        return sum(not result.passed for _, results in self.results for result in results)

    @property
    def total(self) -> int:
        """How many cases were run."""
        return sum(len(results) for _, results in self.results)

    @property
    def gaps(self) -> int:
        """How many things the tests do not show."""
        return sum(len(each.gaps) for each in self.coverage or ())


def run_tests(paths: Sequence[str], only: str | None = None, *, skip_others: bool = False) -> Outcome:
    """Run the tests in files and folders and beside packs; `only`: those whose name has this in it."""
    files, wrong = files_of(paths, skip_others=skip_others)
    problems = list(wrong)
    suites: list[Suite] = []
    load = cache(load_pack)
    for file in files:
        suite, found = load_suite(file, load)
        problems += found
        suites += [suite] if suite is not None else []
    if problems:
        return Outcome((), problems=tuple(dict.fromkeys(sorted(problems))))
    chosen = [
        (suite, case) for suite in suites for case in suite.cases if only is None or only.lower() in case.name.lower()
    ]
    if only is not None and not chosen:
        return Outcome((), problems=(_none_chosen(only, [case.name for suite in suites for case in suite.cases]),))
    # The database works outside the interpreter's lock for about half of the time.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        done = list(pool.map(lambda each: run_case(*each), chosen))
    by_suite = {
        suite.file: tuple(result for (of, _), result in zip(chosen, done, strict=True) if of is suite)
        for suite in suites
    }
    results = tuple((suite, by_suite[suite.file]) for suite in suites)
    return Outcome(results, None if only else tuple(_coverage(results)))


def _none_chosen(only: str, names: Sequence[str]) -> Problem:
    from difflib import get_close_matches

    near = get_close_matches(only.lower(), dict.fromkeys(map(str.lower, names)), n=3, cutoff=0)
    told = [next(name for name in names if name.lower() == each) for each in near]
    hint = f"the nearest are {listed([repr(name) for name in told])}" if told else "the files have no cases"
    return Problem(Position("--only"), "unknown-name", f"no case has {only!r} in its name", hint)


def run_case(suite: Suite, case: Case) -> Result:
    """Judge the run of one case, and hold the report against what the case expects."""
    try:
        report = judge(suite.pack, case)
    except OverrideError as error:  # each setting is right by itself, all of them are not
        told = tuple(str(problem) for problem in error.problems)
        return Result(case, (Difference("set", "settings that go together", "settings that do not", told),), Seen())
    return Result(case, compare(report, case), seen_in(case, report))


def _coverage(results: Sequence[tuple[Suite, tuple[Result, ...]]]) -> Iterator[Coverage]:
    by_pack: dict[str, list[tuple[Suite, tuple[Result, ...]]]] = {}
    for suite, found in results:
        by_pack.setdefault(suite.pack.at.file, []).append((suite, found))
    for group in by_pack.values():
        yield coverage_of([suite for suite, _ in group], [result for _, found in group for result in found])
