"""An expression that has no value.

It rests on a param that is not set, or divides by zero.

fails, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        set: {limit: 1 / 0}
                     ^^^^^
        expect: {rules: {high: firing}}

passes, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        set: {limit: 1 / 2}
        expect: {rules: {high: firing}}
"""
