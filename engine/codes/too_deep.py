"""Something nested too deeply.

Neither a file nor an expression needs more than a few levels; more is a slip, or made to do harm.

fails::

    help: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
                                                          ^

passes::

    help: a few levels are enough
"""
