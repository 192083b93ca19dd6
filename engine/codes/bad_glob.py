"""A pattern for the names of checkpoints that leads elsewhere.

Checkpoints are looked for beside the log; a pack does not lead the tool into other folders.

fails::

    checkpoints: {glob: ["../checkpoint-*"]}
                          ^^^^^^^^^^^^^^^

passes::

    checkpoints: {glob: ["checkpoint-*"]}
"""
