"""The command line: one command a file; each parses, calls and shows. Heavy imports wait until a command runs."""
