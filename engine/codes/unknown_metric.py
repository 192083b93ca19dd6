"""A metric that the pack does not have.

It is declared neither here nor by a parent.

fails::

    sentinels: [lss]
                ^^^

passes::

    sentinels: [loss]
"""
