"""The shipped packs, already loaded: a wheel carries them beside their files, so that a start need not read YAML.

What lies on the shelf was loaded when the wheel was built, by the code that the wheel holds, and is taken only while
the files of the packs are the very bytes that it was made from. A checkout has no shelf: there each pack is loaded.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

from .shipped import RULES, pack_files, shipped_with

if TYPE_CHECKING:
    from .pack import Format, Pack

SHELF = "loaded"
"""The folder beside the packs that holds them loaded; part of a wheel, never of the source tree."""

HEADS = "heads"

_T = TypeVar("_T")


def load_pack(name_or_path: str | Path) -> Pack:
    """The pack of that name, from the shelf where it lies there, or loaded from its file.

    A bare name is a shipped pack; anything with a suffix or a folder is a file. Raises PackError with all the problems
    of the pack, those among them that only lints tell.
    """

    def loaded() -> Pack:
        from .load import load_pack as from_file

        pack = from_file(name_or_path)
        if not name.isidentifier():  # the tests hold the lints against those that are shipped
            from .errors import PackError
            from .lints import refused

            if found := refused(pack):
                raise PackError(found)
        return pack

    name = fspath(name_or_path)
    if not _keeping:
        return taken(name, RULES, loaded)
    packs = _keeping[-1]
    if name not in packs:
        packs[name] = taken(name, RULES, loaded)
    return packs[name]


@contextmanager
def kept_in(packs: dict[str, Pack]) -> Iterator[None]:
    """Meanwhile, let `load_pack` look into `packs` first, and put there what it gives."""
    _keeping.append(packs)
    try:
        yield
    finally:
        _keeping.pop()


_keeping: list[dict[str, Pack]] = []


def shipped_formats() -> dict[str, tuple[Format, ...]]:
    """The formats of console output that the shipped packs have themselves, by pack, `common` first."""
    packs = [load_pack(name) for name in shipped_with("formats")]
    return {pack.id: tuple(each for each in pack.formats.values() if each.at.file == pack.at.file) for pack in packs}


def taken(name: str, folder: Path, otherwise: Callable[[], _T]) -> _T:
    """What lies on the shelf of a folder of packs under a name, if it was made from the files that the folder holds;
    else what `otherwise` gives."""
    found = _lying(name, folder) if name.isidentifier() else None
    return otherwise() if found is None else found


def place(name: str, folder: Path) -> Path:
    """Where the shelf of a folder holds what lies there under a name."""
    return folder / SHELF / f"{name}.pickle"


def _lying(name: str, folder: Path) -> Any:
    try:
        content = place(name, folder).read_bytes()
    except OSError:
        return None
    made_from = fingerprint(folder)
    return pickle.loads(content[len(made_from) :]) if content.startswith(made_from) else None


def fingerprint(folder: Path) -> bytes:
    """What the files of all packs in a folder hold, in 12 bytes: a pack rests on its parents.

    A checksum will do: whoever can write here could write code as well.
    """
    checksum = size = 0
    for path in pack_files(folder):
        content = path.read_bytes()
        checksum = crc32(content, crc32(f"{path.name}\0{len(content)}\0".encode(), checksum))
        size += len(content)
    return struct.pack("<IQ", checksum, size)
