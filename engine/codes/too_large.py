"""A file that is too large, or that stands for too many values.

A pack of a few hundred lines is large. Aliases of aliases, or lists in braces, can make a small file stand for millions
of values, and take all memory.

fails::

    metrics:
      "len/*": {metrics: {"{a,b,c,d,e,f,g,h,i,j,k}_{a,b,c,d,e,f,g,h,i,j,k}_{a,b,c,d,e,f,g,h,i,j,k}": {help: Many}}}
                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      loss: {keys: [loss], required: true}

passes::

    metrics:
      "len/*": {metrics: {"{a,b,c}_{mean,p90}": {help: Lengths}}}
      loss: {keys: [loss], required: true}
"""
