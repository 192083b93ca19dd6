"""A list of packs as text: what each is for, how its logs are known, how much it holds."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog import sections
from ..pack import Pack
from ..words import counted, listed
from .layout import Page

COUNTED = ("rule", "gate", "invariant", "stage", "param")


def render_packs(
    packs: Sequence[tuple[str, Pack]], *, width: int = 80, colour: bool = False, ascii_only: bool = False
) -> str:
    """The packs, each with the argument that --pack takes for it, in a few lines each."""
    page = Page(max(width, 40), colour, ascii_only)
    room = min(max((len(page.safe(name)) for name, _ in packs), default=0) + 2, 24)
    indent = " " * room
    for name, pack in packs:
        label = f"{page.safe(name):<{room - 1}} "
        page.add(pack.title, label, indent, style="heading", word=name)
        page.add(f"{_held(pack)}{_variants(pack)}", indent)
        if pack.source:
            page.add(f"Guide: {pack.source}", indent, style="faint")
        page.add(_known(pack), indent, style="faint")
    return page.text()


def _held(pack: Pack) -> str:
    found = {kind: len(things) for kind, things in sections(pack).items() if kind in COUNTED and things}
    told = [counted(found[kind], "threshold" if kind == "param" else kind) for kind in COUNTED if kind in found]
    return listed(told) if told else "no rules"


def _variants(pack: Pack) -> str:
    names = listed(list(pack.variants))
    return f"; {'variant' if len(pack.variants) == 1 else 'variants'} {names}" if names else ""


def _known(pack: Pack) -> str:
    return f"Known by {listed(pack.detect)}" if pack.detect else "Not chosen by --pack auto"
