"""A window that the pack does not have.

It is declared under `windows` of neither the pack nor a parent.

fails::

    windows: {trend: {last: 20 points}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "mean(loss, trnd) > 2"}
                                                                                      ^^^^

passes::

    windows: {trend: {last: 20 points}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "mean(loss, trend) > 2"}
"""
