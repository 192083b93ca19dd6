"""The window functions that rest on moments: which parts each needs, and its formula over them.

Parts: `mean`; `m2`, the sum of squared deviations; `sxt` and `stt`, the sums of products of deviations with those of
the clock and of the clock with itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from .sql import number

ROUNDING = 1e-12
"""The share of the squared deviations that may be rounding."""

PARTS: dict[str, tuple[str, ...]] = {
    "mean": ("mean",),
    "total": ("mean",),
    "std": ("m2",),
    "zscore": ("mean", "m2"),
    "slope": ("sxt", "stt"),
    "r2": ("m2", "sxt", "stt"),
    "mean_bound": ("mean", "m2"),
    "slope_bound": ("m2", "sxt", "stt"),
}


def known_from(kind: str) -> int:
    """The number of points below which the function is unknown, whatever the window asks for."""
    return {"std": 2, "zscore": 2, "slope": 2, "r2": 2, "mean_bound": 3, "slope_bound": 3}.get(kind, 1)


def formula(kind: str, n: str, x: str, parts: Mapping[str, str], z: float) -> str:
    """SQL of the function over its parts (columns), not finite or NULL where it is unknown.

    The bounds are mean + z·s/√n and slope + z·se with z signed, se as in ordinary least squares (n - 2).
    """
    mean, m2, sxt, stt = (parts.get(part, "") for part in ("mean", "m2", "sxt", "stt"))
    match kind:
        case "mean":
            return mean
        case "total":
            return f"{mean} * {n}"
        case "std":
            return f"sqrt({m2} / ({n} - 1))"
        case "zscore":
            return f"({x} - {mean}) / sqrt({m2} / ({n} - 1))"
        case "slope":
            return f"{sxt} / {stt}"
        case "r2":
            # least() answers 1 for what is not a number.
            return f"CASE WHEN {m2} > 0 AND {stt} > 0 THEN least({sxt} / {m2} * {sxt} / {stt}, 1e0) END"
        case "mean_bound":
            return f"{mean} + {number(z)} * sqrt({m2} / ({n} - 1) / {n})"
    # What rounding leaves of a perfect line is no residual: its square root would be far from 0.
    residual = f"greatest({m2} * {number(1 - ROUNDING)} - {sxt} / {stt} * {sxt}, 0e0)"
    return f"{sxt} / {stt} + {number(z)} * sqrt({residual} / ({n} - 2) / {stt})"
