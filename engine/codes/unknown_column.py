"""A column or series that is neither a key nor a metric of the pack.

Nothing of the pack would read it, so that the test shows nothing. `names:` says what it is called in a log.

fails, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9, lr: 0.1x9}
                            ^^
        expect: {rules: {high: firing}}

passes, as tests::

    names: {lr: null}
    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9, lr: 0.1x9}
        expect: {rules: {high: firing}}
"""
