"""A function with too few, too many or other arguments than it takes.

The message says how the function is written.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: mean(loss) > 2}
                                                                          ^^^^^^^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: 'mean(loss, "5 points") > 2'}
"""
