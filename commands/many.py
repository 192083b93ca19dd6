"""`rules eval` for several logs: what is said of each run, as the results come, and of all in the end."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import closing, suppress
from functools import partial
from textwrap import indent
from typing import TYPE_CHECKING, Any

from ..engine.errors import LogError, ProblemsError
from ..engine.many.line import Line, line_of, line_of_error, worst_first
from ..engine.many.model import Asked, Judged
from ..engine.many.spreading import spread
from ..engine.opened import AUTO
from ..engine.record import Record
from ..engine.verdict import settle, worst
from .interrupt import Interrupts
from .logs import Meant, is_pattern
from .output import PageStyle, bug_told, complain, page_style, say
from .progress import Progress
from .reports import shown, shown_list

if TYPE_CHECKING:
    from ..engine.report import Report

INTERRUPTED = 130

NO_FIT = "no file fits this pattern"
NO_FIT_HINT = "in a pattern, ** stands for any folders, and [] for one of the signs in it"


class Ways(Record):
    """How the runs are to be told."""

    form: str
    fail_on: str
    pack: str
    verbose: bool
    style: PageStyle

    @property
    def is_streamed(self) -> bool:
        """Whether each run is printed as soon as it is judged, and not in a list of all."""
        return self.form in ("json", "jsonl") or (self.form == "table" and self.verbose)


class Told(Record):
    """What is said of one run: its line in a list, or its report in full; and what standard error is told."""

    line: Line
    text: str = ""
    remark: str = ""
    problems: tuple[str, ...] = ()


def judge_many(meant: Meant, given: Mapping[str, Any], *, form: str, fail_on: str, verbose: bool, strict: bool) -> int:
    """Judge the runs, print what there is to say of them, and give the exit code; `given` is what `evaluate` takes."""
    asked, pack = Asked(**given), given["pack"]
    if pack != AUTO:
        from ..engine.shelf import load_pack

        load_pack(pack)  # what is wrong with it is told once, and not of each run
    ways = Ways(form, fail_on, pack, verbose, page_style())
    printer = _Printer(ways)
    amount = len(meant.logs)
    with Interrupts() as interrupts:
        try:
            with closing(_results(meant, asked, ways)) as results, Progress(amount, "judging", ways.is_streamed) as bar:
                for place, told in results:
                    if interrupts.came:
                        break
                    with interrupts.held():
                        printer.add(place, told)
                        bar.step()
                    if not printer.is_heard:
                        break
        except KeyboardInterrupt:
            interrupts.came = True
        with interrupts.held():
            printer.finish()
    if interrupts.came:
        complain(f"interrupted: {len(printer.told):,} of {amount:,} runs were judged")
        return INTERRUPTED
    return worst((line.code for line in printer.lines), strict=strict, absent=bool(meant.absent))


def tell(judged: Judged, ways: Ways) -> Told:
    """What is said of one run; called where it was judged, which may be another process."""
    log, report, error = judged
    if isinstance(error, LogError):
        from ..engine.unjudged import report_on

        report = report_on(log, error, ways.pack)
    if report is None:
        assert error is not None
        problems = tuple(map(str, error.problems)) if isinstance(error, ProblemsError) else (bug_told(error),)
        return Told(line_of_error(_named(log), error), problems=problems)
    report, _ = settle(report, ways.fail_on)
    line = line_of(report, ways.fail_on, log=_name(log, report), hint=error.hint if isinstance(error, LogError) else "")
    remark = str(error) if error else f"{log}: {report.reason}" if report.reason else ""
    if not ways.is_streamed:
        return Told(line)  # a list says why a run could not be judged
    return Told(line, shown(report, ways.form, ways.fail_on, ways.style, verbose=ways.verbose), remark)


def _name(log: str, report: Report) -> str:
    """What a list calls a log: as it was named, where a report has only the last part of it."""
    if not os.path.isabs(named := _named(log)):
        return report.log.path
    from ..engine.evaluate import located

    with suppress(LogError):
        return located(named)
    return named


def _named(log: str) -> str:
    if not os.path.isabs(log):
        return log
    from ..engine.evaluate import shown_path

    return shown_path(log)


def _results(meant: Meant, asked: Asked, ways: Ways) -> Generator[tuple[int, Told]]:
    """What is said of each run, with its place among the logs, as they are done."""
    patterns = {argument for argument in meant.absent if is_pattern(argument)}
    each = partial(tell, ways=ways)
    files = [place for place, log in enumerate(meant.logs) if log not in patterns]
    for place, log in enumerate(meant.logs):
        if log in patterns:
            yield place, each(Judged(log, error=LogError(NO_FIT, path=log, hint=NO_FIT_HINT)))
    with closing(spread([meant.logs[place] for place in files], asked, each)) as found:
        for place, told in found:
            yield files[place], told


class _Printer:
    """Prints what is said of the runs, in the order of the logs: of each as soon as it can, or all in a list."""

    def __init__(self, ways: Ways) -> None:
        self.ways = ways
        self.is_heard = True
        self.told: dict[int, Told] = {}
        self._due = self._printed = 0

    @property
    def lines(self) -> list[Line]:
        """The lines of the runs."""
        return [self.told[place].line for place in sorted(self.told)]

    def add(self, place: int, told: Told) -> None:
        """Take what is said of a run."""
        self.told[place] = told
        while self._due in self.told:
            self._print(self._due)
            self._due += 1

    def finish(self) -> None:
        """Complete what was begun, and say on standard error what is not in it."""
        for place in sorted(self.told):
            if place > self._due:  # one before it was not judged in time
                self._print(place)
        if self.ways.form == "json":
            self._say("\n]\n" if self._printed else "[]\n")
        elif not self.ways.is_streamed:
            self._say(shown_list(worst_first(self.lines), self.ways.form, self.ways.style))
        told = [self.told[place] for place in sorted(self.told)]
        problems = [problem for each in told for problem in (each.remark, *each.problems) if problem]
        complain(*dict.fromkeys(problems))

    def _print(self, place: int) -> None:
        told = self.told[place]
        if not told.text:
            return
        if self.ways.form == "json":
            self._say((",\n" if self._printed else "[\n") + indent(told.text.rstrip("\n"), "  "))
        else:
            self._say(f"\n{told.text}" if self.ways.form == "table" and self._printed else told.text)
        self.told[place] = told._replace(text="")
        self._printed += 1

    def _say(self, text: str) -> None:
        self.is_heard = self.is_heard and say(text, commands=self.ways.form == "github")
