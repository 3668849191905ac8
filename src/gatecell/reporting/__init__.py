"""Reports: one HTML page that says what a model learnt, how sure it is, and where it fails.

Stands between estimators and recipes: it knows estimators, figures and pictures, and is told where they come from.
"""
