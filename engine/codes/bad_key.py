"""A key that is no text.

A mapping or a list cannot be the name of something.

fails::

    params: {[a]: {default: 2}}
             ^

passes::

    params: {a: {default: 2}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > a}
"""
