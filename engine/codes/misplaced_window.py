"""The name of a window where a value is wanted.

A window is no number: it says how far a function looks, and stands as its second argument.

fails::

    windows: {trend: {last: 20 points}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > trend}
                                                                                 ^^^^^

passes::

    windows: {trend: {last: 20 points}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "loss > mean(loss, trend)"}
"""
