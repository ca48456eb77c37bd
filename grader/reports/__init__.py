"""From verdicts to files that people read: gradebook, feedback pages, the class page."""
