"""From a path to a run: the connection, the reader that the content asks for, and the lock on what was read."""

from __future__ import annotations

from contextlib import ExitStack

from ..errors import LogError
from ..report import Known
from . import registry, spill
from .connection import closed, connect, plan_quickly
from .deadline import Deadline
from .model import Choose, Run, Shipped, Wanted
from .normalise import opened
from .opening import Head, Opening, Witness, head_of

SHORT = 1_000  # rows below which queries take longer to plan than to run

_LOCK = "SET enable_external_access = false; SET lock_configuration = true"


def read(
    path: str,
    wanted: Wanted | Choose,
    *,
    shipped: Shipped = dict,
    input_format: str | None = None,
    known: tuple[Known, ...] = (),
    threads: int | None = None,
    memory_limit: str | None = None,
    deadline: Deadline | None = None,
    witness: Witness | None = None,
) -> Run:
    """Read the log at `path` (`-`: standard input) into a table; raises LogError when it cannot be judged.

    `input_format` names the reader; without it, the content of the log decides. `known` is what files beside the log
    say of its run. A `witness` sees the rows beside it.
    """
    reader = registry.by_name(input_format, path) if input_format else None
    con = connect(threads, memory_limit)
    if deadline:
        con = deadline.watch(con)
    try:
        with ExitStack() as stack:
            keeps = (lambda head: reader.is_binary) if reader else _is_kept
            source = stack.enter_context(opened(path, keeps, deadline))
            opening = Opening(
                con,
                stack,
                source,
                path,
                wanted,
                forced=reader is not None,
                known=known,
                shipped=shipped,
                witness=witness,
                deadline=deadline,
            )
            run = _read(opening, reader)
        if run.facts.rows < SHORT:
            plan_quickly(con)
        con.execute(_LOCK)
    except BaseException:
        closed(con)
        raise
    return run


def _read(opening: Opening, reader: registry.Reader | None) -> Run:
    if not opening.source.size:
        raise LogError("the log is empty", path=opening.path, hint="wait until the run has logged something")
    spill.allow(opening.con, opening.source.size)
    opening.head = head_of(opening.source)
    claimed = registry.claimed_bytes if opening.source.kept else registry.claimed
    found = reader or claimed(opening.head) or registry.by_name("jsonl", opening.path)
    return found.read(opening)


def _is_kept(head: bytes) -> bool:
    """Whether a log that begins so is one of those that are no text."""
    return registry.claimed_bytes(Head(head)) is not None
