"""Text that is no expression.

Expressions are written as in Python: `and`, `or` and `not`, `==` for equal, parentheses in pairs.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2 && step > 5}
                                                                                   ^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2 and step > 5}
"""
