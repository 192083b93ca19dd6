"""An invariant that is not one comparison.

What must hold is `left == right`, `<=` or `>=`, each side a number; for several there are several invariants.

fails::

    metrics: {loss: {keys: [loss], required: true}, ce: {keys: [ce]}}
    invariants: {same: {holds: loss == ce and loss > 0}}
                               ^^^^^^^^^^^^^^^^^^^^^^^

passes::

    metrics: {loss: {keys: [loss], required: true}, ce: {keys: [ce]}}
    invariants: {same: {holds: loss == ce}}
"""
