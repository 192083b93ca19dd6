"""Unit tests of rule packs: `<pack>.test.yaml` → cases, each judged by `evaluate`, and what their tests leave out."""
