"""Regression on windows of a daily series."""

from types import MappingProxyType

from gatecell.recipes.recipe import Part, Recipe, RecipeData

LOOKBACK = 14
"""Days that are seen. Of 14 and 30, it was no worse on the validation part, and is faster."""
_LAST_TRAINING_YEAR = 1988


def _windows(download: bool) -> RecipeData:
    """Cut the series into windows of ``LOOKBACK`` days, the day after being what is to be predicted.

    The test part is the days of the last two years. No window has a day of the future in it, but the first windows of
    the test part begin with the last days of the training part, as they would in use.
    """
    import numpy as np  # noqa: PLC0415  listing recipes loads no arrays

    from gatecell.data.windows import Windows  # noqa: PLC0415
    from gatecell.datasets.temperatures import load_temperatures  # noqa: PLC0415

    series = load_temperatures(download=download)
    values = series.to_numpy(dtype=np.float64)[:, None]
    windows = Windows(LOOKBACK, horizon=1)
    origins = windows.origins(len(values))
    X, y = windows.seen(values, origins), windows.ahead(values, origins)[:, 0, 0]
    n_train = sum(day.year <= _LAST_TRAINING_YEAR for day in series.index[origins])
    train, test = Part(X[:n_train], y[:n_train]), Part(X[n_train:], y[n_train:])
    baselines = {"mean": np.full(len(test.y), train.y.mean()), "last_value": test.X[:, -1, 0]}
    return RecipeData(train, test, baselines)


REGRESSION = Recipe(
    name="regression",
    summary="The next day's lowest temperature in Melbourne: LSTM(50) -> LSTM(50) -> 1 number, 100 epochs",
    data=f"daily minimum temperatures: windows of {LOOKBACK} days; 1981-1988 to train on, 1989-1990 to test",
    target="test_mae below test_mae_mean and test_mae_last_value",
    estimator="LSTMRegressor",
    parameters=MappingProxyType(
        {
            "hidden_size": 50,
            "num_layers": 2,
            "scaling": "standard",
            "max_epochs": 100,
            "batch_size": 32,
            "learning_rate": 1e-3,
            "validation_fraction": 0.1,
            "patience": 100,
        }
    ),
    load=_windows,
    validates_on_latest=True,
    departures=(
        "The weights of the epoch that is best on the latest tenth of the training windows are kept; the tutorials "
        "keep the last, which after 100 epochs have learned the training windows by heart.",
        "Scaling is fitted on the training windows alone; the tutorials fit it on the whole series, the test part "
        "included.",
        "The mean of the training part and the last value seen are reported beside the network.",
    ),
)
