"""A table of a test that cannot be read.

Each line has as many cells as there are heads; `-` stands for a value that is missing.

fails, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        table: |
          step  loss
          1     5
          2
          ^
        expect: {rules: {high: firing}}

passes, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        table: |
          step  loss
          1     5
          2     -
          3     5
        expect: {rules: {high: firing}}
"""
