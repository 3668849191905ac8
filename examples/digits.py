"""Read hand-written digits row by row: train, judge, look at the gates, save. The data come with scikit-learn.

python examples/digits.py
"""

from gatecell import LSTMClassifier, load
from gatecell.datasets.digits import load_digits

digits = load_digits()
model = LSTMClassifier(hidden_size=64, max_epochs=15, validation_fraction=0.1, random_state=0)
model.fit(*digits.train)
print(model.summary(steps=8))
print(f"right on the test part: {model.score(*digits.test):.1%}")

gates = model.gates(digits.test.X[0])[0]  # of the first layer
print("how far the forget gate is open, row by row:", [f"{share:.2f}" for share in gates.f.mean(dim=1).tolist()])

model.save("digits.safetensors")
print("the same again:", load("digits.safetensors").predict(digits.test.X[:5]).tolist(), digits.test.y[:5].tolist())
