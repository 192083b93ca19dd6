"""A rule that the pack does not have.

Disabling or expecting it would change nothing.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2}
    variants: {calm: {disable: [hihg]}}
                                ^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2}
    variants: {calm: {disable: [high]}}
"""
