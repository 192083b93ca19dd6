"""A param that the pack does not have.

Setting it would change nothing.

fails::

    params: {limit: {default: 2}}
    variants: {late: {set: {limt: 3}}}
                            ^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}

passes::

    params: {limit: {default: 2}}
    variants: {late: {set: {limit: 3}}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}
"""
