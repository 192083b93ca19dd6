"""Text that is not YAML.

The file cannot be read any further than this, so that other problems may come to light once it is mended. The usual
causes are a quote or a bracket that is not closed, a tab, and `: ` within an unquoted text.

fails::

    help: a text: with a colon
                ^

passes::

    help: "a text: with a colon"
"""
