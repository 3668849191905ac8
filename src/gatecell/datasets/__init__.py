"""Named data sets: one loader a file. Nothing is downloaded unless it is asked for."""
