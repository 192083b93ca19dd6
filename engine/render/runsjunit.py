"""Many runs as a JUnit report, which CI servers show as tests: a run is a test that passes or does not."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..many.line import Line
from ..verdict import FOUND, UNKNOWN
from .escape import printable
from .runswords import found, reached, told

SUITE = "rules eval"


def render(lines: Sequence[Line]) -> str:
    """A suite with a test for each run, which fails by a finding that counts; one that was not judged is an error."""
    counts = {
        "tests": str(len(lines)),
        "failures": str(sum(line.code == FOUND for line in lines)),
        "errors": str(sum(_is_error(line) for line in lines)),
        "skipped": "0",
    }
    root = Element("testsuites", {"name": SUITE, **counts})
    suite = SubElement(root, "testsuite", {"name": SUITE, "time": "0", **counts})
    for line in lines:
        _case(suite, line)
    indent(root)
    # What is not ASCII is written by its number, which no encoding of standard output can spoil.
    text = tostring(root, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _case(suite: Element, line: Line) -> None:
    case = SubElement(suite, "testcase", classname=printable(line.pack) or SUITE, name=printable(line.log), time="0")
    if _is_error(line):
        kind = "settings" if line.is_wrong else "unknown"
        SubElement(case, "error", message=printable(told(line)), type=kind)
    elif line.code == FOUND:
        failure = SubElement(case, "failure", message=printable(told(line)), type=line.rule)
        failure.text = printable("; ".join(filter(None, (line.message, line.text))))
    rest = [f"verdict {line.verdict}", f"last step {reached(line)}", found(line)]
    SubElement(case, "system-out").text = printable("; ".join(filter(None, rest)))


def _is_error(line: Line) -> bool:
    return line.is_wrong or line.code == UNKNOWN
