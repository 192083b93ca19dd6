"""A file or folder that is not there, or that cannot be read or written.

Nothing can be said of what is in it. A path in a file of tests is taken from the folder of that file.

fails, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        log: runs/missing.jsonl
             ^^^^^^^^^^^^^^^^^^
        expect: {rules: {high: firing}}

passes, as tests::

    tests:
      - {name: a low loss, series: {loss: 1x9}, expect: {rules: {high: ok}}}
      - name: a high loss
        series: {loss: 5x9}
        expect: {rules: {high: firing}}
"""
