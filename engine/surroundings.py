"""What the files beside a log say about its run, and those that a trainer keeps with the log in one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from math import isfinite
from os.path import basename
from typing import Any

from .errors import TrainrulesError
from .report import Known
from .resolved import Override, Resolved

TOTAL, BEST, SAVES, RATE = "total_steps", "best_checkpoint", "save_steps", "learning_rate"
PER_EPOCH = "steps_per_epoch"
"""How many steps an epoch has, which tells the epoch of a checkpoint that is numbered by its step."""

RATE_PARAM = "lr_configured"
"""The param of a pack that is the learning rate which the run was started with."""

MAX_ENTRIES = 20_000
_STATE, _CHECKPOINT = "trainer_state.json", "checkpoint-"
_SETTINGS = ("args.json", "config.yaml", "config.yml")
_ENDS = 1 << 16  # bytes at either end of a trainer_state.json that hold its other fields
_LARGEST = 1 << 20  # bytes of a file of settings


def of_trainer_state(fields: Mapping[str, Any], where: str = "") -> tuple[Known, ...]:
    """What the fields of a trainer_state.json say about the run; `where` is that file, as a report names it."""

    def source(field: str) -> str:
        return f"{where}: {field}" if where else field

    found = []
    if (total := _positive(fields.get("max_steps"))) is not None:
        found.append(Known(TOTAL, total, source("max_steps")))
    saves = _positive(fields.get("save_steps"))
    if saves is not None and saves >= 1:  # below 1 it is a share of the total
        found.append(Known(SAVES, saves, source("save_steps")))
    best = fields.get("best_model_checkpoint")
    if isinstance(best, str) and (name := basename(best.replace("\\", "/").rstrip("/"))):
        # Only the name: the folder is one of the machine that the run was on.
        found.append(Known(BEST, name, source("best_model_checkpoint")))
    return tuple(found)


def _per_epoch(fields: Mapping[str, Any], where: str) -> tuple[Known, ...]:
    step, epoch = _positive(fields.get("global_step")), _positive(fields.get("epoch"))
    return (Known(PER_EPOCH, step / epoch, f"{where}: global_step, epoch"),) if step and epoch else ()


def is_over(fields: Mapping[str, Any]) -> bool:
    """Whether a trainer_state.json is that of the last planned step."""
    total, at = _positive(fields.get("max_steps")), _positive(fields.get("global_step"))
    return total is not None and at is not None and at >= total


def _positive(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if isfinite(value) and value > 0 else None


def find_known(log: str, *, looked: dict[str, list[str]] | None = None) -> tuple[Known, ...]:
    """What the files beside a log say of its run, and those in the folder above; nothing where there are none.

    They are only looked at: one that cannot be read, or says something else, is passed over. `looked` keeps the names
    of those of each folder for the next log.
    """
    if log == "-":
        return ()
    beside = os.path.dirname(log) or os.curdir
    places = (beside, os.path.join(beside, os.pardir))
    found: list[Known] = []
    for place in places:
        for state in _states(place) if looked is None else _known_states(place, looked):
            fields = _state_fields(state)
            # Another run has left it there that says nothing of the steps.
            if fields.get("max_steps") is not None:
                found += of_trainer_state(fields, _shown(beside, state))
                found += _per_epoch(fields, _shown(beside, state))
                break
        rate = next((each for name in _SETTINGS if (each := _rate(os.path.join(place, name), beside))), None)
        found += [rate] if rate else []
    first = {each.name: each for each in reversed(found)}
    return tuple(first[name] for name in (TOTAL, SAVES, BEST, RATE, PER_EPOCH) if name in first)


def with_rate(resolved: Resolved, known: Iterable[Known]) -> Resolved:
    """The pack with the configured learning rate that stands beside the log, where none was given."""
    rate = next((each for each in known if each.name == RATE), None)
    if rate is None or RATE_PARAM not in resolved.values or resolved.values[RATE_PARAM] is not None:
        return resolved
    if any(each.param == RATE_PARAM for each in resolved.overrides):
        return resolved
    values = {**resolved.values, RATE_PARAM: rate.value}
    override = Override(RATE_PARAM, rate.value, None, rate.source)
    return resolved._replace(values=values, overrides=(*resolved.overrides, override))


def _known_states(place: str, looked: dict[str, list[str]]) -> Iterator[str]:
    folder = os.path.realpath(place)
    if folder not in looked:
        looked[folder] = [os.path.relpath(state, folder) for state in _states(folder)]
    return (os.path.join(place, name) for name in looked[folder])


def _states(place: str) -> Iterator[str]:
    """The trainer_state.json of a folder, else those of its newest checkpoints."""
    if os.path.isfile(own := os.path.join(place, _STATE)):
        yield own
        return
    for folder in (place, os.path.join(place, "checkpoints")):
        try:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in islice(entries, MAX_ENTRIES) if entry.name.startswith(_CHECKPOINT)]
        except OSError:
            continue
        steps = (name[len(_CHECKPOINT) :] for name in names)
        step = max((step for step in steps if step.isdecimal()), key=lambda step: (len(step), step), default=None)
        if step is not None and os.path.isfile(state := os.path.join(folder, f"{_CHECKPOINT}{step}", _STATE)):
            yield state


def _state_fields(path: str) -> dict[str, Any]:
    """The fields of a trainer_state.json that stand before and after its rows, which may be many."""
    try:
        with open(path, "rb") as stream:
            text = stream.read(_ENDS)
            size = os.fstat(stream.fileno()).st_size
            if size > _ENDS:
                stream.seek(max(_ENDS, size - _ENDS))
                text += b"\n" + stream.read(_ENDS)
    except OSError:
        return {}
    fields: dict[str, Any] = {}
    told = text.decode("utf-8", "replace")
    for name in ("max_steps", "save_steps", "best_model_checkpoint"):
        key = f'"{name}":'
        if (at := told.rfind(key)) >= 0:
            with suppress(ValueError, RecursionError):
                fields[name] = json.JSONDecoder().raw_decode(told[at + len(key) :].lstrip())[0]
    # The rows have an epoch of their own: that of the run stands before them, since the Trainer sorts the fields.
    head = told.partition('"log_history":')[0]
    for name in ("epoch", "global_step"):
        if (found := re.search(rf'"{name}":\s*([\d.eE+-]+)', head)) is not None:
            with suppress(ValueError):
                fields[name] = float(found[1])
    return fields


def _rate(path: str, beside: str) -> Known | None:
    """The learning rate in a file of settings: at its top, or one level below."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _LARGEST:
            return None
        settings = _settings(path)
    except (OSError, ValueError, RecursionError, TrainrulesError):
        return None
    if not isinstance(settings, dict):
        return None
    parts = [("", settings), *((f"{name}.", part) for name, part in settings.items() if isinstance(part, dict))]
    for prefix, part in parts:
        value = part.get(RATE)
        where = f"{prefix}{RATE}"
        if isinstance(value, dict) and "value" in value:  # as Weights & Biases writes it
            value = value["value"]
        if (rate := _positive(value)) is not None:
            return Known(RATE, rate, f"{_shown(beside, path)}: {where}")
    return None


def _settings(path: str) -> Any:
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    if path.endswith(".json"):
        return json.loads(text)
    from .yamlio import compose

    return compose(text, path).root.plain()


def _shown(beside: str, path: str) -> str:
    """A path as seen from the folder of the log, so that a report does not depend on the machine."""
    return os.path.relpath(path, beside).replace(os.sep, "/")
