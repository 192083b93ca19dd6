"""A parent that is not there.

What the pack inherits is missing, so that names which only the parent has cannot be checked.

fails::

    extends: comon
             ^^^^^

passes::

    extends: common
"""
