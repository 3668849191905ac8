"""What every layer may use: errors, checks, files, random, optional imports."""
