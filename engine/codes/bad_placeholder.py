"""A place in a text that cannot be filled.

A place is `{name}` or `{name:.3g}`; braces that are meant as such are written `{{` and `}}`.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, message: "loss {loss.mean} is high"}
                                                                                                   ^^^^^^^^^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, message: "loss {loss:.3g} is high"}
"""
