"""A second document in one file.

A line `---` begins another document, and only one would be read.

fails::

    help: the first
    ---
    ^
    help: the second

passes::

    help: the first and the second
"""
