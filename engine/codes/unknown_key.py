"""A key that the language does not have.

It is read by nothing: what was meant by it does not happen.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, untl: loss < 1}
                                                                                    ^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, until: loss < 1}
"""
