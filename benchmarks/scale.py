"""How `rules eval` grows with the log, beside what it takes only to read it, and beside others that judge it.

For the kto pack: a bare `json.loads` loop, DuckDB's own typed scan of the same keys, the same rules written by hand
with Polars (where it is installed: `pip install 'trainrules[bench]'`), and with --tools the tools of its kind that PyPI
has. For the coordexp pack, 120 keys a row, a loop of its own. Each measurement is a whole process; the commands run in
turn (A B C A B C ...), so that a machine that slows down slows all. What they find is compared first: rule by rule with
the script by hand, and over logs with each fault. In a checkout, where trainrules is installed:

    python benchmarks/scale.py --tools TOOLS --docs

writes docs/speed.json, and from that the tables and the plot of docs/speed.md and the README.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import coordexp_log
import kto_log
import peers
from agree import differences, left_out, ours
from measure import in_turn  # these are beside this file

ROOT = Path(__file__).resolve().parents[1]
EVAL = "rules eval"
RULES = "rules eval --pack kto"
WIDE = "rules eval --pack coordexp"
LOOP = "a json.loads loop"
SCAN = "DuckDB's bare scan"
BY_HAND = "Polars by hand"
BOUNDED = "--memory-limit"
WORN = "with rows missing"
LOOPED = """
import json, sys
with open(sys.argv[1], encoding="utf-8") as log:
    for line in log:
        json.loads(line)
"""
SCANNED = """
import duckdb, sys
duckdb.execute("SET enable_progress_bar = false")
keys = sys.argv[2:]
sums = ", ".join(f'sum("{key}")' for key in keys)
found = duckdb.execute(
    f"SELECT count(*), count(loss), {sums} FROM read_json($1, format='newline_delimited', columns=$2)",
    [sys.argv[1], dict.fromkeys(keys, "DOUBLE")],
).fetchone()
print(*found[:2])
"""
SIZES = [10_000, 100_000, 1_000_000]
"""The rows of logs that are judged where nothing else is asked for; of wide ones, all but the last."""
TOOLS_ROWS = 100_000
"""The longest log that the other tools are timed over; they take minutes for more."""
BY_HAND_ROWS = 1_000_000
"""The longest log that the rules by hand judge: they hold every column in memory, 1.5 GB for that many rows."""
BOUNDED_ROWS = 1_000_000
"""The shortest log that is judged within a memory limit as well."""
WORN_ROWS = range(100_000, 1_000_001)
"""The logs that are judged with rows missing as well."""
LONG, LONG_ROUNDS = 1e9, 2
"""Logs of more bytes, over which a round takes minutes, are judged in so many rounds at most."""
FAULTY_ROWS = 20_000
ALL = "all of these"
LINEAR = 1.3
"""Time may grow by this factor more than the rows do and still be called linear."""


def judged(pack: str, log: Path) -> list[str]:
    return [sys.executable, "-m", "trainrules", "eval", "--isolated", "--pack", pack, str(log)]


def commands(log: Path, rows: int, tools: Path | None) -> dict[str, list[str]]:
    """What is measured over a log of a KTO run of so many steps, by name."""
    keys = list(kto_log.train_row(1, random.Random(0)))
    asked = {
        RULES: judged("kto", log),
        LOOP: [sys.executable, "-c", LOOPED, str(log)],
        SCAN: [sys.executable, "-c", SCANNED, str(log), *keys],
    }
    if importlib.util.find_spec("polars") and rows <= BY_HAND_ROWS:
        asked[BY_HAND] = [sys.executable, str(Path(__file__).parent / "polars_kto.py"), str(log)]
    if rows >= BOUNDED_ROWS:
        asked[BOUNDED] = [*asked[RULES], "--memory-limit", limit(rows)]
    return asked | peers.commands(tools if rows <= TOOLS_ROWS else None, log)


def limit(rows: int) -> str:
    """The memory that DuckDB is allowed for a log of a KTO run, beside which Python and its libraries take 150 MB."""
    return "500MB" if rows <= BOUNDED_ROWS else "1500MB"


def told(command: Sequence[str]) -> str:
    """What a command prints."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1) or not done.stdout:
        sys.exit(f"exit code {done.returncode}: {' '.join(command)}\n{done.stderr}")
    return done.stdout


def report_of(command: Sequence[str], rows: int) -> dict[str, Any]:
    """The report of `rules eval` over a log of so many steps, which it must have read whole."""
    report: dict[str, Any] = json.loads(told([*command, "--format", "json"]))
    found = {name: report["log"][name] for name in ("rows", "last_step", "malformed")}
    if found != {"rows": rows, "last_step": rows, "malformed": 0}:
        sys.exit(f"{' '.join(command)} found {found} in a log of {rows} steps")
    return report


def same_by_hand(asked: Mapping[str, Sequence[str]], report: Mapping[str, Any]) -> int:
    """Exit with a message unless the script by hand came to the same; the number of rules that both judged."""
    if BY_HAND not in asked:
        return 0
    by_hand = json.loads(told(asked[BY_HAND]))
    if wrong := differences(report, by_hand) + [f"{id}: not in the script" for id in left_out(report, by_hand)]:
        sys.exit(f"{RULES} and {BY_HAND} differ over {asked[BY_HAND][-1]}:\n  " + "\n  ".join(wrong))
    return len(by_hand)


def same_rules(command: Sequence[str], report: Mapping[str, Any]) -> None:
    """Exit with a message unless a command finds the rules that a report has found, and no other."""
    here, there = (
        {each["rule"] for each in found["findings"]}
        for found in (json.loads(told([*command, "--format", "json"])), report)
    )
    if here != there:
        sys.exit(f"{' '.join(command)} finds {', '.join(sorted(here ^ there))} alone, or does not")


def no_harm(name: str, report: Mapping[str, Any]) -> None:
    """Exit with a message unless a run that learns well is let go on."""
    if harm := {action["action"] for action in report["plan"]} & {"stop", "revert", "restart"}:
        sys.exit(f"{name} would {' and '.join(sorted(harm))} a run that learns well")


def faults(place: Path, tools: Path | None, rows: int) -> dict[str, Any]:
    """What each program finds in logs with one fault each that it does not find without it, and in one with all."""
    log, rules = place / "faulty.jsonl", 0
    told_before: dict[str, set[str]] = {}
    found: dict[str, dict[str, list[str]]] = {}
    for fault in ("", *kto_log.FAULTS, ALL):
        kto_log.write_log(log, rows, list(kto_log.TOGETHER) if fault == ALL else [fault])
        asked = commands(log, rows, tools)
        report = report_of(asked[RULES], rows)
        rules = same_by_hand(asked, report)
        onsets = {id: each["onset"] for id, each in ours(report).items() if "onset" in each}
        named = {EVAL: sorted(onsets)}
        named |= {name: peers.found(name, asked[name]) for name in peers.ASKED if name in asked}
        if not fault:
            told_before = {name: set(ids) for name, ids in named.items()}
            continue
        first = int(kto_log.FAULTS[fault][0] * rows) if fault in kto_log.FAULTS else 0
        found[fault] = {
            name: [id for id in ids if id not in told_before[name] or (name == EVAL and onsets[id] == first)]
            for name, ids in named.items()
        }
        print(f"{fault:18} " + "; ".join(f"{name}: {', '.join(ids) or '-'}" for name, ids in found[fault].items()))
    if silent := [fault for fault, by in found.items() if not by[EVAL] and fault not in kto_log.HARMLESS]:
        sys.exit(f"{EVAL} finds nothing in a log with {' and with '.join(silent)}")
    if rules:
        print(f"{rules} rules by hand agree over {len(found) + 1} logs of {rows:,} rows")
    return {"rows": rows, "rules": rules, "found": found}


def of_kto(rows: int, rounds: int, place: Path, tools: Path | None) -> dict[str, Any]:
    """The runs of each command over a log of a KTO run."""
    log = place / f"training_metrics_{rows}.jsonl"
    kto_log.write_log(log, rows)
    asked = commands(log, rows, tools)
    lines = rows + rows // kto_log.EVAL_EVERY
    if (scanned := told(asked[SCAN])).split() != [str(lines), str(rows)]:
        sys.exit(f"{SCAN} found {scanned.strip()} lines and losses, not {lines} {rows}")
    report = report_of(asked[RULES], rows)
    no_harm(RULES, report)
    same_by_hand(asked, report)
    if rows in WORN_ROWS:
        asked[WORN] = judged("kto", log.with_suffix(".worn.jsonl"))
        kto_log.worn(log, Path(asked[WORN][-1]))
        same_rules(asked[WORN], report)
    if BOUNDED in asked and report_of(asked[BOUNDED], rows) != report:
        sys.exit(f"{RULES} {BOUNDED} {limit(rows)} says something else of {rows:,} rows than without")
    return measured("kto", rows, log, asked, rounds)


def of_coordexp(rows: int, rounds: int, place: Path) -> dict[str, Any]:
    """The runs of `rules eval` and of a loop over a log of 120 keys a row."""
    log = place / f"logging_{rows}.jsonl"
    coordexp_log.write_log(log, rows)
    asked = {WIDE: judged("coordexp", log), LOOP: [sys.executable, "-c", LOOPED, str(log)]}
    report = report_of(asked[WIDE], rows)
    no_harm(WIDE, report)
    if wrong := [each["rule"] for each in report["findings"] if each["severity"] != "info"]:
        sys.exit(f"{WIDE} finds {', '.join(wrong)} in a run that learns well")
    return measured("coordexp", rows, log, asked, rounds)


def measured(pack: str, rows: int, log: Path, asked: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Any]:
    """The seconds and the peak memory of each run of each command, which are printed as medians."""
    rounds = min(rounds, LONG_ROUNDS) if log.stat().st_size > LONG else rounds
    runs = in_turn(list(asked.values()), rounds, accept=[{0, 1}] * len(asked))
    found: dict[str, Any] = {"pack": pack, "rows": rows, "megabytes": round(log.stat().st_size / 1e6, 1)}
    found |= {"memory_limit": limit(rows)} if BOUNDED in asked else {}
    found["commands"] = {
        name: {
            "seconds": [round(run.seconds, 3) for run in each],
            "megabytes": [round(run.megabytes) for run in each],
        }
        for name, each in zip(asked, runs, strict=True)
    }
    for each in log.parent.glob(f"{log.stem}.*"):
        each.unlink()
    first, *_ = found["commands"]
    print(f"{pack}, {rows:,} rows, {found['megabytes']:,.0f} MB")
    for name, each in found["commands"].items():
        times = f"{ratio(found, first, name):6.2f} x" if name != first else ""
        seconds, megabytes = median(each["seconds"]), median(each["megabytes"])
        print(f"  {name:28} {seconds:8.2f} s {megabytes:7,.0f} MB {times}", flush=True)
    return found


def ratio(found: Mapping[str, Any], name: str, other: str) -> float:
    """The median of the ratios of one command's seconds to another's, round by round."""
    pairs = zip(*(found["commands"][each]["seconds"] for each in (name, other)), strict=True)
    return median(a / b for a, b in pairs)


def growth(found: Sequence[Mapping[str, Any]]) -> str:
    """How the time grows with the rows from size to size, so that what a start costs falls out."""
    sizes = [each["rows"] for each in found]
    seconds = [median(each["commands"][RULES]["seconds"]) for each in found]
    rows_grow = (sizes[-1] - sizes[0]) / (sizes[1] - sizes[0])
    time_grows = (seconds[-1] - seconds[0]) / (seconds[1] - seconds[0])
    verdict = "linear" if time_grows <= LINEAR * rows_grow else "MORE THAN LINEAR"
    return (
        f"from {sizes[0]:,}: rows to {sizes[-1]:,} are {rows_grow:.1f} x those to {sizes[1]:,},"
        f" their time {time_grows:.1f} x: {verdict}"
    )


def since(before: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """How the ratio to the loop changed from an earlier measurement, for each pack and size that both have."""
    earlier = {(each["pack"], each["rows"]): each for each in before["measured"] if "pack" in each}
    for each in found["measured"]:
        if was := earlier.get((each["pack"], each["rows"])):
            first, *_ = each["commands"]
            then, now = (ratio(one, first, LOOP) for one in (was, each))
            yield f"{first}, {each['rows']:,} rows: {now:.2f} x {LOOP}, before {then:.2f} x"


def about() -> dict[str, Any]:
    """What the figures were measured with."""
    with_polars = {"polars": version("polars")} if importlib.util.find_spec("polars") else {}
    own = told([sys.executable, "-m", "trainrules", "--version"]).removeprefix("trainrules ").strip()
    names = {"python": platform.python_version(), "duckdb": version("duckdb"), "trainrules": own}
    return names | with_polars | {"cores": os.cpu_count()}


def main() -> None:
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ask.add_argument("--rows", type=int, nargs="+", default=SIZES, help="of logs of a KTO run")
    ask.add_argument("--wide-rows", type=int, nargs="*", default=SIZES[:-1], help="of logs of 120 keys a row")
    ask.add_argument("--faulty-rows", type=int, default=FAULTY_ROWS, help="of the logs with faults; 0 for none")
    ask.add_argument("--rounds", type=int, default=5, help="runs of each command, in turn")
    ask.add_argument("--tools", type=Path, help="an environment with trainproof and runmedic")
    ask.add_argument("--dir", type=Path, help="where the logs are made (and removed); default: the temp folder")
    ask.add_argument("--json", type=Path, help="where to write what was measured, run by run")
    ask.add_argument(
        "--docs", action="store_true", help="write docs/speed.json, and what the documentation makes of it"
    )
    given = ask.parse_args()
    if not importlib.util.find_spec("polars"):
        print("polars is not installed: the rules by hand are left out", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        place = Path(folder)
        compared = faults(place, given.tools, given.faulty_rows) if given.faulty_rows else None
        kto = [of_kto(rows, given.rounds, place, given.tools) for rows in sorted(set(given.rows))]
        wide = [of_coordexp(rows, given.rounds, place) for rows in sorted(set(given.wide_rows))]
    if len(kto) > 2:
        print(growth(kto))
    found = {"schema": "trainrules/speed/2", **about(), "rounds": given.rounds, "measured": kto + wide}
    text = json.dumps(found | ({"faults": compared} if compared else {}), indent=1) + "\n"
    for file in (given.json, ROOT / "docs" / "speed.json" if given.docs else None):
        if file:
            if file.exists():
                print(*since(json.loads(file.read_text(encoding="utf-8")), found), sep="\n")
            file.write_text(text, encoding="utf-8")
    if given.docs:
        subprocess.run([sys.executable, str(ROOT / "docs" / "build.py")], check=True)


if __name__ == "__main__":
    main()
