"""What a plan says: each action with its reason, its target, the new values of settings, its advice and its command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .best import Best
from .command import advice, command_line, new_values, of_configured_peak
from .goback import GoBack
from .pack import SEVERITIES, Action, Pack, Scalar
from .pack_gates import Standstill
from .record import Record
from .report import Finding, GateResult, LogFacts, Step, Suggestion
from .surroundings import RATE_PARAM
from .words import as_written, clauses, lowered

LOWER = "lower_thresholds"
"""The action whose new values are the limits that a held-up gate suggests."""

RESTART = "restart"
"""The action that takes the place of going back where nothing was saved that is worth going back to."""

LAST = "last_checkpoint"
"""The target of an action that goes on where the run stopped."""


class Request(Record):
    """An action and the findings that ask for it; `instead` names the action that it stands in for."""

    action: Action
    findings: tuple[Finding, ...]
    instead: str = ""

    def joined(self, findings: Iterable[Finding]) -> Request:
        both = (*self.findings, *findings)
        return self._replace(findings=tuple(dict.fromkeys(both)))


class Wording(Record):
    """What the words of a plan rest on: `names` are the numbers that texts and commands may name.

    `is_ramp` says that the log ends within the warm-up and that no configured rate is known; `unjudged` says why
    nothing could be judged.
    """

    pack: Pack
    log: LogFacts
    back: GoBack
    names: Mapping[str, Scalar]
    gates: tuple[GateResult, ...] = ()
    best: Best | None = None
    is_ramp: bool = False
    unjudged: str = ""

    def steps(self, requests: Sequence[Request]) -> tuple[Step, ...]:
        changes = {request.action.id: self.changes(request) for request in requests}
        names = dict(self.names)
        named = self.back.last if any(each.action.target == LAST for each in requests) else self.back.checkpoint
        if named:
            names |= {"checkpoint": named.path or named.name, "checkpoint_step": named.numbered}
        # A command that resumes without a new rate goes on with the old one.
        names.setdefault("learning_rate", names.get("lr_peak"))
        for change in changes.values():
            names |= {setting: new for setting, (_, new) in change.items()}
        steps: list[Step] = []
        is_afresh = any(request.action.id == RESTART for request in requests)
        for request in requests:
            action, change = request.action, changes[request.action.id]
            because = rules_of(request.findings)
            is_told = bool(steps) and because == steps[0].because
            text = self.text(request, change, is_told)
            hint = " ".join(filter(None, (self.settings(request), self.advice(request, names))))
            command = self.pack.commands.get(action.command or "")
            line = command_line(command.text, names) if command and not self.unjudged else None
            if is_afresh and command and "{checkpoint}" in command.text:
                line = None  # there is nothing to resume from
            steps.append(
                Step(
                    action.id,
                    max((f.severity for f in request.findings), key=SEVERITIES.index),
                    because,
                    f"{text} {hint}" if hint else text,
                    target=self.target(action),
                    set={setting: new for setting, (_, new) in change.items()} or None,
                    command=None if any(line == step.command for step in steps) else line,
                )
            )
        return tuple(steps)

    def changes(self, request: Request) -> dict[str, tuple[float | None, float]]:
        """What an action sets; one that a held-up gate asks for, the limits that would let the gate open."""
        found: dict[str, tuple[float | None, float]] = {
            one.param: (one.now, one.value) for one in self.suggested(request)
        }
        return found or new_values(request.action, self.names)

    def suggested(self, request: Request) -> list[Suggestion]:
        if request.action.id != LOWER:
            return []
        asking = rules_of(request.findings)
        return [one for gate in self.gates if gate.gate in asking for one in gate.suggestions]

    def settings(self, request: Request) -> str:
        """What the trainer's own configuration calls the limits that are to change."""
        suggested = self.suggested(request)
        told = ", ".join(
            dict.fromkeys(f"{one.setting}: {as_written(one.value, 6)}" for one in suggested if one.setting)
        )
        where = f"What counts is the trainer's own configuration: {told}." if told else ""
        return f"{where} --write-overrides FILE saves it for the next look.".lstrip() if suggested else ""

    def advice(self, request: Request, names: Mapping[str, Scalar]) -> str:
        """What the rules that ask for an action say of it, else the text of the action itself."""
        pack, id = self.pack, request.action.id
        asking = [
            pack.rules.get(name) or pack.invariants.get(name) or self.late(name) for name in rules_of(request.findings)
        ]
        own = dict.fromkeys(each.advice[id] for each in asking if each is not None and id in each.advice)
        return " ".join(filter(None, (advice(text, names) for text in own or (request.action.text,))))

    def late(self, name: str) -> Standstill | None:
        """What the pack says of the standstill that a gate has come to."""
        gate, delays = (
            self.pack.gates.get(name),
            [one.delay for one in self.gates if one.gate == name],
        )
        stills = gate.stuck.standstills if gate is not None and gate.stuck is not None else {}
        return next((stills[delay] for delay in delays if delay in stills), None)

    def target(self, action: Action) -> Mapping[str, Scalar] | None:
        if action.target == "best_checkpoint":
            return self.best.target() if self.best else None
        named = {"checkpoint": self.back.checkpoint, LAST: self.back.last}.get(action.target or "")
        return {"checkpoint": named.name, "step": named.numbered} if named else None

    def text(self, request: Request, change: Mapping[str, tuple[float | None, float]], is_told: bool) -> str:
        action, title = request.action, request.action.title.rstrip(".")
        why = clauses(request.findings, self.log.clock)
        if action.target == "checkpoint":
            return self.back.revert_text()
        told = f" ({self.log.ended_because})" if self.log.ended_because else ""
        if action.target == LAST:
            return f"{title}{self.back.last_text()}{'' if is_told else f': {why}'}."
        if action.target == "best_checkpoint":
            if self.log.ended:
                title = f"The run has ended{told}: take the checkpoint of its best evaluation, not the last one"
            return f"{title}: {why}." + (f" {self.best.text(self.log.clock)}" if self.best else "")
        if request.instead and action.id == RESTART:
            asking = [each for each in request.findings if RESTART in each.actions]
            return f"{title}: {clauses(asking, self.log.clock)}." if asking else self.back.restart_text(title)
        if request.instead:
            setting = request.instead.replace("_", " ")
            return f"{title}: the findings ask for {setting} to go both up and down ({why})."
        if action.id == "stop" and self.log.ended:
            if all(finding.cause == "logging" for finding in request.findings):
                return f"The run has ended{told}: do not start it again as it is: {why}."
            return f"The run has ended{told} and cannot be stopped any more; do not build on its result: {why}."
        if self.log.ended and all(finding.cause == "gate" for finding in request.findings):
            title = (
                f"For the next run, {lowered(title)}"
                if is_told
                else f"The run has ended{told}; for the next one, {lowered(title)}"
            )
        if change:
            suggested = [one.param for one in self.suggested(request)]
            told = ", ".join(
                (f"{setting} " if setting in suggested else f"{setting.replace('_', ' ')} " if len(change) > 1 else "")
                + (f"{as_written(old, 6)} → {as_written(new, 6)}" if old is not None else f"to {as_written(new, 6)}")
                for setting, (old, new) in change.items()
            )
            return f"{title}: {told}." if is_told else f"{title}: {told}, because {why}."
        if self.is_ramp and (told := of_configured_peak(action)):
            mend = f"; --set {RATE_PARAM}=… has it computed" if RATE_PARAM in self.names else ""
            told = f"{title}: take {told}" + ("." if is_told else f", because {why}.")
            return f"{told} The log ends within the warm-up and does not show it{mend}."
        if action.set:
            title += " (the log does not show the present value)"
        return f"{title}." if is_told else f"{title}: {why}."


def rules_of(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.rule for finding in findings))
