"""A pack that is not there.

A bare name is that of a shipped pack; a file is named with its suffix.

fails, as tests::

    pack: kta
          ^^^
    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        expect: {rules: {high: firing}}

passes, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        expect: {rules: {high: firing}}
"""
