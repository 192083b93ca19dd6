"""A text that is no time.

Times are seconds since 1970, or written as ISO 8601 has it.

fails, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        now: noon
             ^^^^
        expect: {rules: {high: firing}}

passes, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        now: "2026-01-31T12:00:00Z"
        expect: {rules: {high: firing}}
"""
