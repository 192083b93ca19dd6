"""A setting that is not written as one.

A value of a param is a number, true or false, a text, or an expression over params and `default`; of a rule, `severity`
and `enabled` can be set.

fails, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        set: {high.severty: info}
                            ^^^^
        expect: {rules: {high: firing}}

passes, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        set: {high.severity: info}
        expect: {rules: {high: firing}}
"""
