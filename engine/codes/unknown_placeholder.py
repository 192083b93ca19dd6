"""A place in a text for something that is not there.

A message shows metrics, params and what is known of the finding; a line of console output what its pattern captures.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, message: "loss {los:.3g} is high"}
                                                                                                    ^^^

passes::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, message: "loss {loss:.3g} is high"}
"""
