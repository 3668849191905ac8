"""Texts to classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from lightning.pytorch.loggers import Logger
from sklearn.utils import Tags

from gatecell._core.errors import InputError, OptionError
from gatecell._core.stated import LARGEST, Stated
from gatecell.artifact.store import memory_for
from gatecell.data.text import END, START, TextTokenizer, TokenizerConfig
from gatecell.data.texts import Texts
from gatecell.data.tokens import TokenRows
from gatecell.data.vectors import Vectors, read_vectors
from gatecell.estimators.classes import ClassTargets
from gatecell.estimators.restoring import weight_bytes
from gatecell.estimators.rows import TrainingRows
from gatecell.estimators.settings import stacked_lstms
from gatecell.kernels.dispatch import Steps
from gatecell.nn.config import (
    ConvolutionConfig,
    EmbeddingFront,
    EncoderFront,
    Front,
    LSTMConfig,
    NetworkConfig,
    ValuesFront,
)
from gatecell.nn.encoder import Encoder, PretrainedEncoder, load_encoder
from gatecell.nn.front import Embedding
from gatecell.nn.network import SequenceNetwork
from gatecell.training.config import TrainingConfig

EMBEDDING_DIM = 64
"""The size of an embedding where neither ``embedding_dim`` nor ``vectors`` says it: small, as the default LSTM is."""
LENGTH_WINDOW = 16
"""Texts are of very unlike lengths; of the texts of this many batches those of like length are put together."""


class LSTMTextClassifier(ClassTargets):
    """Classify texts: a tokenizer, an embedding or a pretrained encoder, LSTM layers, a pooling, a head for classes.

    The vocabulary is learnt from the training texts. Rows are as long as their texts: no step of the LSTM is spent on
    padding. A text without any token (an empty one) is read as one unknown token; no row is left out. Two classes get
    one output with a sigmoid, more of them a softmax; ``y`` may also have several labels a row, as an array of 0 and 1
    of ``(n, k)`` or as a list of tuples of labels; an array whose every row has exactly one 1 is one-hot classes.

    Parameters
    ----------
    tokens : "word", "character" or "byte-pair"
        What a step is. Of a script without spaces, such as Chinese or Thai, a word is a character. See
        ``gatecell.data.text.TokenizerConfig``.
    vocabulary_size : int
        The largest number of different tokens, the four marks included.
    lowercase : bool
        Whether upper and lower case are the same.
    max_length : int or None
        The largest number of steps of a text, marks included; what is beyond is cut off. None: texts are not cut.
    keep : "start" or "end"
        Which end of a text that is too long stays.
    start_mark, end_mark : bool
        Whether a text has a mark before and behind it.
    random_cut : float in [0, 1)
        Augmentation, in training only: up to this share of a text is cut away at random, another stretch in each epoch.
    embedding_dim : int, optional
        The size of the embedding; by default that of ``vectors``, or 64.
    vectors : path or mapping, optional
        Word vectors that the embedding begins with; see ``gatecell.data.vectors.read_vectors``. Words without one
        begin at random. A mapping is not kept in the file that ``save`` writes (the embedding is).
    freeze_embedding : bool
        Whether the embedding stays as it begins; needs ``vectors``.
    embedding_dropout, spatial_dropout, token_dropout : float in [0, 1)
        Dropout of single values of the embedding, of a feature of it for a whole text, and of whole tokens.
    encoder : path or str, optional
        A pretrained encoder in place of tokenizer and embedding, by the folder or the name that ``transformers``'
        ``AutoModel`` takes. ``tokens``, ``vocabulary_size``, ``lowercase``, marks and embedding then have no part, and
        texts are cut to what the encoder reads if that is less than ``max_length``.
    freeze_encoder : bool
        Whether the encoder stays as it is; False: it is trained along.
    conv_filters : int, optional
        Filters of a convolution before the LSTM, followed by max-pooling; None: there is none.
    conv_kernel_size, conv_pool_size : int
        See ``gatecell.nn.config.ConvolutionConfig``.
    hidden_size : int or sequence of int
        Of a sequence each entry is an LSTM, one after the other.
    num_layers, bidirectional, dropout, input_dropout, recurrent_dropout
        Of each LSTM; see ``gatecell.nn.config.LSTMConfig``. ``dropout`` also acts between two LSTMs.
    norm : "batch", "layer" or None
        What stands between two LSTM layers. With ``"batch"``, texts of like length are not put together in batches,
        unless ``training_options`` has ``length_window``: their means would not be those of all texts.
    pooling : "last", "mean", "max", "attention" or "self-attention"
        How the steps become one vector; see ``gatecell.nn.config.NetworkConfig`` and ``attention``.
    attention_heads : int
        Of ``"self-attention"``.
    head_dropout : float in [0, 1)
        Dropout of the pooled values.
    lstm_options : dict, optional
        Any further field of ``LSTMConfig``, as ``{"layer_norm": True}``.
    stateful : bool
        For long rows: a row is read from its first step as ever, but the gradient goes back over its last ``bptt``
        steps alone, and only they need memory for it; the state that they begin with is carried on without one. It
        does not change what is predicted, and needs ``bidirectional=False``.
    bptt : int
        Of ``stateful=True``, at least 1.
    max_epochs, batch_size, learning_rate, clip_norm, l2, patience, verbose
        The training; see ``gatecell.training.config.TrainingConfig``, whose defaults they have but for ``max_epochs``:
        there are many texts, and they are soon learnt by heart.
    validation_fraction : float in (0, 1), optional
        The share of the texts that is set aside for validation, in the proportions of the classes; the vocabulary is
        not learnt from them. None: no validation part, unless ``fit`` is given one.
    class_weight : dict or "balanced", optional
        How much the texts of each class count in the loss, beside ``sample_weight``.
    training_options : dict, optional
        Any further field of ``TrainingConfig``; ``l2_parameters`` says which parts ``l2`` is for, as
        ``{"l2_parameters": ["front.*", "head.*"]}``.
    checkpoint_dir : path, optional
        A folder for a checkpoint at the end of every epoch. A ``fit`` of the same data with the same parameters goes on
        from it, and ends with the same weights as one that was never stopped.
    logger : "csv", "tensorboard", "mlflow", a logger of ``lightning.pytorch.loggers`` or None
        Where the parameters and each row of ``history_`` are logged besides; by default nowhere. ``fit`` begins a new
        log, ``partial_fit`` goes on with it. An object is used as it is, so that each fit wants one of its own.
    logger_dir : path, optional
        The folder that a logger with a name writes to: ``version_0``, ``version_1``, ... in it, one a fit; of MLflow
        the file ``mlflow.db``, unless the variable ``MLFLOW_TRACKING_URI`` names another place. None: the folder
        ``gatecell_logs`` in the working directory.
    random_state : int, Generator, RandomState or None
        Decides the initial weights, the order of the texts, dropout, random cuts and the validation part. An integer
        gives the same result on every call, on one machine with one number of threads.

    Attributes
    ----------
    classes_ : array (n_classes,)
        The labels, sorted.
    tokenizer_ : gatecell.data.text.TextTokenizer
    n_cut_ : int
        How many training texts were longer than ``max_length``.
    network_ : gatecell.nn.network.SequenceNetwork
    history_ : gatecell.training.history.History
        Loss and accuracy of every epoch.
    training_ : gatecell.estimators.base.TrainingSummary
        Best epoch, whether it stopped early, seconds.

    Examples
    --------
    >>> from gatecell import LSTMTextClassifier
    >>> texts = ["a good film", "what a bad film", "good, very good", "bad, very bad"] * 10
    >>> labels = ["pos", "neg", "pos", "neg"] * 10
    >>> model = LSTMTextClassifier(hidden_size=16, learning_rate=0.01, random_state=0).fit(texts, labels)
    >>> model.predict(["such a good plan"]).tolist()
    ['pos']
    """

    _pretrained: PretrainedEncoder | None = None
    _vectors: Vectors | None = None

    def __init__(
        self,
        tokens: str = TokenizerConfig.unit,
        vocabulary_size: int = TokenizerConfig.vocabulary_size,
        lowercase: bool = TokenizerConfig.lowercase,
        max_length: int | None = 500,
        keep: str = TokenRows.keep,
        start_mark: bool = False,
        end_mark: bool = False,
        random_cut: float = TokenRows.random_cut,
        embedding_dim: int | None = None,
        vectors: str | Path | Mapping[str, Any] | None = None,
        freeze_embedding: bool = EmbeddingFront.frozen,
        embedding_dropout: float = EmbeddingFront.dropout,
        spatial_dropout: float = EmbeddingFront.spatial_dropout,
        token_dropout: float = EmbeddingFront.token_dropout,
        encoder: str | Path | None = None,
        freeze_encoder: bool = EncoderFront.frozen,
        conv_filters: int | None = None,
        conv_kernel_size: int = ConvolutionConfig.kernel_size,
        conv_pool_size: int = ConvolutionConfig.pool_size,
        hidden_size: int | Sequence[int] = LSTMConfig.hidden_size,
        num_layers: int = LSTMConfig.num_layers,
        bidirectional: bool = LSTMConfig.bidirectional,
        dropout: float = LSTMConfig.dropout,
        input_dropout: float = LSTMConfig.input_dropout,
        recurrent_dropout: float = LSTMConfig.recurrent_dropout,
        norm: str | None = NetworkConfig.norm,
        pooling: str = NetworkConfig.pooling,
        attention_heads: int = NetworkConfig.attention_heads,
        head_dropout: float = NetworkConfig.head_dropout,
        lstm_options: Mapping[str, Any] | None = None,
        stateful: bool = TrainingConfig.stateful,
        bptt: int = TrainingConfig.bptt,
        max_epochs: int = 10,
        batch_size: int = TrainingConfig.batch_size,
        learning_rate: float = TrainingConfig.learning_rate,
        clip_norm: float | None = TrainingConfig.clip_norm,
        l2: float = TrainingConfig.l2,
        validation_fraction: float | None = None,
        patience: int | None = TrainingConfig.patience,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
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
        self.max_length = max_length
        self.keep = keep
        self.start_mark = start_mark
        self.end_mark = end_mark
        self.random_cut = random_cut
        self.embedding_dim = embedding_dim
        self.vectors = vectors
        self.freeze_embedding = freeze_embedding
        self.embedding_dropout = embedding_dropout
        self.spatial_dropout = spatial_dropout
        self.token_dropout = token_dropout
        self.encoder = encoder
        self.freeze_encoder = freeze_encoder
        self.conv_filters = conv_filters
        self.conv_kernel_size = conv_kernel_size
        self.conv_pool_size = conv_pool_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.recurrent_dropout = recurrent_dropout
        self.norm = norm
        self.pooling = pooling
        self.attention_heads = attention_heads
        self.head_dropout = head_dropout
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
        self.class_weight = class_weight
        self.training_options = training_options
        self.checkpoint_dir = checkpoint_dir
        self.random_state = random_state
        self.verbose = verbose
        self.logger = logger
        self.logger_dir = logger_dir

    def attention(self, text: str) -> list[tuple[str, float]]:
        """Return the tokens of a text and how much the pooling attends to each; the weights sum to 1.

        With ``pooling="self-attention"`` the weight of a token is the mean over all heads and all tokens that look at
        it.

        Raises
        ------
        OptionError
            Where the pooling has no weights, or a convolution has joined tokens.
        """
        rows = self._network_rows(self._read_inputs([text], reset=False), training=False)
        tokens, lengths = rows.take(torch.zeros(1, dtype=torch.int64))
        with torch.inference_mode():
            weights = self.network_.attention(tokens.to(next(self.network_.parameters()).device), lengths)[0]
        if weights.shape[-1] != tokens.shape[1]:
            raise OptionError("The convolution has joined tokens, so that no single one has a weight.")
        if weights.dim() == 3:
            weights = weights.mean(dim=(0, 1))
        vocabulary = self.tokenizer_.vocabulary
        return list(zip((vocabulary[number] for number in tokens[0].tolist()), weights.tolist(), strict=True))

    def step_names(self, row: str) -> list[str]:
        """Return the tokens of a text, as the network reads them."""
        tokens, _ = self._one_row(row)
        vocabulary = self.tokenizer_.vocabulary
        return [vocabulary[number] for number in tokens[0].tolist()]

    def saliency(self, row: str, label: Any = None) -> list[tuple[str, float]]:
        """Return the tokens of a text and what each adds to the log-odds of a class; see ``LSTMClassifier.saliency``.

        Parameters
        ----------
        row : str
        label : optional
            A class, by default the predicted one.

        Raises
        ------
        InputError
            Where there is no such class.
        """
        weights = super().saliency(row, label).sum(axis=1)
        return list(zip(self.step_names(row), weights.tolist(), strict=True))

    def takes(self) -> str:
        """Return in a few words what a fitted estimator takes as ``X``."""
        return f"texts of up to {self._marks_and_limit['max_length'] or 'any number of'} tokens"

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    @property
    def _default_training(self) -> Mapping[str, Any]:
        # a batch of texts of like length has other means than the texts have together, which stand in for it later
        return {"length_window": 1 if self.norm == "batch" else LENGTH_WINDOW}

    def _read_inputs(self, X: Any, *, reset: bool) -> Texts:
        return Texts.from_input(X)

    def _fit_inputs(self, rows: TrainingRows) -> None:
        assert isinstance(rows.X, Texts)
        self._pretrained = self._vectors = None
        if self.encoder is not None:
            self._fit_to_encoder(load_encoder(str(self.encoder)))
        else:
            unit: Any = self.tokens
            config = TokenizerConfig(unit=unit, vocabulary_size=self.vocabulary_size, lowercase=self.lowercase)
            self.tokenizer_ = TextTokenizer.train(rows.X.rows, config)
            self._marks_and_limit: dict[str, Any] = {
                "start_mark": self.tokenizer_.number(START) if self.start_mark else None,
                "end_mark": self.tokenizer_.number(END) if self.end_mark else None,
                "max_length": self.max_length,
            }
            if self.vectors is not None:
                self._vectors = read_vectors(self.vectors, self.tokenizer_.vocabulary)
            elif self.freeze_embedding:
                raise OptionError("freeze_embedding=True needs vectors: an embedding that begins at random must learn.")

    def _fit_to_encoder(self, pretrained: PretrainedEncoder) -> None:
        if self.vectors is not None:
            raise OptionError("Give encoder or vectors, not both: an encoder has an embedding of its own.")
        self._pretrained = pretrained
        self.tokenizer_ = TextTokenizer.from_json(pretrained.tokenizer)
        limits = [limit for limit in (self.max_length, pretrained.max_length) if limit is not None]
        self._marks_and_limit = {
            "start_mark": pretrained.start_mark,
            "end_mark": pretrained.end_mark,
            "max_length": min(limits, default=None),
        }

    def _network_rows(self, X: Texts, *, training: bool) -> TokenRows:
        keep: Any = self.keep
        rows = TokenRows(
            tokens=self.tokenizer_.encode(X.rows),
            keep=keep,
            random_cut=self.random_cut if training else 0.0,
            **self._marks_and_limit,
        )
        if training:
            self.n_cut_ = rows.n_cut
        return rows

    def _network_config(self) -> NetworkConfig:
        convolution = None
        if self.conv_filters is not None:
            convolution = ConvolutionConfig(
                filters=self.conv_filters, kernel_size=self.conv_kernel_size, pool_size=self.conv_pool_size
            )
        parameters: dict[str, Any] = self.get_params(deep=False)
        own = {name: parameters[name] for name in ("norm", "pooling", "attention_heads", "head_dropout")}
        return NetworkConfig(
            front=self._front(),
            convolution=convolution,
            lstm=stacked_lstms(parameters, split=self.norm is not None),
            output_size=self._n_outputs,
            **own,
        )

    def _front(self) -> Front:
        if self._pretrained is not None:
            return EncoderFront(encoder=self._pretrained.config, frozen=self.freeze_encoder)
        size = self.embedding_dim
        if self._vectors is not None:
            found = len(next(iter(self._vectors.values())))
            if size is not None and size != found:
                raise OptionError(
                    f"embedding_dim={size}, but vectors has {found} numbers a word. Leave embedding_dim out."
                )
            size = found
        return EmbeddingFront(
            num_embeddings=len(self.tokenizer_),
            embedding_dim=EMBEDDING_DIM if size is None else size,
            dropout=self.embedding_dropout,
            spatial_dropout=self.spatial_dropout,
            token_dropout=self.token_dropout,
            frozen=self.freeze_embedding,
        )

    @torch.no_grad()
    def _load_pretrained(self, network: SequenceNetwork) -> None:
        if self._pretrained is not None:
            assert isinstance(network.front, Encoder)
            network.front.model.load_state_dict(self._pretrained.weights)
        if self._vectors is not None:
            assert isinstance(network.front, Embedding)
            for place, word in enumerate(self.tokenizer_.vocabulary):
                if word in self._vectors:
                    network.front.table.weight[place] = torch.from_numpy(self._vectors[word])
        # what is in the network need not be kept twice
        self._pretrained = self._vectors = None

    def _inputs_to_json(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer_.to_json(), "n_cut": self.n_cut_, **self._marks_and_limit}

    def _inputs_from_json(self, values: Stated) -> None:
        config = self.network_.config
        self.tokenizer_ = TextTokenizer.from_json(
            values.text("tokenizer"), most_bytes=memory_for(weight_bytes(self.network_))
        )
        n_tokens, front = len(self.tokenizer_), config.front
        if isinstance(front, EmbeddingFront) and front.num_embeddings != n_tokens:
            raise InputError(f"{n_tokens} tokens for an embedding of {front.num_embeddings}")
        if isinstance(front, EncoderFront) and front.encoder_kind.n_tokens(front.encoder) < n_tokens:
            raise InputError(f"{n_tokens} tokens for an encoder of {front.encoder_kind.n_tokens(front.encoder)}")
        if isinstance(front, ValuesFront) or config.context_size:
            raise InputError("a network that does not read tokens")
        self.n_cut_ = values.whole("n_cut")
        self._marks_and_limit = {
            name: values.whole(name, least, most) if values.has(name) else None
            for name, least, most in (
                ("start_mark", 0, n_tokens - 1),
                ("end_mark", 0, n_tokens - 1),
                ("max_length", 1, LARGEST),
            )
        }
        keep: Any = self.keep
        # its own checks, of marks and lengths together
        TokenRows(tokens=self.tokenizer_.encode(["a"]), keep=keep, random_cut=self.random_cut, **self._marks_and_limit)
        if isinstance(front, EncoderFront):
            most, asked = front.encoder_kind.n_positions(front.encoder), self._marks_and_limit["max_length"]
            if asked is None or asked > most:
                raise InputError(f"texts of up to {asked} tokens for an encoder that reads {most}")

    @property
    def _engine_steps(self) -> Steps:
        return "lengths"
