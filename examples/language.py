"""A language model by character that writes on.

python examples/language.py [FILE.txt]

Without a file it learns one sentence by heart, in seconds.
"""

import sys
from pathlib import Path

from gatecell import LSTMLanguageModel

text = Path(sys.argv[1]).read_text(encoding="utf-8") if len(sys.argv) > 1 else "the cat sat on the mat. " * 100
model = LSTMLanguageModel(tokens="character", hidden_size=32, batch_size=4, max_epochs=40, random_state=0).fit(text)
print(f"perplexity on what it learned: {model.perplexity(text[:200]):.2f}")
print("written:", model.generate(text[:8], max_new=40, temperature=0.5, seed=0))
