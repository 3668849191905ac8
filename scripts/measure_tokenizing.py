"""Time the tokenising of the 50,000 film reviews: the vocabulary from 25,000, then all as numbers.

Run as ``python scripts/measure_tokenizing.py [WORD|CHARACTER|BYTE-PAIR]``; needs ``GATECELL_DATA_HOME``.
"""

import os
import sys
import time

from gatecell.data.text import TextTokenizer, TokenizerConfig
from gatecell.datasets.imdb import load_imdb


def main(unit: str) -> None:
    """Print the seconds of each step and of all, by the wall and of the processors."""
    data = load_imdb()
    train, test = ([text.replace("<br />", " ") for text in part.X] for part in (data.train, data.test))
    began, worked = time.perf_counter(), time.process_time()
    tokenizer = TextTokenizer.train(train, TokenizerConfig(unit=unit))  # type: ignore[arg-type]
    learnt = time.perf_counter()
    count = sum(len(tokenizer.encode(texts).values) for texts in (train, test))
    done = time.perf_counter()
    sys.stdout.write(
        f"{len(train) + len(test):,} texts, {count:,} tokens ({unit}), {os.cpu_count()} cores\n"
        f"learning the vocabulary {learnt - began:6.2f} s\n"
        f"encoding                {done - learnt:6.2f} s\n"
        f"all                     {done - began:6.2f} s, of processors {time.process_time() - worked:.2f} s\n"
    )


if __name__ == "__main__":
    main(sys.argv[1].lower() if len(sys.argv) > 1 else "word")
