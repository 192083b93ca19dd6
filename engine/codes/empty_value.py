"""A list or a mapping that is empty where it must not be.

Metrics without keys, rules without levels and requirements without bounds can never be judged.

fails::

    metrics: {loss: {keys: []}}
                           ^

passes::

    metrics: {loss: {keys: [loss], required: true}}
"""
