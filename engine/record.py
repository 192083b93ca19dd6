"""Immutable rows with named fields: what `typing.NamedTuple` makes, in a fraction of the time.

NamedTuple writes the constructor of each class as text and has Python parse it: for the hundred classes that judging
a log needs, that takes a good part of what all of them take to import. Here one constructor serves them all, until
rows of a class are made by the hundred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["Record"]

if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:
    from collections import _tuplegetter, namedtuple

    _MANY = 100  # rows of a class filled in here, from which on a constructor of its own pays

    def _new(cls, /, *args, **named):
        missing = len(cls._fields) - len(args)
        if named:
            args = _filled(cls, args, named)
        elif missing:
            if not 0 < missing <= len(cls._defaults):
                args = _filled(cls, args, named)
            args += cls._defaults[-missing:]
        return tuple.__new__(cls, args)

    def _filled(cls, args, named):
        cls._filled_so_far += 1
        if cls._filled_so_far == _MANY:
            cls.__new__ = namedtuple(cls.__name__, cls._fields, defaults=cls._defaults).__new__
        defaults = cls._field_defaults
        try:
            left = [named.pop(name) if name in named else defaults[name] for name in cls._fields[len(args) :]]
        except KeyError as error:
            raise TypeError(f"{cls.__name__} needs {error.args[0]!r}") from None
        if named or len(args) > len(cls._fields):
            wrong = f"{next(iter(named))!r}" if named else f"{len(args)} values"
            raise TypeError(f"{cls.__name__} has the fields {', '.join(cls._fields)}, and was given {wrong} besides")
        return (*args, *left)

    def _replace(self, /, **changes):
        changed = tuple.__new__(type(self), map(changes.pop, self._fields, self))
        if changes:
            raise TypeError(f"{type(self).__name__} has no field {next(iter(changes))!r}")
        return changed

    def _asdict(self):
        return dict(zip(self._fields, self, strict=True))

    def _repr(self):
        shown = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({', '.join(shown)})"

    def _getnewargs(self):
        return tuple(self)

    _SHARED = {
        "__new__": _new,
        "__repr__": _repr,
        "__getnewargs__": _getnewargs,
        "__slots__": (),
        "_replace": _replace,
        "_asdict": _asdict,
    }

    class _Records(type):
        def __new__(meta, name, bases, namespace):
            if not bases:
                return super().__new__(meta, name, bases, namespace)
            fields = tuple(namespace["__annotations__"])
            defaults = {field: namespace.pop(field) for field in fields if field in namespace}
            getters = {field: _tuplegetter(place, None) for place, field in enumerate(fields)}
            made = {"__match_args__": fields, "_fields": fields, "_field_defaults": defaults}
            made["_filled_so_far"] = 0
            made["_defaults"] = tuple(defaults.values())  # of the last fields, as they may stand in no other order
            return type(name, (tuple,), {**_SHARED, **namespace, **made, **getters})

    class Record(metaclass=_Records):
        """The base of a class of rows: its annotations are the fields, in their order, some with defaults."""
