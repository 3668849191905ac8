"""Search for the parameters of a classifier, judge the best by rows that took no part, and go on with a search.

python examples/search.py    (needs the extra: pip install ".[tune]" in the project's folder)
"""

from gatecell import LSTMClassifier
from gatecell.datasets.digits import load_digits
from gatecell.tuning import Range, tune

digits = load_digits()
model = LSTMClassifier(max_epochs=6, random_state=0)
space = {"hidden_size": [16, 48], "learning_rate": Range(1e-3, 3e-2, log=True)}

# the file keeps every trial: killed and begun again, the search goes on
found = tune(model, *digits.train, space, n_trials=4, study="digits.study.db")
print(found.to_frame()[["state", "score", "param_hidden_size", "param_learning_rate"]].to_string(index=False))
print(f"the best of the search: {found.best_score:.1%} of the rows held out")
print(f"right on the test part: {found.best_estimator.score(*digits.test):.1%}")

longer = tune(model, *digits.train, space, n_trials=6, study="digits.study.db")
print(f"two trials later: {len(longer.trials)} of them, the best {longer.best_score:.1%}")
