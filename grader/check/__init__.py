"""What every zone speaks: texts, trees, probes, observations, keys, verdicts. Ships to students."""
