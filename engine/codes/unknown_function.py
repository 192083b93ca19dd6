"""A function that the language does not have.

docs/language.md lists the functions.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: 'average(loss, "5 points") > 2'}
                                                                           ^^^^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: 'mean(loss, "5 points") > 2'}
"""
