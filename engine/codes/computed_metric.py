"""A computed metric where a logged one is wanted.

The best checkpoint is the one saved where a metric of the log was best; what is computed has no row of its own.

fails::

    metrics:
      loss: {keys: [loss], required: true}
      double: {expr: loss * 2, better: lower}
    checkpoints: {glob: ["checkpoint-*"], best: [double]}
                                                 ^^^^^^

passes::

    metrics:
      loss: {keys: [loss], required: true, better: lower}
    checkpoints: {glob: ["checkpoint-*"], best: [loss]}
"""
