"""An action that the pack does not have.

The plan would have nothing to recommend. `common` has those of most trainings.

fails::

    actions: {stop: {rank: 100, title: Stop the run}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, actions: [stopp]}
                                                                                              ^^^^^

passes::

    actions: {stop: {rank: 100, title: Stop the run}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, actions: [stop]}
"""
