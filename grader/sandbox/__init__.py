"""The three trust zones: student zone and clean room, both sandboxed, and the judge outside."""
