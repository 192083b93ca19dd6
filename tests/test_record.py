"""Records are what typing.NamedTuple makes: each case is held against the same class made by it."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from trainrules.engine.record import Record

ROOT = Path(__file__).resolve().parents[1]


class Ours(Record):
    """A row."""

    id: str
    size: float = 1.5
    parts: tuple[int, ...] = ()

    @property
    def double(self) -> float:
        return 2 * self.size


class Theirs(NamedTuple):
    """A row."""

    id: str
    size: float = 1.5
    parts: tuple[int, ...] = ()

    @property
    def double(self) -> float:
        return 2 * self.size


WAYS: dict[str, Callable[[Any], object]] = {
    "by place": lambda made: tuple(made("a", 2.0, (1,))),
    "by name": lambda made: tuple(made(parts=(1,), id="a")),
    "both": lambda made: tuple(made("a", parts=(1,))),
    "with defaults": lambda made: tuple(made("a")),
    "fields": lambda made: (made("a").id, made("a").size, made("a").parts),
    "a property": lambda made: made("a", 3.0).double,
    "replaced": lambda made: tuple(made("a")._replace(size=3.0)),
    "as a dictionary": lambda made: made("a")._asdict(),
    "the names": lambda made: (made._fields, made.__match_args__, made._field_defaults),
    "repr": lambda made: repr(made("a")).removeprefix(made.__name__),
    "equality": lambda made: (made("a") == made("a"), made("a") == made("b"), made("a") == ("a", 1.5, ())),
    "order": lambda made: made("a") < made("b"),
    "hash": lambda made: hash(made("a")) == hash(("a", 1.5, ())),
    "unpacked": lambda made: (lambda id, size, parts: (parts, size, id))(*made("a")),
    "pickled": lambda made: pickle.loads(pickle.dumps(made("a"))) == made("a"),
    "its class after pickling": lambda made: type(pickle.loads(pickle.dumps(made("a")))) is made,
    "no dictionary": lambda made: hasattr(made("a"), "__dict__"),
    "documented": lambda made: made.__doc__,
    "in its module": lambda made: made.__module__,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_record_is_a_named_tuple(way: Callable[[Any], object]) -> None:
    assert way(Ours) == way(Theirs)


def test_a_record_is_matched_by_its_fields() -> None:
    match Ours("a", 2.0):
        case Ours(id, size):
            assert (id, size) == ("a", 2.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Ours(), "Ours needs 'id'"),
        (lambda: Ours(size=2.0), "Ours needs 'id'"),
        (lambda: Ours("a", 1.0, (), 3), "Ours has the fields id, size, parts, and was given 4 values besides"),
        (lambda: Ours("a", colour=3), "Ours has the fields id, size, parts, and was given 'colour' besides"),
        (lambda: Ours("a", id="b"), "Ours has the fields id, size, parts, and was given 'id' besides"),
        (lambda: Ours("a")._replace(colour=3), "Ours has no field 'colour'"),
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        make()


def test_rows_that_are_made_by_the_hundred_are_made_alike() -> None:
    class Many(Record):
        id: int
        size: float = 1.5

    made = [Many(id=number) for number in range(300)]
    assert made == [(number, 1.5) for number in range(300)]
    assert {type(each) for each in made} == {Many}
    assert (Many(1), Many(1, 2.0), Many(size=3.0, id=4)) == ((1, 1.5), (1, 2.0), (4, 3.0))
    with pytest.raises(TypeError, match="colour"):
        Many(1, colour=3)  # type: ignore[call-arg]


def test_a_field_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        Ours("a").id = "b"  # type: ignore[misc]


def test_the_package_makes_its_rows_by_it() -> None:
    slow = [
        str(file.relative_to(ROOT))
        for folder in ("engine", "commands")
        for file in sorted((ROOT / folder).rglob("*.py"))
        if file.name != "record.py" and re.search(r"\bNamedTuple\b", file.read_text(encoding="utf-8"))
    ]
    assert slow == []
