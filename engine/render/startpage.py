"""What `rules init` did, as a page."""

from __future__ import annotations

import shlex
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from ..words import counted, listed
from .escape import printable

if TYPE_CHECKING:
    from ..starter.start import Started, Wish


def render_start(done: Started, wish: Wish, *, width: int) -> str:
    """The files, what was taken from the log, and what to do next."""
    content = done.content
    lines = [f"wrote {printable(file)}" for file in done.files]
    clock = [f"{each.field} from {each.key.key}" for each in content.clock] or [
        "rows are counted, as no step was found"
    ]
    added = len(content.own) + len(content.parts)
    told = {
        "clock": listed(clock),
        "metrics": f"{len(content.known)} that {content.parent.id} knows, {added} more",
        "rules": listed(done.rules) or f"those of {content.parent.id}",
        "tests": f"{counted(done.tried.cases, 'case')}, {'it passes' if done.tried.cases == 1 else 'all pass'}",
    }
    if content.left_out or content.more:
        told["left out"] = f"{counted(len(content.left_out) + content.more, 'key')}; the comments of the pack say which"
    if done.tried.note:
        told["note"] = f"the log is not among the tests: {done.tried.note}"
    if done.tried.dropped:
        lacking = counted(done.tried.dropped, "made-up run")
        told["note"] = f"{lacking} left out of the tests: the rules of {content.parent.id} say more of them"
    for head, text in told.items():
        body = wrap(printable(text), max(20, width - 10)) or [""]
        lines += [f"{head:<10}{body[0]}", *(f"{'':10}{line}" for line in body[1:])]
    pack = Path(done.files[0])
    shown = pack.as_posix() if pack.is_absolute() or pack.parent != Path() else f"./{pack}"
    lines += [
        "",
        "Read what was guessed, in the comments of the pack. Then:",
        f"  rules validate {shlex.quote(pack.as_posix())}",
        f"  rules test {shlex.quote(pack.with_suffix('.test.yaml').as_posix())}",
        f"  rules eval --pack {shlex.quote(shown)} {shlex.quote(wish.log)}",
    ]
    return "".join(f"{printable(line)}\n" for line in lines)
