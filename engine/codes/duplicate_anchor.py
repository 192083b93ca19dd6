"""An anchor that is given twice.

It is not to be seen which of the two an alias further down repeats.

fails::

    source: &text The guide
    help: &text Some help
          ^
    title: *text

passes::

    source: &text The guide
    help: Some help
    title: *text
"""
