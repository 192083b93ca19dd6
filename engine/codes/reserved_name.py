"""A name that is a word of the language.

In an expression it would be read as that word.

fails::

    params: {lambda: {default: 2}}
             ^^^^^^

passes::

    params: {weight: {default: 2}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > weight}
"""
