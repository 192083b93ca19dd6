"""A line that is indented too little or too much.

What is not indented below a key does not belong to it: each field of a rule would be a rule of its own.

fails::

    rules:
      high:
      title: High loss
      ^^^^^
      cause: diverging
      severity: warning
      when: loss > 2

passes::

    rules:
      high:
        title: High loss
        cause: diverging
        severity: warning
        when: loss > 2
"""
