"""A file that is no text, or holds what no text file should.

Packs are UTF-8 text. Control characters (here `␇`, the bell) and other encodings come from editors, or from a file
that is something else.

fails::

    help: a bell ␇ rings
                 ^

passes::

    help: a bell rings
"""
