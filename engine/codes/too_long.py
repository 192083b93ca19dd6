"""An expression that is too long.

What takes thousands of characters is better read in pieces with names: metrics with `expr`. The pieces count as well:
a metric that names another one twice, which names a third one twice, and so on, doubles with each step.

fails::

    rules:
      high:
        title: High loss
        cause: diverging
        severity: warning
        when: >
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          ^^^^
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or loss > 2 or
          loss > 2

passes::

    metrics:
      loss: {keys: [loss], required: true}
      twice: {expr: loss + loss}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: twice > 4}
"""
