"""Something of Python that expressions do not have.

Attributes, subscripts, lambdas, f-strings, `//`, `%` and the like are refused, so that a pack from a stranger cannot do
anything but compare numbers.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss.mean > 2}
                                                                          ^^^^^^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: 'mean(loss, "5 points") > 2'}
"""
