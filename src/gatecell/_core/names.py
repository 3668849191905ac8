"""The nearest of the names that there are: what one meant, as other libraries call it or with a slip of the hand."""

from collections.abc import Iterable
from difflib import get_close_matches

ALIASES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("units", "num_units", "n_units", "hidden_units", "hidden_dim", "n_hidden"), ("hidden_size",)),
    **dict.fromkeys(("rnn_units", "lstm_units", "hidden_dims", "hidden", "neurons", "cells"), ("hidden_size",)),
    **dict.fromkeys(("layers", "n_layers", "num_hidden_layers", "n_lstm_layers"), ("num_layers",)),
    **dict.fromkeys(("lr", "eta", "alpha", "step_size", "learning_rate_init"), ("learning_rate",)),
    **dict.fromkeys(("epochs", "n_epochs", "num_epochs", "nb_epoch", "max_iter", "n_iter"), ("max_epochs",)),
    **dict.fromkeys(("device", "devices", "gpu", "gpus", "cuda", "backend"), ("accelerator",)),
    **dict.fromkeys(("bs", "minibatch_size", "train_batch_size"), ("batch_size",)),
    **dict.fromkeys(("optim", "optimiser", "solver"), ("optimizer",)),
    **dict.fromkeys(("early_stopping", "early_stopping_patience", "early_stopping_rounds"), ("patience",)),
    **dict.fromkeys(("n_iter_no_change",), ("patience",)),
    **dict.fromkeys(("validation_split", "val_split", "val_fraction", "test_size"), ("validation_fraction",)),
    **dict.fromkeys(("weight_decay", "l2_reg", "regularization", "kernel_regularizer"), ("weight_decay", "l2")),
    **dict.fromkeys(("gradient_clip_val", "clipnorm", "grad_clip", "max_grad_norm", "clip"), ("clip_norm",)),
    **dict.fromkeys(("clipvalue",), ("clip_value",)),
    **dict.fromkeys(("scheduler", "lr_scheduler", "schedule"), ("lr_schedule",)),
    **dict.fromkeys(("seed", "random_seed", "random_state"), ("random_state", "seed")),
    **dict.fromkeys(("embedding_size", "embed_dim", "emb_dim", "output_dim"), ("embedding_dim",)),
    **dict.fromkeys(("num_words", "max_features", "max_tokens", "vocab_size"), ("vocabulary_size",)),
    **dict.fromkeys(("maxlen", "max_len", "max_seq_length", "sequence_length"), ("max_length",)),
    **dict.fromkeys(("tokenizer", "analyzer", "token_unit"), ("tokens", "unit")),
    **dict.fromkeys(("window", "window_size", "input_chunk_length", "context_length", "lags"), ("lookback",)),
    **dict.fromkeys(("h", "fh", "output_chunk_length", "prediction_length", "steps_ahead"), ("horizon",)),
    **dict.fromkeys(("period", "seasonal_periods", "season_length", "sp", "m"), ("season",)),
    **dict.fromkeys(("zscore", "standardize", "standardscaler", "normalize"), ("standard",)),
    **dict.fromkeys(("minmaxscaler", "min_max"), ("minmax",)),
    **dict.fromkeys(("avg", "average", "avg_pool", "global_average"), ("mean",)),
    **dict.fromkeys(("max_pool", "global_max"), ("max",)),
    **dict.fromkeys(("char", "chars"), ("character",)),
    **dict.fromkeys(("bpe", "subword", "byte_pair"), ("byte-pair",)),
    **dict.fromkeys(("cosineannealinglr", "cosine_annealing"), ("cosine",)),
    **dict.fromkeys(("reducelronplateau", "reduce_on_plateau"), ("plateau",)),
    **dict.fromkeys(("steplr",), ("step",)),
    **dict.fromkeys(("tb", "tensor_board"), ("tensorboard",)),
}
"""What Keras, PyTorch, scikit-learn and others call a thing, in lower case, and what it is called here."""

_MOST_COMPARED = 2000
"""Names that are compared letter by letter, some microseconds each; a table may have a million columns."""


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is meant by another, most surely first; None where none is near.

    A name in other letters or with other separators is the same one; then comes what other libraries call it; then
    a name that is written alike.
    """
    names = sorted(known)
    plain = {_plain(each): each for each in reversed(names)}
    if _plain(name) in plain:
        return plain[_plain(name)]
    for alias in ALIASES.get(name.lower(), ALIASES.get(_plain(name), ())):
        if alias in names:
            return alias
    if len(names) > _MOST_COMPARED:
        return None
    near = get_close_matches(name.lower(), {each.lower(): None for each in names}, n=1, cutoff=0.6)
    return next((each for each in names if each.lower() == near[0]), None) if near else None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_").strip("_")
