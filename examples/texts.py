"""Classify short texts, and see which words spoke for the answer.

python examples/texts.py
"""

import random

from gatecell import LSTMTextClassifier

GOOD = ["quick delivery", "works well", "great value", "friendly staff", "would buy again", "lovely colour"]
BAD = ["arrived broken", "too small", "rude staff", "never again", "poor quality", "stopped working"]

draw = random.Random(0)
labels = [draw.choice(["good", "bad"]) for _ in range(200)]
texts = [", ".join(draw.sample(GOOD if label == "good" else BAD, 2)) for label in labels]

model = LSTMTextClassifier(hidden_size=16, max_epochs=10, validation_fraction=0.2, random_state=0)
model.fit(texts, labels)
print(f"right on texts held out: {model.history_['validation_accuracy'][-1]:.0%}")

new = "the lamp arrived broken, though friendly staff"
print(new, "->", model.predict([new])[0])
