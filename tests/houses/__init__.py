"""Where a test's rows, messages and files are kept: in memory, in SQLite as on one machine, or on a mock of AWS."""
