"""Something that must be known before the run, and changes during it.

How far a function looks back may rest on numbers and params, not on metrics.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "prev(loss, loss) > 2"}
                                                                                      ^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "prev(loss, 2) > 2"}
"""
