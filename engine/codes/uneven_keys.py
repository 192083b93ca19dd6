"""Keys of one metric that name other families than one another.

A metric is split over the members of its families; a key that lacks one would stand for none of them, or for all.

fails::

    families: {layer: ["", _0, _1]}
    metrics: {loss: {keys: ["loss{layer}", train_loss], required: true}}
                                           ^^^^^^^^^^

passes::

    families: {layer: ["", _0, _1]}
    metrics: {loss: {keys: ["loss{layer}", "train_loss{layer}"], required: true}}
"""
