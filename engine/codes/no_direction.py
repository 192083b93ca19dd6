"""A metric that does not say whether higher or lower is better.

Which value is the best cannot be told without it.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > best(loss) * 2}
                                                                                      ^^^^

passes::

    metrics: {loss: {keys: [loss], better: lower, required: true}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > best(loss) * 2}
"""
