"""A pack and the settings of one run → the final value of every parameter, and where it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .errors import OverrideError, Position, did_you_mean
from .expression import Expression
from .fields import Problems
from .items import Item
from .literals import DEFAULT, fits, setting, setting_problems, type_words
from .overrides import BESIDE_LOG, Layer, from_file, from_project, from_settings, from_values, severity_problem
from .pack import Override, Pack, Param, Resolved, Scalar, Variant
from .scalar import evaluate_scalar
from .tree import Name


def resolve(
    pack: Pack,
    *,
    variant: str | None = None,
    files: Sequence[Path] = (),
    settings: Sequence[str] = (),
    values: Mapping[str, Scalar] | None = None,
    log: str | None = None,
    project: Path | None = None,
) -> Resolved:
    """The pack made ready for one run.

    Later wins: the pack's defaults, `variant`, `[tool.trainrules.packs.<pack>]` in the pyproject.toml nearest at or
    above `project` (the current folder), `rules.override.yaml` beside `log`, `files`, `settings` (each `name=value`),
    `values`. A value may be an expression over other params and `default`, the pack's own. Raises OverrideError with
    every unknown name, wrong type, value out of bounds and circle.
    """
    problems = Problems()
    chosen = _variant(pack, variant, problems)
    layers = _layers(pack, files, settings, values, log, project, problems)
    state = _State(pack, problems)
    if chosen is not None:
        state.vary(chosen)
    for layer in layers:
        state.apply(layer)
    resolved = state.resolved(variant)
    if problems.found:
        raise OverrideError(list(dict.fromkeys(problems.found)))
    return resolved


def _layers(
    pack: Pack,
    files: Sequence[Path],
    settings: Sequence[str],
    values: Mapping[str, Scalar] | None,
    log: str | None,
    project: Path | None,
    problems: Problems,
) -> list[Layer]:
    layers = []
    table = from_project(project or Path.cwd(), pack, problems)
    if table is not None:
        layers.append(table)
    if log is not None and log != "-":
        place = Path(log)
        beside = (place if place.is_dir() else place.parent) / BESIDE_LOG
        if beside.is_file():
            layers.append(from_file(beside, pack, problems))
    layers += [from_file(Path(file), pack, problems) for file in files]
    layers.append(from_settings(settings, problems))
    layers.append(from_values(values or {}))
    return layers


def _variant(pack: Pack, name: str | None, problems: Problems) -> Variant | None:
    if name is None or name in pack.variants:
        return pack.variants[name] if name else None
    hint = did_you_mean(name, list(pack.variants)) or (
        f"known are {', '.join(pack.variants)}" if pack.variants else f"pack {pack.id!r} has none"
    )
    problems.add(Position("--variant"), "unknown-variant", f"unknown variant {name!r}", hint)
    return None


class _State:
    """What has been set so far, the last setting of each thing with its origin."""

    def __init__(self, pack: Pack, problems: Problems) -> None:
        self.pack, self.problems = pack, problems
        self.params: dict[str, tuple[Scalar | Expression, Position, str]] = {}
        self.severities: dict[str, tuple[str, str]] = {}
        self.enabled: dict[str, tuple[bool, str]] = {}

    def vary(self, variant: Variant) -> None:
        origin = f"variant {variant.id}"
        for name, value in variant.set.items():
            at = value.at if isinstance(value, Expression) else variant.at
            self.params[name] = (value, at, origin)
        for rule in variant.disable:
            self.enabled[rule] = (False, origin)
        for rule in variant.advise:
            self.severities[rule] = ("info", origin)

    def apply(self, layer: Layer) -> None:
        for name, item in layer.params.items():
            self.set(name, item, layer.origin)
        for rule, item in layer.severities.items():
            if rule in self.pack.gates:
                self.problems.add(
                    item.key_at, "contradiction", f"{rule!r} is a gate and has no severity", f"write disable: [{rule}]"
                )
                continue
            fault = severity_problem(rule, item)
            if self.known(rule, item.key_at) and fault is None:
                self.severities[rule] = (str(item.value), layer.origin)
            elif fault is not None:
                self.problems.extend([fault])
        for rule, (state, item) in layer.enabled.items():
            if self.known(rule, item.at):
                self.enabled[rule] = (state, layer.origin)

    def known(self, rule: str, at: Position) -> bool:
        if rule in self.pack.rules or rule in self.pack.gates:
            return True
        self.problems.add(at, "unknown-rule", f"unknown rule {rule!r}", did_you_mean(rule, list(self.pack.rules)))
        return False

    def set(self, name: str, item: Item, origin: str) -> None:
        param = self.pack.params.get(name)
        if param is None:
            hint = did_you_mean(name, list(self.pack.params))
            if name in self.pack.rules:
                hint = f"{name!r} is a rule; set {name}.severity or {name}.enabled"
            elif name in self.pack.metrics:
                hint = f"{name!r} is a metric; params of this pack are {', '.join(self.pack.params) or 'none'}"
            self.problems.add(
                item.key_at, "unknown-param", f"unknown param {name!r}", hint or _few(list(self.pack.params))
            )
            return
        before = len(self.problems.found)
        value = setting(item, name, param.type, self.problems, unit=param.unit)
        if isinstance(value, Expression):
            self.problems.extend(list(setting_problems(value, param, self.pack)))
        if len(self.problems.found) == before:
            self.params[name] = (value, item.at, origin)

    def resolved(self, variant: str | None) -> Resolved:
        values = _Values(self.pack, self.params, self.problems)
        final = {name: values.final(name) for name in self.pack.params}
        if not self.problems.found:
            values.check_followers()
        overrides = [
            Override(name, final[name], values.default(name), self.params[name][2])
            for name in self.pack.params
            if name in self.params and final[name] != values.default(name)
        ]
        disabled, severities = set(), {}
        for rule in self.pack.rules.values():
            state, origin = self.enabled.get(rule.id, (rule.enabled, ""))
            if not state:
                disabled.add(rule.id)
            if state != rule.enabled:
                overrides.append(Override(f"{rule.id}.enabled", state, rule.enabled, origin))
            severity, origin = self.severities.get(rule.id, ("", ""))
            highest = rule.levels[-1].severity
            if severity:
                severities[rule.id] = severity
                if severity != highest or len(rule.levels) > 1:
                    overrides.append(Override(f"{rule.id}.severity", severity, highest, origin))
        for gate in self.pack.gates:
            state, origin = self.enabled.get(gate, (True, ""))
            if not state:
                disabled.add(gate)
                overrides.append(Override(f"{gate}.enabled", False, True, origin))
        return Resolved(self.pack, variant, final, severities, frozenset(disabled), tuple(overrides))


class _Values:
    """Evaluates defaults and settings in the order in which they need one another."""

    def __init__(
        self, pack: Pack, settings: Mapping[str, tuple[Scalar | Expression, Position, str]], problems: Problems
    ) -> None:
        self.pack, self.settings, self.problems = pack, settings, problems
        self.done: dict[tuple[str, bool], Scalar] = {}
        self.open: list[tuple[str, bool]] = []

    def final(self, name: str) -> Scalar:
        """The value of a param in this run."""
        return self.once((name, True), self.setting) if name in self.settings else self.default(name)

    def default(self, name: str) -> Scalar:
        """What the param would be without a setting of its own."""
        return self.once((name, False), self.own)

    def once(self, key: tuple[str, bool], compute: Callable[[str], Scalar]) -> Scalar:
        if key in self.done:
            return self.done[key]
        name = key[0]
        if key in self.open:
            circle = list(dict.fromkeys(other for other, _ in self.open[self.open.index(key) :]))
            at = self.settings[name][1] if name in self.settings else self.pack.params[name].at
            hint = "write 'default' for the pack's own value" if len(circle) == 1 else f"{' -> '.join([*circle, name])}"
            self.problems.add(at, "circular-definition", f"param {name!r} is defined by itself", hint)
            return None
        self.open.append(key)
        value = compute(name)
        self.open.pop()
        self.done[key] = value
        return value

    def setting(self, name: str) -> Scalar:
        param, (given, at, _) = self.pack.params[name], self.settings[name]
        before = len(self.problems.found)
        value = self.value(given, name)
        if value is None and isinstance(given, Expression) and len(self.problems.found) == before:
            unset = [id for id in _names(given) if self.done.get((id, id in self.settings)) is None and id != DEFAULT]
            if DEFAULT in _names(given) and self.default(name) is None:
                unset.append(DEFAULT)
            why = f"{', '.join(unset)} is not set" if unset else "its result is unknown"
            self.problems.add(at, "no-value", f"param {name!r} has no value: {given.text!r}, {why}")
        self.bounded(param, value, at)
        return value

    def own(self, name: str) -> Scalar:
        return self.value(self.pack.params[name].default, name)

    def check_followers(self) -> None:
        """Note defaults that left their bounds because they follow params that were set."""
        for name, param in self.pack.params.items():
            if isinstance(param.default, Expression) and name not in self.settings:
                self.bounded(param, self.final(name), param.default.at)

    def value(self, given: Scalar | Expression, name: str) -> Scalar:
        if not isinstance(given, Expression):
            return given
        names = {id: self.default(name) if id == DEFAULT else self.final(id) for id in _names(given)}
        return evaluate_scalar(given, names)

    def bounded(self, param: Param, value: Scalar, at: Position) -> None:
        if value is None:
            return
        if not fits(value, param.type):
            shown = f"{value:g}" if isinstance(value, float) else repr(value)
            self.problems.add(at, "wrong-type", f"param {param.id!r} must be {type_words(param.type)}, not {shown}")
        elif isinstance(value, float):
            if param.min is not None and value < param.min:
                self.problems.add(
                    at, "out-of-bounds", f"param {param.id!r} must be at least {param.min:g}, not {value:g}"
                )
            if param.max is not None and value > param.max:
                self.problems.add(
                    at, "out-of-bounds", f"param {param.id!r} must be at most {param.max:g}, not {value:g}"
                )


def _names(expression: Expression) -> list[str]:
    return list(dict.fromkeys(node.id for node in expression.tree.walk() if isinstance(node, Name)))


def _few(names: Sequence[str]) -> str:
    return f"known are {', '.join(names)}" if 0 < len(names) <= 8 else ""
