"""A statement that DuckDB refuses.

Every rule, gate and stage of a pack is compiled to SQL, in each variant, and DuckDB prepares each operator of it over
its operands, so that nothing comes up only once there is a log. DuckDB binds by types: what differs in nothing but
which columns of a type and which numbers it names is prepared once.
What the other checks let through should be accepted; where it is not, the fault is trainrules' own, and worth a
report. No pack is known that brings it about, so there is none to show.
"""
