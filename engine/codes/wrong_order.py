"""Things in another order than they must have.

Stages follow one another in the run, levels of a rule rise in severity.

fails::

    stages:
      late: {to: 50 steps, expect: {loss: [0, 1]}}
      early: {to: 20 steps, expect: {loss: [1, 2]}}
                  ^^^^^^^^

passes::

    stages:
      early: {to: 20 steps, expect: {loss: [1, 2]}}
      late: {to: 50 steps, expect: {loss: [0, 1]}}
"""
