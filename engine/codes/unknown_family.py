"""A family that the pack does not have.

The braces of a key name a family, whose members are put in their place.

fails::

    families: {layer: ["", _0, _1]}
    metrics: {loss: {keys: ["loss{layr}"], required: true}, ce: {keys: ["ce{layer}"], good: [0, 1]}}
                                  ^^^^

passes::

    families: {layer: ["", _0, _1]}
    metrics: {loss: {keys: ["loss{layer}"], required: true}}
"""
