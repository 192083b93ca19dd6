"""Something that is defined by itself.

To know it one would have to know it already.

fails::

    params: {limit: {default: limit * 2}}
             ^^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}

passes::

    params: {base: {default: 2}, limit: {default: base * 2}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}
"""
