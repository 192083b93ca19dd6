"""The rules of a pack, bound to one run: what is judged, over which series, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .check import INTERVAL
from .comparisons import Test, tests_of
from .compile.bind import Binder, Names
from .compile.ir import CONDITION, Clock, Const, Kernel, Op, Value, children, walk
from .compile.moments import known_from
from .expression import Expression
from .pack import EMPTY, Level, Pack, Rule
from .record import Record
from .series import Series, first_key
from .template import placeholders
from .tree import Call, Conditional, Name, Node, Or

IMPROVES = "eval_improves"
"""The condition among a pack's metrics that says whether an evaluation metric is surely improving."""


class Judged(Record):
    """One level of one rule over one series, as values of the logical plan; with one series only, `series` is empty."""

    rule: Rule
    level: Level
    series: str
    binder: Binder
    when: Value
    until: Value | None
    since: Value | None
    tests: tuple[Test, ...] = ()
    told: Mapping[str, Value] = EMPTY  # the metrics that its message shows
    scope: Value | None = None  # where false, the rule does not apply

    @property
    def conditions(self) -> list[Value]:
        """What must be a column before it is told when the rule held."""
        return [value for value in (self.when, self.until, self.since) if value]

    @property
    def values(self) -> list[Value]:
        """What must be a column before it is told what was found."""
        sides = [side for test in self.tests for side in (test.left, test.right)]
        return [*sides, *self.told.values(), *([self.scope] if self.scope is not None else [])]


class Lack(Record):
    """Why a rule cannot be evaluated at all."""

    reason: str


def metrics_of(pack: Pack, nodes: Sequence[Expression | None], *, sentinels: bool = True) -> list[str]:
    """The metrics that expressions name, directly or through other metrics, in the order of their appearance.

    Those that only tell where others count come last. Without `sentinels`, those that only nonfinite() stands for are
    left out.
    """
    found: list[str] = []
    wheres: list[Expression] = []

    def visit(expression: Expression) -> None:
        for node in expression.tree.walk():
            if isinstance(node, Call) and node.function == "nonfinite" and node.arguments == (None,):
                found.extend(id for id in pack.sentinels if sentinels and id not in found)
            if not isinstance(node, Name) or node.id not in pack.metrics or node.id in found:
                continue
            found.append(node.id)
            metric = pack.metrics[node.id]
            if metric.where:
                wheres.append(metric.where)
            if metric.expr:
                visit(metric.expr)

    for expression in nodes:
        if expression:
            visit(expression)
    while wheres:
        visit(wheres.pop(0))
    return found


def conditions_of(rule: Rule) -> list[Expression | None]:
    """Every expression over rows that a rule holds, its conditions first."""
    own = [level.when for level in rule.levels]
    return [*own, *(level.until for level in rule.levels), rule.since, rule.while_]


def judge(rule: Rule, names: Names, series: Sequence[Series], binders: dict[str, Binder]) -> Iterator[Judged | Lack]:
    """The levels of a rule over each of its series, or what it lacks in all of them.

    `binders` keeps one binder for each series, so that what rules share is bound once.
    """
    if rule.after and _after(rule.after, names) is None:
        yield Lack(f"{_unset(rule.after, names)} is not set")
        return
    reasons = []
    for name, values in series:
        if name not in binders:
            binders[name] = Binder(names._replace(series=values))
        binder = binders[name]
        scope = rule.while_ and lacking(rule.while_, binder.names, binder.lacks)
        lacks = [lacking(level.when, binder.names, binder.lacks) or scope for level in rule.levels]
        if all(lacks):
            reasons.append(str(lacks[0]))
            continue
        while_ = binder.bind(rule.while_) if rule.while_ else None
        since = binder.bind(rule.since) if rule.since else None
        for level, lack in zip(rule.levels, lacks, strict=True):
            if lack:
                continue
            when = _scoped(binder.bind(level.when), while_, _after(rule.after, names))
            until = binder.bind(level.until) if level.until else None
            tests = tests_of(level.when, binder)
            yield Judged(rule, level, name, binder, when, until, since, tests, _told(level, binder), while_)
    if len(reasons) == len(series):
        yield Lack(reasons[0])


def _told(level: Level, binder: Binder) -> dict[str, Value]:
    names = binder.names
    asked = (hole.name for hole in placeholders(level.message) if hole.name in names.pack.metrics)
    return {id: binder.metric(id) for id in asked if names.pack.metrics[id].expr or names.column(id)}


def _after(expression: Expression | None, names: Names) -> float | None:
    from .scalar import evaluate_scalar

    if expression is None:
        return None
    value = evaluate_scalar(expression, {**names.resolved.values, INTERVAL: names.interval})
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def after_of(rule: Rule, names: Names) -> float | None:
    """The point on the clock after which the rule is judged, or None."""
    return _after(rule.after, names)


def _unset(expression: Expression, names: Names) -> str:
    found = (node.id for node in expression.tree.walk() if isinstance(node, Name))
    return next((id for id in found if names.resolved.values.get(id) is None), expression.text)


def _scoped(when: Value, while_: Value | None, after: float | None) -> Value:
    conditions: list[Value] = [while_] if while_ is not None else []
    if after is not None:
        conditions.append(Op(">", (Clock("tick"), Const(after)), CONDITION))
    for condition in conditions:
        when = Op("where", (condition, when), CONDITION)
    return when


def lacking(expression: Expression, names: Names, known: dict[str, list[str]] | None = None) -> str:
    """What keeps an expression from ever being known in this run: a key that never occurs, a param that is unset.

    `known` keeps what metrics lack, for who asks that of many expressions.
    """
    known = {} if known is None else known
    # Whatever an expression lacks, a name or a call of nonfinite() in it does.
    if not any(_lacking(node, names, known) for node in expression.tree.walk() if _may_lack(node)):
        return ""
    lacks = _lacking(expression.tree, names, known)
    return lacks[0] if lacks else ""


def _may_lack(node: Node) -> bool:
    return isinstance(node, Name) or (isinstance(node, Call) and node.arguments == (None,))


def _lacking(node: Node, names: Names, known: dict[str, list[str]]) -> list[str]:
    pack = names.pack
    match node:
        case Name(id=id) if id in known:
            return known[id]
        case Name(id=id) if id in pack.metrics:
            metric = pack.metrics[id]
            if metric.expr is not None:
                parts = (metric.expr, metric.where) if metric.where else (metric.expr,)
                known[id] = [lack for part in parts for lack in _lacking(part.tree, names, known)]
                return known[id]
            return [] if names.column(id) is not None else [f"no {first_key(pack, id)} in the log"]
        case Name(id=id) if id in names.resolved.values:
            return [] if names.resolved.values[id] is not None else [f"{id} is not set"]
        case Name(id="total" | "progress"):
            return [] if names.total is not None else ["the length of the run is not known"]
        case Name(id="ended_by"):
            return [] if names.ended_by else ["the log does not say what ended the run"]
        case Name(id="silence"):
            return [] if names.now is not None else ["--now is not given"]
        case Call(function="default", arguments=(_, fallback)) if fallback is not None:
            return _lacking(fallback, names, known)
        case Call(function="nonfinite", arguments=(None,)):
            is_logged = any(names.present(id) for id in pack.sentinels)
            return [] if is_logged else ["none of the metrics that would show it is in the log"]
        case Or(operands=operands):
            each = [_lacking(operand, names, known) for operand in operands]
            return [] if any(not lacks for lacks in each) else each[0]
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            branches = [_lacking(then, names, known), _lacking(otherwise, names, known)]
            return _lacking(condition, names, known) + (branches[0] if all(branches) else [])
        case _:
            return [lack for child in node.children() for lack in _lacking(child, names, known)]


def watched_for_nonfinite(pack: Pack, when: Expression) -> list[str]:
    """The metrics that nonfinite() looks at in a condition, directly or through other metrics: those it is given, or
    the sentinels, which come last."""
    named: list[str] = []
    seen: set[str] = set()
    is_any = False

    def visit(expression: Expression) -> None:
        nonlocal is_any
        for node in expression.tree.walk():
            if isinstance(node, Call) and node.function == "nonfinite":
                if isinstance(node.arguments[0], Name):
                    named.append(node.arguments[0].id)
                else:
                    is_any = True
            elif isinstance(node, Name) and node.id in pack.metrics and node.id not in seen:
                seen.add(node.id)
                if (through := pack.metrics[node.id].expr) is not None:
                    visit(through)

    visit(when)
    return list(dict.fromkeys([*named, *(pack.sentinels if is_any else ())]))


def points_needed(when: Value) -> int:
    """How many points a condition needs before it can be known: windows and history of windows add up."""
    if isinstance(when, Op) and when.name == "default":
        return 1
    below = max((points_needed(part) for part in children(when)), default=1)
    if not isinstance(when, Kernel):
        return below
    least = max(when.span.least, known_from(when.kind)) if when.span else 1
    return below + least - 1 + when.lag + when.k


def reach(when: Value, interval: float) -> float:
    """How far back on the clock the longest window of the condition looks; `interval` is the usual distance of rows."""
    longest = 0.0
    for node in walk(when):
        if isinstance(node, Kernel):
            longest = max(longest, (node.k + node.lag) * interval)
            if node.span and node.span.unit in ("points", "steps"):
                length = node.span.last * interval if node.span.unit == "points" else node.span.last
                longest = max(longest, length + node.lag * interval)
    return longest
