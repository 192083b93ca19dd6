"""A name that something else has already.

Metrics, params and windows stand in the same expressions, rules and gates in the same reports.

fails::

    params: {loss: {default: 2}}
             ^^^^

passes::

    params: {limit: {default: 2}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}
"""
