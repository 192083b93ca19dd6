"""What a command prints: results to standard output, all else to standard error, safe for any terminal."""

from __future__ import annotations

import os
import sys
from typing import TypedDict


class PageStyle(TypedDict):
    """How a page is to look: the arguments that every renderer of pages takes."""

    width: int
    colour: bool
    ascii_only: bool


def say(text: str, *, commands: bool = False) -> bool:
    """Write to standard output; false where nobody reads it any more (`| head`), which is no error.

    Under GitHub Actions a line of it is a command to the workflow only where the text is made of `commands`.
    Raises TrainrulesError where it takes nothing more, as a full disk does.
    """
    from ..engine.render.escape import encodable

    if not commands and "GITHUB_ACTIONS" in os.environ:
        text = _inert(text)
    try:
        sys.stdout.write(encodable(text, sys.stdout.encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it closes the stream at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    except OSError as error:
        from ..engine.errors import TrainrulesError

        raise TrainrulesError(f"cannot write to standard output: {error.strerror or error}") from None
    return True


def complain(*lines: str) -> None:
    """Write lines to standard error."""
    from ..engine.render.escape import encodable, printable

    for line in lines:
        text = _inert("\n".join(printable(part) for part in line.splitlines()))
        sys.stderr.write(encodable(f"{text}\n", sys.stderr.encoding))
    sys.stderr.flush()


def _inert(text: str) -> str:
    """The text without lines that GitHub Actions would take for commands: they may come from a log or a name."""
    if "::" not in text:
        return text
    lines = text.split("\n")
    return "\n".join(line.replace("::", "\\x3a:", 1) if line.lstrip().startswith("::") else line for line in lines)


def bug_told(error: BaseException) -> str:
    """What is said of an error that nobody expects, with its traceback before it where TRAINRULES_DEBUG is set."""
    if os.environ.get("TRAINRULES_DEBUG"):
        from traceback import print_exception

        print_exception(error)
    told = " ".join(str(error).split())[:200]
    return (
        f"internal error: {type(error).__name__}: {told}; please report it, with the traceback that TRAINRULES_DEBUG=1"
        " shows"
    )


def page_style() -> PageStyle:
    """How pages on standard output are to look: 80 columns, or a terminal's own width up to 100, and its colours."""
    is_terminal = sys.stdout.isatty()
    return PageStyle(
        width=_width(is_terminal),
        colour=is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        ascii_only=not _speaks_unicode(),
    )


def _width(is_terminal: bool) -> int:
    if not is_terminal:
        return 80
    from shutil import get_terminal_size

    return min(get_terminal_size().columns, 100)


def _speaks_unicode() -> bool:
    try:
        "▁█→…".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
