"""Fills the shelf of shipped packs, for the wheel that carries them loaded; nothing else asks for it."""

from __future__ import annotations

import pickle
from pathlib import Path

from .detect import heads_of
from .load import load_pack
from .shelf import HEADS, SHELF, fingerprint, place
from .shipped import RULES, pack_files

_PROTOCOL = 5


def fill(folder: Path = RULES) -> list[Path]:
    """Load each pack of a folder and the heads of all, and lay them on its shelf; the files that were written."""
    (folder / SHELF).mkdir(exist_ok=True)
    # Where everything stands in the files is for who edits them, and as large as all the rest.
    wares: dict[str, object] = {path.stem: load_pack(path.stem)._replace(tree=None) for path in pack_files(folder)}
    wares[HEADS] = heads_of(folder)
    made_from, written = fingerprint(folder), []
    for name, ware in sorted(wares.items()):
        path = place(name, folder)
        path.write_bytes(made_from + pickle.dumps(ware, _PROTOCOL))
        written.append(path)
    return written
