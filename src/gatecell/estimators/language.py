"""Texts that are read on and on: how probable each next token is, and new text."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from lightning.pytorch.loggers import Logger
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from gatecell._core.checks import check_integer
from gatecell._core.errors import ArtifactError, InputError, InputTypeError
from gatecell._core.stated import Stated
from gatecell.artifact.store import memory_for
from gatecell.data.language import LanguageTokenizer, LanguageTokenizerConfig
from gatecell.data.streams import Streams
from gatecell.data.text import UNITS, TokenizerConfig
from gatecell.data.tokens import Tokens
from gatecell.estimators.base import ONE_EPOCH, LSTMEstimator, TrainingRun, check_watched
from gatecell.estimators.language_reading import drawn, log_probabilities
from gatecell.estimators.language_texts import (
    LongOrSeveral,
    fingerprint,
    marked_tokens,
    predicted,
    read_parts,
    read_texts,
)
from gatecell.estimators.restoring import weight_bytes
from gatecell.estimators.sampling import Sampler
from gatecell.estimators.settings import lstm_config, training_config
from gatecell.kernels.dispatch import Steps
from gatecell.nn.config import LSTMConfig
from gatecell.nn.language import LanguageConfig, LanguageNetwork
from gatecell.training.batches import StreamSource
from gatecell.training.config import TrainingConfig
from gatecell.training.objective import StreamObjective
from gatecell.training.prediction import Metric


class LSTMLanguageModel(LSTMEstimator):
    """Model texts token by token: embedding, LSTM layers, softmax over the vocabulary.

    ``fit`` takes one long text (a str) or several (a list). One long text is a stream: it is cut into ``batch_size``
    pieces that are read side by side, and has no end mark. Of several, each begins with a state of zero and has an end
    mark behind it; texts longer than their share of a batch are cut like a long one. In both, a text is read from the
    mark ``<eos>``, so that its first token is predicted too.

    The lanes of a batch are read ``bptt`` tokens at a time. With ``stateful=True`` the state goes on from batch to
    batch, detached, and is zero where a text begins: truncated back-propagation through time, which sees all that came
    before and learns from the last ``bptt`` tokens. What is minimised is the sum over the ``bptt`` tokens, averaged
    over the lanes; ``learning_rate`` (of plain SGD) and ``clip_norm`` are for this sum.

    Parameters
    ----------
    tokens : "word", "character" or "byte-pair"
        What a step is; see ``gatecell.data.language.LanguageTokenizer``. Words are what stands between spaces.
    vocabulary_size : int
        The largest number of different tokens, the marks ``<unk>`` and ``<eos>`` included.
    lowercase : bool
        Whether upper and lower case are the same.
    embedding_dim : int, optional
        The size of the embedding; by default that of the top layer.
    hidden_size, num_layers, recurrent_dropout
        The LSTM; see ``gatecell.nn.config.LSTMConfig``.
    dropout : float in [0, 1)
        Dropout of each value of each step by itself, before, between and behind the layers (Zaremba et al. 2014).
    embedding_dropout, input_dropout, hidden_dropout, output_dropout : float in [0, 1)
        Variational dropout (Gal & Ghahramani 2016): of whole tokens, one mask a batch; and, one mask a lane and batch,
        of what enters the first layer, the others, and the softmax; with ``recurrent_dropout`` that of h_{t-1}.
    tied : bool
        Whether the softmax has the weights of the embedding.
    cutoffs : sequence of int, optional
        Of an adaptive softmax (Grave et al. 2017), for large vocabularies; see ``gatecell.nn.language.LanguageConfig``.
        None: a softmax over all tokens.
    softmax_precision : "full" or "bfloat16"
        Of the products of the softmax in training, of which a step with many words mostly consists.
    init_range : float, optional
        Every parameter starts uniform in +- this; None: as the layers start by default.
    lstm_options : dict, optional
        Any further field of ``LSTMConfig``, as ``{"layer_norm": True}``.
    stateful : bool
        Whether the state goes on from batch to batch; False: every batch begins with a state of zero.
    bptt : int
        Steps a batch, over which the gradient goes back, at least 1.
    max_epochs, batch_size, learning_rate, clip_norm, l2, patience, verbose
        The training; see ``gatecell.training.config.TrainingConfig``. ``batch_size`` is the number of lanes.
    validation_fraction : float in (0, 1), optional
        The share that is set aside for validation: the end of one long text, or texts at random. None: no validation
        part, unless ``fit`` is given one.
    training_options : dict, optional
        Any further field of ``TrainingConfig``, as ``{"optimizer": "sgd", "lr_schedule": "exponential"}``.
    checkpoint_dir : path, optional
        A folder for a checkpoint at the end of every epoch. A ``fit`` of the same texts with the same parameters goes
        on from it, and ends with the same weights as one that was never stopped.
    logger : "csv", "tensorboard", "mlflow", a logger of ``lightning.pytorch.loggers`` or None
        Where the parameters and each row of ``history_`` are logged besides; by default nowhere. ``fit`` begins a new
        log, ``partial_fit`` goes on with it. An object is used as it is, so that each fit wants one of its own.
    logger_dir : path, optional
        The folder that a logger with a name writes to: ``version_0``, ``version_1``, ... in it, one a fit; of MLflow
        the file ``mlflow.db``, unless the variable ``MLFLOW_TRACKING_URI`` names another place. None: the folder
        ``gatecell_logs`` in the working directory.
    random_state : int, Generator, RandomState or None
        Decides the initial weights, dropout and the validation part. An integer gives the same result on every call,
        on one machine with one number of threads.

    Attributes
    ----------
    tokenizer_ : gatecell.data.language.LanguageTokenizer
    one_text_ : bool
        Whether it was fitted on one long text.
    network_ : gatecell.nn.language.LanguageNetwork
    history_ : gatecell.training.history.History
        Loss (nats a token) and perplexity of every epoch.
    training_ : gatecell.estimators.base.TrainingSummary
        Best epoch, whether it stopped early, seconds.

    Examples
    --------
    >>> from gatecell import LSTMLanguageModel
    >>> model = LSTMLanguageModel(tokens="character", hidden_size=32, batch_size=4, max_epochs=40, random_state=0)
    >>> model = model.fit("the cat sat on the mat. " * 100)
    >>> model.generate("the cat ", max_new=15, temperature=0)
    'sat on the mat.'
    """

    token_counts_: Tensor | None = None
    """How often the texts of the last ``fit`` have each token, ``(V,)`` int64."""

    NETWORK: ClassVar[Any] = LanguageNetwork
    CONFIG: ClassVar[Any] = LanguageConfig

    def __init__(
        self,
        tokens: str = TokenizerConfig.unit,
        vocabulary_size: int = TokenizerConfig.vocabulary_size,
        lowercase: bool = False,
        embedding_dim: int | None = None,
        hidden_size: int = 128,
        num_layers: int = LSTMConfig.num_layers,
        dropout: float = LSTMConfig.dropout,
        embedding_dropout: float = LanguageConfig.embedding_dropout,
        input_dropout: float = LanguageConfig.input_dropout,
        hidden_dropout: float = LanguageConfig.hidden_dropout,
        recurrent_dropout: float = LSTMConfig.recurrent_dropout,
        output_dropout: float = LanguageConfig.output_dropout,
        tied: bool = LanguageConfig.tied,
        cutoffs: Sequence[int] | None = None,
        softmax_precision: str = LanguageConfig.softmax_precision,
        init_range: float | None = LanguageConfig.init_range,
        lstm_options: Mapping[str, Any] | None = None,
        stateful: bool = True,
        bptt: int = TrainingConfig.bptt,
        max_epochs: int = 10,
        batch_size: int = TrainingConfig.batch_size,
        learning_rate: float = TrainingConfig.learning_rate,
        clip_norm: float | None = 5.0,
        l2: float = TrainingConfig.l2,
        validation_fraction: float | None = None,
        patience: int | None = TrainingConfig.patience,
        training_options: Mapping[str, Any] | None = None,
        checkpoint_dir: str | Path | None = None,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        verbose: int = TrainingConfig.verbose,
        logger: str | Logger | None = None,
        logger_dir: str | Path | None = None,
    ) -> None:
        self.tokens = tokens
        self.vocabulary_size = vocabulary_size
        self.lowercase = lowercase
        self.embedding_dim = embedding_dim
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.embedding_dropout = embedding_dropout
        self.input_dropout = input_dropout
        self.hidden_dropout = hidden_dropout
        self.recurrent_dropout = recurrent_dropout
        self.output_dropout = output_dropout
        self.tied = tied
        self.cutoffs = cutoffs
        self.softmax_precision = softmax_precision
        self.init_range = init_range
        self.lstm_options = lstm_options
        self.stateful = stateful
        self.bptt = bptt
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.clip_norm = clip_norm
        self.l2 = l2
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.training_options = training_options
        self.checkpoint_dir = checkpoint_dir
        self.random_state = random_state
        self.verbose = verbose
        self.logger = logger
        self.logger_dir = logger_dir

    def fit(self, X: LongOrSeveral, y: None = None, *, validation: LongOrSeveral | None = None) -> Self:
        """Fit, from new weights, with a vocabulary learnt from the texts.

        Parameters
        ----------
        X : str or list of str
            One long text, or several.
        y : None
            Not looked at; there for scikit-learn.
        validation : str or list of str, optional
            Text that is only measured, and that early stopping judges by.

        Returns
        -------
        self

        Raises
        ------
        InputError
            Where there is no text, or no token in it.
        OptionError
            Where a parameter is out of its range, or parameters do not go together.
        NonFiniteLossError
            Where the loss became NaN or infinite. The estimator then holds the epochs before that, if there are any.
        TrainingError
            Where ``checkpoint_dir`` holds the checkpoint of another fit.

        Notes
        -----
        After every other error, or an interrupt, the estimator is as it was before the call.
        """
        with self._kept_unless_trained():
            self._train(*self._training_run(X, validation=validation))
        return self

    def _training_run(
        self, X: LongOrSeveral, y: None = None, *, validation: LongOrSeveral | None = None
    ) -> TrainingRun:
        seed = self._draw_seed()
        config = training_config(self.get_params(deep=False), seed, self._default_training)
        texts, rest = read_parts(X, validation, self.validation_fraction, seed=seed)
        check_watched(config, rest)
        train = self._learnt(texts, one_text=isinstance(X, str))
        held_out = None if rest is None else self._marked(rest)
        return TrainingRun(
            seed,
            config,
            self._source(train, config),
            None if held_out is None else self._source(held_out, config),
            lambda: {"train": fingerprint(train), "validation": held_out and fingerprint(held_out)},
        )

    def partial_fit(self, X: LongOrSeveral, y: None = None) -> Self:
        """Train for one more epoch, on these texts; the first call begins as ``fit`` does.

        The vocabulary stays as the first call learnt it, the optimiser keeps its moments, and each call adds a row to
        ``history_``. ``checkpoint_dir``, ``validation_fraction``, ``patience`` and ``lr_schedule`` have no part in it,
        and parameters of the network stay those of the first call. Errors as in ``fit``.
        """
        with self._kept_unless_trained():
            first = not self.__sklearn_is_fitted__()
            seed = self._draw_seed() if first else self.seed_
            config = training_config(self.get_params(deep=False), seed, self._default_training, **ONE_EPOCH)
            if not first:
                self._check_same_network()
            texts = read_texts(X)
            tokens = self._learnt(texts, one_text=isinstance(X, str)) if first else self._marked(texts)
            if first:
                self._train_new(seed, config, self._source(tokens, config))
            else:
                self._train_on(config, self._source(tokens, config))
        return self

    def perplexity(self, X: LongOrSeveral) -> float:
        """Return the perplexity: the exponential of the mean of ``-log p`` over all tokens, see ``log_prob``.

        Raises
        ------
        InputError
            Where there is no text, or no token in it.
        """
        try:
            return math.exp(-self.score(X))
        except OverflowError:
            return math.inf

    def score(self, X: LongOrSeveral, y: None = None) -> float:
        """Return the mean log-probability of a token in nats, ``-log(perplexity(X))``: more is better."""
        return float(self.log_prob(X).mean())

    def log_prob(self, X: LongOrSeveral) -> NDArray[np.float64]:
        """Return the log-probability of each token given all before it in its text, ``(n,)`` in nats.

        The tokens are those of ``tokenizer_.split(text)``, of one text after the other; where the model was fitted on
        several texts, the end mark comes behind each. An unknown token has the probability of ``<unk>``. Each text is
        read from beginning to end with its state carried, whatever ``stateful`` says. Errors as in ``perplexity``.
        """
        check_is_fitted(self)
        result: NDArray[np.float64] = log_probabilities(self.network_, self._marked(read_texts(X))).numpy()
        return result

    def unigram_log_prob(self, X: LongOrSeveral) -> NDArray[np.float64] | None:
        """Return the log-probability of each token by how often the training texts have it, ``(n,)`` in nats.

        The simple rule beside ``log_prob``, whose order it has: it looks at nothing before a token. One is added to
        every count, so that no token is impossible. None of a model whose file does not know the counts.
        """
        check_is_fitted(self)
        if self.token_counts_ is None:
            return None
        tokens = self._marked(read_texts(X))
        counts = self.token_counts_.double() + 1
        result: NDArray[np.float64] = (counts / counts.sum()).log()[tokens.values[predicted(tokens)]].numpy()
        return result

    def generate(
        self,
        prompt: str = "",
        max_new: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> str:
        """Return the text that follows a prompt, without it.

        Parameters
        ----------
        prompt : str
            What is read first; an empty one stands for the beginning of a text.
        max_new : int
            Tokens at most, at least 0. A model of several texts ends where it draws the end mark.
        temperature, top_k, top_p, seed
            See ``gatecell.estimators.sampling.Sampler``. ``<unk>`` is never drawn, though a prompt may have unknown
            tokens.

        Raises
        ------
        OptionError
            Where a value is out of its range.
        """
        check_integer("max_new", max_new, minimum=0)
        return "".join(islice(self.stream(prompt, temperature, top_k, top_p, seed), max_new))

    def stream(
        self,
        prompt: str = "",
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Iterator[str]:
        """Yield the text that follows a prompt, token by token, without end but the end mark.

        The state is carried, so that every token takes the same work, however long the text has become. A piece of
        byte-pairs may be empty, see ``LanguageTokenizer.pieces``. Parameters and errors as in ``generate``.
        """
        check_is_fitted(self)
        if not isinstance(prompt, str):
            raise InputTypeError(f"The prompt must be a text, got {type(prompt).__name__}.")
        tokenizer = self.tokenizer_
        ends = not self.one_text_
        # of words, the mark is the end of a line too
        never = [] if ends or tokenizer.unit == "word" else [tokenizer.mark]
        never += [] if tokenizer.unknown is None else [tokenizer.unknown]
        sampler = Sampler(temperature, top_k, top_p, seed, never)
        numbers = tokenizer.marked(read_texts(prompt, name="prompt"), end=False).values
        new = drawn(self.network_, numbers, sampler, end=tokenizer.mark if ends else None)
        return tokenizer.pieces(new, behind=prompt)

    def takes(self) -> str:
        """Return in a few words what a fitted estimator takes as ``X``."""
        return f"text of {self.tokenizer_.unit}s"

    def _learnt(self, texts: Sequence[str], *, one_text: bool) -> Tokens:
        """Return the tokens of texts whose vocabulary is learnt and noted."""
        unit: Any = self.tokens
        self.tokenizer_ = LanguageTokenizer.learn(
            texts, LanguageTokenizerConfig(unit=unit, vocabulary_size=self.vocabulary_size, lowercase=self.lowercase)
        )
        self.one_text_ = one_text
        tokens = self._marked(texts)
        self.token_counts_ = torch.bincount(tokens.values[predicted(tokens)], minlength=len(self.tokenizer_))
        return tokens

    def _marked(self, texts: Sequence[str]) -> Tokens:
        return marked_tokens(self.tokenizer_, texts, end=not self.one_text_)

    def _source(self, tokens: Tokens, config: TrainingConfig) -> StreamSource:
        return StreamSource(Streams.deal(tokens, lanes=config.batch_size, steps=config.bptt))

    def _network_config(self) -> Any:
        parameters: dict[str, Any] = self.get_params(deep=False)
        own = (
            "tied",
            "embedding_dropout",
            "input_dropout",
            "hidden_dropout",
            "output_dropout",
            "softmax_precision",
            "init_range",
        )
        # what lies between the layers is the language network's own
        lstm = lstm_config(parameters, input_dropout=0.0, bidirectional=False)
        size = self.embedding_dim
        cutoffs: Any = () if self.cutoffs is None else self.cutoffs
        return LanguageConfig(
            vocabulary_size=len(self.tokenizer_),
            embedding_dim=lstm.output_size if size is None else size,
            lstm=lstm,
            cutoffs=cutoffs,
            **{name: parameters[name] for name in own},
        )

    def _as_fitted(self, asked: Any) -> Any:
        return asked

    @property
    def _loss(self) -> Any:
        return StreamObjective(stateful=self.stateful)

    @property
    def _metrics(self) -> dict[str, Metric]:
        return {}

    @property
    def _engine_steps(self) -> Steps:
        return "dense"

    def _inputs_to_json(self) -> dict[str, Any]:
        tokenizer = self.tokenizer_
        return {"tokenizer": tokenizer.to_json(), "unit": tokenizer.unit, "one_text": self.one_text_}

    def _inputs_from_json(self, values: Stated) -> None:
        self.tokenizer_ = LanguageTokenizer.restored(
            values.text("tokenizer"), values.choice("unit", UNITS), most_bytes=memory_for(weight_bytes(self.network_))
        )
        self.one_text_ = values.flag("one_text")
        n_tokens = self.network_.config.vocabulary_size
        if len(self.tokenizer_) != n_tokens:
            raise InputError(f"a vocabulary of {len(self.tokenizer_)} tokens for a network of {n_tokens}")

    def _fitted_tensors(self) -> dict[str, Tensor]:
        return {} if self.token_counts_ is None else {"token_counts": self.token_counts_}

    def _fitted_from_tensors(self, tensors: dict[str, Tensor]) -> None:
        # files that were written before reports lack it
        counts = self.token_counts_ = tensors.get("token_counts")
        if counts is not None and (
            counts.dtype != torch.int64 or counts.shape != (len(self.tokenizer_),) or bool((counts < 0).any())
        ):
            raise ArtifactError(f"counts of shape {tuple(counts.shape)} for {len(self.tokenizer_)} tokens")

    def _fitted_to_json(self) -> dict[str, Any]:
        return {}

    def _fitted_from_json(self, values: Stated) -> None:
        """Note nothing: there are no targets beside the texts."""
