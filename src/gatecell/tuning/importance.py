"""Which parameters mattered: their shares in the spread of the scores."""

from typing import TYPE_CHECKING

from gatecell.tuning.study_file import optuna_module

if TYPE_CHECKING:
    import optuna

FEWEST = 8
"""Finished trials below which shares would be made of luck."""


def importances(study: "optuna.Study") -> dict[str, float]:
    """Return the share of each parameter, the largest first, by functional ANOVA (Hutter, Hoos & Leyton-Brown 2014).

    Returns
    -------
    dict of str to float
        Shares that add up to 1; empty where fewer than 8 trials finished, or all scores are alike.
    """
    optuna = optuna_module()
    finished = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if len(finished) < FEWEST or len({trial.value for trial in finished}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in shares.items()}
