"""From verdicts to what people read: tables, feedback pages, the class page, the course page."""
