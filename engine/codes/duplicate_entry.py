"""An entry that stands twice in a list.

The second has no effect; most likely another was meant.

fails::

    metrics: {loss: {keys: [loss, loss], required: true}}
                                  ^^^^

passes::

    metrics: {loss: {keys: [loss, train_loss], required: true}}
"""
