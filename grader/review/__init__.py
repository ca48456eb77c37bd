"""`grader review`: a local page on which a person reads the answers that no program can judge."""
