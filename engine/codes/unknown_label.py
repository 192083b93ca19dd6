"""A label that the pack does not have.

A metric can be split by what `labels` declares.

fails::

    metrics: {loss: {keys: [loss], required: true, by: rnk}}
                                                       ^^^
    labels: {rank: [rank]}

passes::

    metrics: {loss: {keys: [loss], required: true, by: rank}}
    labels: {rank: [rank]}
"""
