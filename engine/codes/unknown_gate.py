"""A gate that the pack does not have.

A test that expects something of it could never pass.

fails, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        expect: {gates: {next: open}}
                         ^^^^

passes, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        expect: {rules: {high: firing}}
"""
