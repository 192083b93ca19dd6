"""A name in an expression that nothing has.

It is neither a metric or a param of the pack nor part of the clock (`step`, `epoch`, …).

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: lss > 2}
                                                                          ^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2}
"""
