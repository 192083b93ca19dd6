"""An expression that a comma tears apart.

Within `{…}` and `[…]` YAML ends an unquoted text at a comma, so that `mean(loss, trend)` becomes `mean(loss` and a key
`trend)`.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: min(loss, 3) > 2}
                                                                          ^^^^^^^^^^^^^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "min(loss, 3) > 2"}
"""
