"""A tag, such as `!!python/object` or `!secret`.

Tags tell YAML readers to build other things than texts, numbers, lists and mappings. Packs need none, and none is read.

fails::

    help: !secret text
          ^

passes::

    help: "!secret text"
"""
