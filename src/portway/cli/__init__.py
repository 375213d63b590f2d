"""The command line: one verb per file; parses, calls, prints, and sets the exit status."""
