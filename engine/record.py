"""Immutable rows with named fields: what `typing.NamedTuple` makes, in a fraction of the time.

NamedTuple writes the constructor of each class as text and has Python parse it: for the hundred classes that judging
a log needs, that takes a good part of what all of them take to import. Here one constructor serves them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["Record"]

if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:
    from collections import _tuplegetter

    def _new(cls, /, *args, **named):
        if named or len(args) != len(cls._fields):
            args = _filled(cls, args, named)
        return tuple.__new__(cls, args)

    def _filled(cls, args, named):
        fields, defaults = cls._fields, cls._field_defaults
        left = fields[len(args) :]
        if len(args) > len(fields) or not named.keys() <= {*left}:
            shown = ", ".join([*map(repr, args), *(f"{name}={value!r}" for name, value in named.items())])
            raise TypeError(f"{cls.__name__} has the fields {', '.join(fields)}, and was given ({shown})")
        try:
            return [*args, *(named[name] if name in named else defaults[name] for name in left)]
        except KeyError as error:
            raise TypeError(f"{cls.__name__} needs {error.args[0]!r}") from None

    def _make(cls, values):
        return cls(*values)

    def _replace(self, /, **changes):
        return type(self)(**{**dict(zip(self._fields, self, strict=True)), **changes})

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
        "_make": classmethod(_make),
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
            return type(name, (tuple,), {**_SHARED, **namespace, **made, **getters})

    class Record(metaclass=_Records):
        """The base of a class of rows: its annotations are the fields, in their order, some with defaults."""
