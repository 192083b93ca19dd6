"""A length without its unit, or in one that does not fit.

`3` may be rows, steps or epochs; only with its unit does a length mean the same in every run.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, for: 3}
                                                                                         ^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, for: 3 points}
"""
