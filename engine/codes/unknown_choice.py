"""A value that is none of those that the key takes.

Severities, causes, directions, types and the like are words of the language.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: fatal, when: loss > 2}
                                                           ^^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: info, when: loss > 2}
"""
