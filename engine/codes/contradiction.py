"""Two things that do not go together.

One of them would have to be ignored, and it is not for the tool to choose which.

fails::

    metrics:
      loss: {keys: [loss], required: true}
      double: {keys: [double], expr: loss * 2, good: [0, 9]}
                               ^^^^

passes::

    metrics:
      loss: {keys: [loss], required: true}
      double: {expr: loss * 2, good: [0, 9]}
"""
