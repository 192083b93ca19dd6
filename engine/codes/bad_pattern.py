r"""A pattern that cannot be used.

Patterns are run by RE2, which knows no look-around and no back-references; one that captures a value has one group.

fails::

    clock: {step: [{key: progress, pattern: '(?=a)(b)'}]}
                                             ^^^^^^^^

passes::

    clock: {step: [{key: progress, pattern: '^(\d+)/'}]}
"""
