"""The scenarios of tools/bench."""
