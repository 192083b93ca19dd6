"""A variant that the pack does not have.

The test would run another pack than it means to.

fails, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        variant: lte
                 ^^^
        series: {loss: 5x9}
        expect: {rules: {high: firing}}

passes, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        variant: late
        series: {loss: 5x9}
        expect: {rules: {high: firing}}
"""
