"""A file that is something else than it is taken for.

A log, a list, or a file of another kind was given where a pack, its tests or overrides are wanted.

fails::

    - {step: 1, loss: 2.5}
    ^

passes::

    help: a pack is a mapping of keys
"""
