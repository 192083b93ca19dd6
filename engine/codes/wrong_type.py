"""A value of another kind than the key takes.

A text where a list is wanted, a number where true or false is.

fails::

    metrics: {loss: {keys: loss, required: true}}
                           ^^^^

passes::

    metrics: {loss: {keys: [loss], required: true}}
"""
