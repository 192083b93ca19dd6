"""The registry of the functions that an expression may call: the one place that knows their names and signatures."""

from __future__ import annotations

from enum import StrEnum

from .record import Record


class Kind(StrEnum):
    """What an argument may be, or what a call returns."""

    NUMBER = "number"
    CONDITION = "condition"
    VALUE = "value"  # a number or a condition
    METRIC = "metric"  # the bare name of a metric
    WINDOW = "window"  # the name of a window, or a quoted length such as "20 points"
    MOMENT = "moment"  # a quoted length from the start of the run, such as "5 epochs"
    COUNT = "count"  # a whole number of at least 1, known before the run
    FRACTION = "fraction"  # a number strictly between 0 and 1, known before the run


class Family(StrEnum):
    """How a function looks at the rows of a run."""

    POINTWISE = "pointwise"
    OBSERVATION = "observation"
    HISTORY = "history"
    WINDOW = "window"


class Parameter(Record):
    """One argument of a function; with a default it may be left out."""

    name: str
    kind: Kind
    default: float | None = None
    optional: bool = False
    repeated: bool = False


class Function(Record):
    """A function of the language: its signature, its result, and what it means where data is missing."""

    name: str
    family: Family
    parameters: tuple[Parameter, ...]
    returns: Kind
    help: str
    missing: str
    keywords: frozenset[str] = frozenset()

    @property
    def signature(self) -> str:
        """The call as documentation shows it."""
        shown = []
        for parameter in self.parameters:
            text = parameter.name
            if parameter.default is not None:
                text = f"{text}={parameter.default:g}"
            elif parameter.optional:
                text = f"[{text}]"
            shown.append(text + (", …" if parameter.repeated else ""))
        return f"{self.name}({', '.join(shown)})"


_X = Parameter("x", Kind.NUMBER)
_M = Parameter("m", Kind.METRIC)
_W = Parameter("w", Kind.WINDOW)
_C = Parameter("condition", Kind.CONDITION)
_K = Parameter("k", Kind.COUNT, default=1)
_LAG = Parameter("lag", Kind.COUNT, default=0)
_CONF = Parameter("conf", Kind.FRACTION, default=0.95)
_ALL_KNOWN = "unknown where an argument is unknown or the result is not finite"
_WINDOW = "unknown where x is unknown here or the window holds fewer points than its `min`"


def _pointwise(name: str, parameters: tuple[Parameter, ...], help: str) -> Function:
    return Function(name, Family.POINTWISE, parameters, Kind.NUMBER, help, _ALL_KNOWN)


def _window(
    name: str, help: str, *extra: Parameter, over: Parameter = _X, returns: Kind = Kind.NUMBER, missing: str = _WINDOW
) -> Function:
    return Function(
        name, Family.WINDOW, (over, _W, *extra, _LAG), returns, help, missing, frozenset({"lag", "conf", "q"})
    )


def _history(name: str, parameters: tuple[Parameter, ...], help: str, missing: str) -> Function:
    return Function(name, Family.HISTORY, parameters, Kind.NUMBER, help, missing, frozenset({"k"}))


_HERE = "unknown where x is unknown here"
_BOUND = "as a window; also unknown below 3 points"

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        _pointwise("abs", (_X,), "Magnitude."),
        _pointwise("sqrt", (_X,), "Square root; unknown below 0."),
        _pointwise("exp", (_X,), "e to the power x."),
        _pointwise("log", (_X,), "Natural logarithm; unknown at or below 0."),
        _pointwise("log10", (_X,), "Logarithm to base 10; unknown at or below 0."),
        _pointwise("floor", (_X,), "The largest whole number not above x."),
        _pointwise("ceil", (_X,), "The smallest whole number not below x."),
        _pointwise("round", (_X,), "The nearest whole number, halves away from zero."),
        _pointwise("sign", (_X,), "-1, 0 or 1."),
        _pointwise("min", (_X, Parameter("y", Kind.NUMBER, repeated=True)), "The smallest of two or more numbers."),
        _pointwise("max", (_X, Parameter("y", Kind.NUMBER, repeated=True)), "The largest of two or more numbers."),
        _pointwise(
            "clip",
            (_X, Parameter("low", Kind.NUMBER), Parameter("high", Kind.NUMBER)),
            "x, but no less than low and no more than high.",
        ),
        Function(
            "default",
            Family.OBSERVATION,
            (Parameter("x", Kind.VALUE), Parameter("v", Kind.VALUE)),
            Kind.VALUE,
            "x, or v where x is unknown.",
            "known on every row of the expression it stands in (if v is known)",
        ),
        Function(
            "nonfinite",
            Family.OBSERVATION,
            (Parameter("m", Kind.METRIC, optional=True),),
            Kind.CONDITION,
            "Whether m was logged as NaN or infinite on this row; without an argument, whether any sentinel was.",
            "known on the rows on which the key of m (of any sentinel) was logged",
        ),
        Function(
            "latest",
            Family.OBSERVATION,
            (Parameter("x", Kind.VALUE),),
            Kind.VALUE,
            "The last known value of x, this row's included.",
            "known on every row from the first observation of x on; alone it adds no rows",
        ),
        Function(
            "age",
            Family.OBSERVATION,
            (_M,),
            Kind.NUMBER,
            "How far the clock has moved since m was last known.",
            "known on every row that moves the clock, from the first observation of m on",
        ),
        Function(
            "changed",
            Family.OBSERVATION,
            (_M,),
            Kind.CONDITION,
            "Whether m differs from its previous observation.",
            "known where m is known here and was known before",
        ),
        _history(
            "prev", (_X, _K), "The k-th observation of x before this one.", f"{_HERE} or has fewer than k earlier ones"
        ),
        _history("delta", (_X, _K), "x - prev(x, k).", f"{_HERE} or has fewer than k earlier ones"),
        _history(
            "pct_change",
            (_X, _K),
            "delta(x, k) as a share of the magnitude of prev(x, k).",
            f"{_HERE}, has fewer than k earlier ones, or the earlier one is 0",
        ),
        _history(
            "first",
            (_X,),
            "The first observation of x.",
            f"{_HERE}, or everywhere if the log starts in the middle of a run",
        ),
        Function(
            "best",
            Family.HISTORY,
            (_M,),
            Kind.NUMBER,
            "The best value of m so far, by its `better`.",
            "unknown where m is unknown here",
        ),
        _history("lowest", (_X,), "The smallest value of x so far.", _HERE),
        _history("highest", (_X,), "The largest value of x so far.", _HERE),
        _history(
            "at",
            (_X, Parameter("moment", Kind.MOMENT)),
            "x at its first observation at or after the moment.",
            f"{_HERE} or the moment has not come yet",
        ),
        _window("mean", "Arithmetic mean."),
        _window("median", "Median."),
        _window("minimum", "Smallest value."),
        _window("maximum", "Largest value."),
        _window("total", "Sum."),
        _window("std", "Standard deviation (of the sample, n - 1).", missing=_WINDOW + "; unknown below 2 points"),
        _window(
            "quantile",
            "Quantile q, linear between neighbours.",
            Parameter("q", Kind.FRACTION),
        ),
        _window("count", "How many observations of x the window holds."),
        _window(
            "slope",
            "Slope of the least-squares line, per step of the clock.",
            missing=_WINDOW + "; unknown below 2 points or where the clock stands still",
        ),
        _window(
            "r2",
            "Share of the variance that the least-squares line explains.",
            missing=_WINDOW + "; unknown below 2 points or on a flat window",
        ),
        _window(
            "zscore",
            "(x - mean) / std; with lag=k both of the window k observations ago.",
            missing=_WINDOW + "; unknown where std is 0",
        ),
        _window("mad", "Median of the absolute distances from the median, not scaled."),
        _window("share", "Share of the observations at which the condition is true.", over=_C),
        _window("any", "Whether the condition is true at some observation.", over=_C, returns=Kind.CONDITION),
        _window("all", "Whether the condition is true at every observation.", over=_C, returns=Kind.CONDITION),
        _window("mean_lower", "mean - z·s/√n: the mean is above this with confidence conf.", _CONF, missing=_BOUND),
        _window("mean_upper", "mean + z·s/√n: the mean is below this with confidence conf.", _CONF, missing=_BOUND),
        _window("slope_lower", "slope - z·se: the slope is above this with confidence conf.", _CONF, missing=_BOUND),
        _window("slope_upper", "slope + z·se: the slope is below this with confidence conf.", _CONF, missing=_BOUND),
    )
}
"""Every function by name, in the order in which the documentation lists them."""
