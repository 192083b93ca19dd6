"""The page of each code, read from the docstring of the module that has its name."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import get_args

from .. import codes, lints
from ..record import Record
from . import Severity

_HEAD = re.compile(r"^(?P<verdict>fails|passes)(?:, as (?P<kind>pack|tests|overrides))?::\n", re.M)
_CARETS = re.compile(r" *\^[ ^]*")


class Snippet(Record):
    """A piece of a file (`kind`: pack, tests or overrides) as a page shows it, under what is wrong a line of carets."""

    fails: bool
    kind: str
    shown: str

    @property
    def text(self) -> str:
        """The piece without carets."""
        return "".join(f"{line}\n" for line in self.shown.splitlines() if not _CARETS.fullmatch(line))

    @property
    def places(self) -> tuple[tuple[int, int, int], ...]:
        """What the carets mark: line and column in `text`, from 1, and width."""
        found, line = [], 0
        for each in self.shown.splitlines():
            if _CARETS.fullmatch(each):
                found += [(line, run.start() + 1, len(run[0])) for run in re.finditer(r"\^+", each)]
            else:
                line += 1
        return tuple(found)


class Page(Record):
    """What is to be known of a code: what is wrong, in a line, why that matters, and snippets."""

    code: str
    severity: Severity
    title: str
    why: str
    snippets: tuple[Snippet, ...]

    @property
    def text(self) -> str:
        """The page as a terminal shows it."""
        return self._page("{}:", "    ", "")

    @property
    def markdown(self) -> str:
        """The page as a part of a document."""
        return self._page("**{}**", "", "```")

    def _page(self, head: str, indent: str, fence: str) -> str:
        parts = [self.title, self.why]
        for snippet in self.snippets:
            lines = [indent + line if line else "" for line in snippet.shown.split("\n")]
            parts.append(head.format(_heading(snippet)))
            parts.append("\n".join([fence + ("text" if snippet.fails else "yaml"), *lines, fence] if fence else lines))
        return "\n\n".join(filter(None, parts)) + "\n"


def all_codes() -> tuple[str, ...]:
    """Every code, sorted."""
    return tuple(sorted({*get_args(codes.Code), *lints.names()}))


def page(code: str) -> Page:
    """The page of a code; KeyError where there is no such code."""
    for package in (codes, lints):
        if code in _names(package):
            module = import_module(f"{package.__name__}.{code.replace('-', '_')}")
            return _read(code, getattr(module, "SEVERITY", "error"), module.__doc__ or "")
    raise KeyError(code)


def _heading(snippet: Snippet) -> str:
    where = {"pack": "", "tests": ", in a file of tests", "overrides": ", in an override file"}[snippet.kind]
    return ("Fails" if snippet.fails else "Passes") + where


def _names(package: ModuleType) -> frozenset[str]:
    found = (each.name for each in iter_modules(package.__path__))
    return frozenset(name.replace("_", "-") for name in found if name != "pages" and not name.startswith("_"))


def _read(code: str, severity: Severity, text: str) -> Page:
    parts = _HEAD.split(text.strip() + "\n")
    title, _, why = parts[0].strip().partition("\n")
    snippets = [
        Snippet(verdict == "fails", kind or "pack", _dedented(shown))
        for verdict, kind, shown in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    ]
    return Page(code, severity, title.strip(), why.strip(), tuple(snippets))


def _dedented(text: str) -> str:
    lines = [line.removeprefix("    ") for line in text.rstrip().split("\n")]
    while lines and not lines[0].strip():
        del lines[0]
    return "\n".join(lines)
