"""A pack that extends itself.

Over a parent or directly, it would have to be read before it can be read.

fails::

    extends: demo.yaml
             ^^^^^^^^^

passes::

    extends: common
"""
