"""Reference values of how scores tell two sets apart, by NumPy and scikit-learn.

    python make_tasks.py    (numpy 2.4, scikit-learn 1.9, safetensors 0.8; deterministic; writes tasks.safetensors beside it)

`ordinary` are the scores of what is to be kept, `foreign` of what is to be found; some are equal, within a set and between
the two.
"""

import pathlib

import numpy as np
from safetensors.numpy import save_file
from sklearn.metrics import roc_auc_score, roc_curve

POINTS = 33


def delong(ordinary, foreign):
    """The standard error of the area under the curve by DeLong, DeLong and Clarke-Pearson 1988."""
    wins = (ordinary[:, None] > foreign[None, :]) + 0.5 * (ordinary[:, None] == foreign[None, :])
    return np.sqrt(wins.mean(1).var(ddof=1) / len(ordinary) + wins.mean(0).var(ddof=1) / len(foreign))


def curve(ordinary, foreign):
    """The part found at even parts rejected. scikit-learn finds what scores high: foreign pictures score low."""
    labels = np.r_[np.zeros(len(ordinary)), np.ones(len(foreign))]
    rejected, found, _ = roc_curve(labels, -np.r_[ordinary, foreign], drop_intermediate=False)
    # straight lines between thresholds; of several parts found at one part rejected the largest
    at = np.linspace(0, 1, POINTS)
    after = np.searchsorted(rejected, at, side="right")
    before, after = after - 1, np.minimum(after, len(rejected) - 1)
    width = rejected[after] - rejected[before]
    part = np.divide(at - rejected[before], width, out=np.zeros(POINTS), where=width > 0)
    return found[before] + part * (found[after] - found[before])


def main():
    generator = np.random.default_rng(5)
    ordinary = np.round(generator.normal(1.0, 1.0, 230), 1).astype(np.float32)
    foreign = np.round(generator.normal(0.2, 1.5, 170), 1).astype(np.float32)
    labels = np.r_[np.ones(len(ordinary)), np.zeros(len(foreign))]
    one = lambda value: np.array([value], dtype=np.float64)
    values = {
        "ordinary": ordinary,
        "foreign": foreign,
        "auc": one(roc_auc_score(labels, np.r_[ordinary, foreign])),
        "error": one(delong(ordinary.astype(np.float64), foreign.astype(np.float64))),
        "curve": curve(ordinary, foreign).astype(np.float64),
        "quantiles": np.quantile(ordinary.astype(np.float64), np.linspace(0, 1, 101)),
    }
    for name in ["auc", "error"]:
        print(name, values[name])
    save_file(values, pathlib.Path(__file__).parent / "tasks.safetensors")


if __name__ == "__main__":
    main()
