"""Every problem of packs, of their tests and of override files, in one go."""
