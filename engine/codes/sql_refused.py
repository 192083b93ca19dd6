"""A statement that DuckDB refuses.

Every rule, gate and stage of a pack is compiled to SQL and prepared, in each variant, so that nothing comes up only
once there is a log. What the other checks let through should be accepted; where it is not, the fault is trainrules'
own, and worth a report. No pack is known that brings it about, so there is none to show.
"""
