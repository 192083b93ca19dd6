"""A range that is upside down, or has no end at all.

A range is `[low, high]`, where `null` leaves one side open; nothing lies between 2 and 1.

fails::

    metrics: {loss: {keys: [loss], required: true, good: [2, 1]}}
                                                         ^

fails::

    gates:
      low:
        require:
          loss_low: {value: loss, above: 3, below: 2}
                                                   ^

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: "clip(loss, 3, 1) > 2"}
                                                                                      ^

passes::

    metrics: {loss: {keys: [loss], required: true, good: [1, 2]}}
"""
