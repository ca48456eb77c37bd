"""What runs in the student's own notebook: `Lab`, its display, recordings, handing in."""
