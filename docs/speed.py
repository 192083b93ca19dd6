"""What benchmarks/scale.py measured, as tables and as a plot; for docs/build.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

Measured = Mapping[str, Any]
COLOURS = ("#ea580c", "#7d8590", "#3b82f6", "#16a34a", "#a855f7", "#0891b2")
"""One for each command, dark enough on white and light enough on black."""
VERSIONS = {"Python": "python", "DuckDB": "duckdb", "Polars": "polars"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 360, 62, 190, 30, 44


def seconds(measured: Measured, name: str) -> float:
    """The median time of a command."""
    return median(measured["commands"][name]["seconds"])


def times(measured: Measured, other: str) -> float:
    """The median of the ratios of the first command's times to another's, round by round."""
    first, *_ = measured["commands"]
    pairs = zip(measured["commands"][first]["seconds"], measured["commands"][other]["seconds"], strict=True)
    return median(a / b for a, b in pairs)


def of(found: Mapping[str, Any], pack: str) -> list[Measured]:
    return [each for each in found["measured"] if each["pack"] == pack]


def names(measured: Sequence[Measured]) -> list[str]:
    """The programs, in the order in which they first occur; one with a setting, or over another log, is none itself."""
    found = dict.fromkeys(name for each in measured for name in each["commands"])
    return [name for name in found if not name.startswith(("--", "with "))]


def parts(found: Mapping[str, Any], table: Callable[..., str]) -> dict[str, Callable[[], str]]:
    """What can be generated into a page; `table` makes one of its heads and lines."""
    kto, others = of(found, "kto"), names(of(found, "kto"))[1:]
    long = ("rows", "log", "program", "time", "peak memory", "`rules eval` takes")
    programs = list(next(iter(found["faults"]["found"].values())))
    where = ", ".join(f"{name} {found[key]}" for name, key in VERSIONS.items() if key in found)
    with_what = f"{where}, {found['cores']} cores; medians of {found['rounds']} rounds{_fewer(found)}."
    return {
        "speed": lambda: f"{table(long, rows(kto))}\n\n{with_what}",
        "wide": lambda: table(long, rows(of(found, "coordexp"))),
        "glance": lambda: table(("rows", "log", "time", "peak memory", *(f"x {name}" for name in others)), short(kto)),
        "faults": lambda: table(("fault", *programs), faults(found)),
    }


def _fewer(found: Mapping[str, Any]) -> str:
    """Of which sizes there were fewer rounds."""
    taken = {each["megabytes"]: len(next(iter(each["commands"].values()))["seconds"]) for each in found["measured"]}
    fewest = min(taken.values())
    least = min(size for size, rounds in taken.items() if rounds == fewest)
    return f" ({fewest} from {least:,.0f} MB on)" if fewest < found["rounds"] else ""


def rows(measured: Sequence[Measured]) -> Iterator[list[str]]:
    """A line for each size and command: its time, its peak memory, and the first command's time as a multiple of it."""
    for each in measured:
        for place, name in enumerate(each["commands"]):
            memory = f"{median(each['commands'][name]['megabytes']):,.0f} MB"
            size = [f"{each['rows']:,}", f"{each['megabytes']:,.0f} MB"] if not place else ["", ""]
            beside = f"{times(each, name):.2f} x" if place else ""
            shown = f"within `{name} {each['memory_limit']}`" if name[:2] == "--" else name
            yield [*size, f"`{name}`" if not place else shown, f"{seconds(each, name):.2f} s", memory, beside]


def short(measured: Sequence[Measured]) -> Iterator[list[str]]:
    """A line for each size: the first command's time and memory, and its time beside those of the others."""
    others = names(measured)[1:]
    for each in measured:
        first, *_ = each["commands"]
        beside = [f"{times(each, name):.2f}" if name in each["commands"] else "" for name in others]
        memory = f"{median(each['commands'][first]['megabytes']):,.0f} MB"
        yield [f"{each['rows']:,}", f"{each['megabytes']:,.0f} MB", f"{seconds(each, first):.2f} s", memory, *beside]


def faults(found: Mapping[str, Any]) -> Iterator[list[str]]:
    """A line for each fault: what each program finds."""
    for fault, by in found["faults"]["found"].items():
        yield [fault.replace("_", " "), *(", ".join(f"`{id}`" for id in ids) or "nothing" for ids in by.values())]


def plot(found: Mapping[str, Any]) -> str:
    """Time over rows, both logarithmic, a line for each command, as SVG that needs no background of its own."""
    measured = of(found, "kto")
    sizes = [each["rows"] for each in measured]
    taken = [seconds(each, name) for each in measured for name in each["commands"]]
    left, right = math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes)))
    low, high = math.floor(math.log10(min(taken))), math.ceil(math.log10(max(taken)))

    def x(size: float) -> float:
        return LEFT + (math.log10(size) - left) / max(right - left, 1) * (WIDTH - LEFT - RIGHT)

    def y(time: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(time) - low) / max(high - low, 1) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for power in range(low, high + 1):
        at = y(10**power)
        parts.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    for power in range(left, right + 1):
        at = x(10**power)
        parts.append(f'<path class="grid" d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{10**power:,}</text>')
    ends, short_ends = [], []
    for name, colour in zip(names(measured), COLOURS, strict=False):
        points = [(x(each["rows"]), y(seconds(each, name))) for each in measured if name in each["commands"]]
        path = "L".join(f"{across:.1f} {down:.1f}" for across, down in points)
        parts.append(f'<path stroke="{colour}" d="M{path}"/>')
        parts += [f'<circle fill="{colour}" cx="{across:.1f}" cy="{down:.1f}" r="3"/>' for across, down in points]
        (ends if name in measured[-1]["commands"] else short_ends).append((points[-1][1], points[-1][0], name, colour))
    last = -math.inf
    for down, across, name, colour in sorted(ends):
        last = max(down, last + 15)
        parts.append(f'<text x="{across + 10:.1f}" y="{last + 4:.1f}" style="fill:{colour}">{name}</text>')
    for place, (down, across, name, colour) in enumerate(sorted(short_ends)):
        beside = down + (16 if place else -8)  # the first above its end, the other below
        parts.append(f'<text x="{across + 6:.1f}" y="{beside:.1f}" style="fill:{colour}">{name}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = "<title>Seconds over rows of the log, for each program</title>"
    style = (
        "<style>text{font:12px sans-serif;fill:#57606a}path{fill:none;stroke-width:2}.grid{stroke:#8b949e55;"
        "stroke-width:1}@media(prefers-color-scheme:dark){text{fill:#a8b1ba}}</style>"
    )
    axis = f'<text x="{LEFT - 8}" y="{TOP - 12}" text-anchor="end">time</text>'
    foot = f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">rows of the log</text>'
    return "\n".join([head, title, style, axis, foot, *parts, "</svg>"]) + "\n"
