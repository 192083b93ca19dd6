"""A command that the pack does not have.

The action would print none.

fails::

    commands: {resume: "python train.py"}
    actions: {stop: {rank: 100, title: Stop the run, command: resum}}
                                                              ^^^^^
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, actions: [stop]}

passes::

    commands: {resume: "python train.py"}
    actions: {stop: {rank: 100, title: Stop the run, command: resume}}
    rules:
      high: {title: High loss, cause: diverging, severity: warning, when: loss > 2, actions: [stop]}
"""
