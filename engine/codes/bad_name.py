"""A name that cannot stand in an expression.

Names begin with a letter; then come letters, digits and `_`. With another character, `a-b` would be a difference.

fails::

    params: {high-loss: {default: 2}}
             ^^^^^^^^^

passes::

    params: {high_loss: {default: 2}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > high_loss}
"""
