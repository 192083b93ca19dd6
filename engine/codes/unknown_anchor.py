"""An alias of an anchor that is not there.

`*name` repeats what `&name` marks further up.

fails::

    help: *text
          ^

passes::

    source: &text The guide
    help: *text
"""
