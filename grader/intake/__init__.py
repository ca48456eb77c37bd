"""From what a platform gave (folders, zips) to submissions, safely."""
