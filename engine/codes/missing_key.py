"""A key that is needed and not given.

Without it the thing cannot be understood, or would mean nothing.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning}
      ^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2}
"""
