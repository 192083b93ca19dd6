"""A key that stands twice in one mapping.

YAML readers take the last and say nothing, so that an edit of the first changes nothing.

fails::

    params:
      limit: {default: 2}
      limit: {default: 3}
      ^^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}

passes::

    params:
      limit: {default: 2}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}
"""
