"""A requirement that the gate does not have.

A test that expects something of it could never pass.

fails, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        expect:
          rules: {high: firing}
          gates: {calm: {requirements: {low_los: not met}}}
                                        ^^^^^^^

passes, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        expect:
          rules: {high: firing}
          gates: {calm: {requirements: {low_loss: not met}}}
"""
