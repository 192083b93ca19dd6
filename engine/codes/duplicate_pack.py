"""Two packs of one name among the files that are validated.

Reports, override files and `[tool.trainrules.packs]` know a pack by its name, so that what is said of one is taken for
the other. Mostly the second is a copy whose `pack:` was left as it was. An override file for that name is held against
the pack in its own folder, else against the first that is given. It takes two files to show:

    $ rules validate packs/night.yaml packs/night_long.yaml
    packs/night_long.yaml:2:7: warning[duplicate-pack] packs/night.yaml is pack 'night' too
"""

SEVERITY = "warning"
