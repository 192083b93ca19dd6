"""A number that is too large or too small for its place.

Shares lie between 0 and 1, counts are whole and not negative, steps and tolerances are not negative either, and numbers
have an end.

fails::

    stages: {early: {share: 1.5, expect: {loss: [1, 2]}}}
                            ^^^

fails::

    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, after: -5}
                                                                                           ^^

passes::

    stages: {early: {share: 0.5, expect: {loss: [1, 2]}}}
"""
