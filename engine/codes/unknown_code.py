"""A code that no problem has.

The comment silences nothing. `rules explain CODE` tells of a code.

fails::

    params: {limit: {default: 2}}  # rules: disable=unused-parm
                                                    ^^^^^^^^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}

passes::

    params: {limit: {default: 2}}  # rules: disable=unused-param
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2}
"""

SEVERITY = "warning"
