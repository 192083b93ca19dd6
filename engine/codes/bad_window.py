"""Something that is no window.

A window is one that the pack names under `windows`, or a number of points in quotes. Those in steps, epochs or minutes
must say how many points they need, and so have a name.

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: 'mean(loss, "20 steps") > 2'}
                                                                                      ^^^^^^^^^^

passes::

    windows: {trend: {last: 20 steps, min: 3 points}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "mean(loss, trend) > 2"}
"""
