"""A twin that the pack does not have.

A twin says how the keys of a metric look in evaluation; it is declared under `twins`.

fails::

    twins: {eval: {keys: ["eval_{key}"]}}
    metrics: {loss: {keys: [loss], required: true, twin: evl}, kl: {keys: [kl], good: [0, 1], twin: eval}}
                                                         ^^^

passes::

    twins: {eval: {keys: ["eval_{key}"]}}
    metrics: {loss: {keys: [loss], required: true, twin: eval}}
"""
