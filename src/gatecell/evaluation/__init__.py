"""How good predictions are: figures, intervals, simple rules to compare with, and whether two models differ.

Pure functions of arrays: nothing here knows an estimator or a file.
"""
