"""The tools of the same kind that PyPI has, trainproof and runmedic: how they are asked, and what they found.

Both read a log of JSON lines and judge the loss, the evaluation loss, the rate and the gradient norm; neither knows of
margins or of KTO. They live in an environment of their own:

    python -m venv TOOLS && TOOLS/bin/pip install trainproof runmedic
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ASKED = {"trainproof": ("doctor", "--json"), "runmedic": ("diagnose", "--json")}
ACCEPT = {"trainproof": (0, 1), "runmedic": (0,)}


def commands(tools: Path | None, log: Path) -> dict[str, list[str]]:
    """The command of each tool over a log; none without an environment that has them."""
    if tools is None:
        return {}
    places = {name: tools / ("Scripts" if sys.platform == "win32" else "bin") / name for name in ASKED}
    if lacking := [name for name, place in places.items() if not place.exists()]:
        sys.exit(f"{tools} has no {' and no '.join(lacking)}; install them there with pip")
    return {name: [str(place), *ASKED[name], str(log)] for name, place in places.items()}


def found(name: str, command: Sequence[str]) -> list[str]:
    """What a tool finds wrong, by its own names."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in ACCEPT[name]:
        sys.exit(f"exit code {done.returncode}: {' '.join(command)}\n{done.stderr}")
    told = json.loads(done.stdout)
    if name == "trainproof":
        return [each["id"] for report in told["reports"] for each in report["findings"] if each["level"] != "PASS"]
    return [each["check"] for run in told for each in run["findings"]]
