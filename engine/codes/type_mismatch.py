"""A number, a condition or a text where something else is wanted.

A rule fires on a condition; a number is none until it is compared with something, and a text has no order.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss}
                                                                          ^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2}
"""
