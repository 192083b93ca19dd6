"""A comment that disables nothing.

What it was for has been mended, or stands elsewhere; left behind, it would hide the next one. Only warnings can be
disabled: with an error a pack is refused wherever it is used.

fails::

    params: {limit: {default: 2}}  # rules: disable=unused-param
                                                    ^^^^^^^^^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}

passes::

    params: {limit: {default: 2}}  # rules: disable=unused-param
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2}
"""

SEVERITY = "warning"
