"""Writes the corpora that the fuzzers start from: the lines of examples/, odd values, the expressions of all packs.

python tests/fuzz/seed.py tests/fuzz/corpus
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FIELDS = "when|expr|where|while|until|since|value|holds|passed"
_QUOTED = re.compile(rf"""(?:{_FIELDS}): (?:"([^"]+)"|'([^']+)'|([^"'{{\n][^\n]*))""")
_ODD = (
    b'{"loss": NaN, "step": 1}\n{"loss": -Infinity}\n',
    b'{"loss": 1e308, "step": 1e-320}\n{"loss": 123456789012345678901234567890}\n',
    b'\xef\xbb\xbf{"step": 1, "loss": 2}\r\n\r\n{"step": 2, "loss": 1}\r',
    b'{"a": {"b": {"c": 1}}, "step": 1}\n' + b'{"a":' * 30 + b"1" + b"}" * 30,
    b'{"loss": "\\ud800", "step": "5/200"}\n',
    b"epoch,step,loss\n0,1,2.5\n0,2,\n",
    b'[{"step": 1, "loss": 2},\n {"step": 2, "loss": 1}]',
    b'{"log_history": [{"step": 1, "loss": 2}], "max_steps": 5}',
    b'{"loss": [3, 2, 1], "val_loss": [3, 3, NaN]}',
    b"Epoch 1: loss=10\nEpoch 2:  50%|## | 5/9 [00:01<00:01]\r\nEpoch 2: loss=9\n",
    b"Averaged stats: lr: 0.0001  loss: 10,500.5 (9.1)\n",
    "{'loss': 1}\n".encode("utf-16"),
    b"\x1f\x8b\x08\0",
    b"\0" * 64 + b'\n{"step": 1, "loss": 2}\n',
)


def logs() -> Iterator[bytes]:
    """Short logs: a few lines of each example, and what is odd."""
    for path in sorted((ROOT / "examples").rglob("*.jsonl")):
        lines = path.read_bytes().splitlines(keepends=True)
        yield b"".join(lines[:2])
        yield b"".join(lines[len(lines) // 2 :][:3])
    yield from _ODD


def expressions() -> Iterator[bytes]:
    """The expressions of the shipped packs and of the example."""
    for path in [*sorted((ROOT / "rules").glob("*.yaml")), ROOT / "examples" / "my_pack.yaml"]:
        for found in _QUOTED.findall(path.read_text(encoding="utf-8")):
            yield next(text for text in found if text).encode()


def write(place: Path) -> int:
    """Write both corpora below a folder; returns how many files they have."""
    written = 0
    for name, seeds in (("jsonl", logs()), ("expression", expressions())):
        folder = place / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed in dict.fromkeys(seeds):
            (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
            written += 1
    return written


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "fuzz" / "corpus"
    print(f"{write(target)} seeds below {target}")
