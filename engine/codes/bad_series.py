"""A series of a test that cannot be read.

Pieces look like `0.5`, `0.5x10` (ten times) and `0.65-0.001x145` (145 values, each 0.001 lower).

fails, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: "5..9"}
                        ^^^^
        expect: {rules: {high: firing}}

passes, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: "5+1x5"}
        expect: {rules: {high: firing}}
"""
