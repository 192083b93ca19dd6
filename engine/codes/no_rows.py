"""A function that looks at rows where there are none.

Defaults of params, lengths of windows and what an action sets are numbers of the run as a whole.

fails::

    params: {limit: {default: 'mean(loss, "5 points")'}}
                               ^^^^^^^^^^^^^^^^^^^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}

passes::

    params: {base: {default: 2}, limit: {default: base * 2}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > limit}
"""
