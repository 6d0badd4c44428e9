"""Reference values of the classical models, by NumPy, SciPy and scikit-learn.

    python make_classical.py    (numpy 2.4, scipy 1.17, scikit-learn 1.9, safetensors 0.8; deterministic;
                                 writes classical.safetensors beside it)

`images` are bytes: strokes at random places, some of each class; the fits read those over 127 as ink. Mixtures have two
components for each of ten classes. Couplings of the Markov field reach one row and column.
"""

import pathlib

import numpy as np
from safetensors.numpy import save_file
from scipy.optimize import minimize
from scipy.special import expit, logsumexp
from sklearn.naive_bayes import BernoulliNB

SIDE, CLASSES, EACH = 28, 10, 4


def strokes(generator):
    """Bars whose slant depends on the class."""
    images, labels = [], []
    y, x = np.mgrid[0:SIDE, 0:SIDE] - 13.5
    for label in range(CLASSES):
        for _ in range(EACH):
            angle = np.pi * label / CLASSES + 0.1 * generator.standard_normal()
            across = x * np.cos(angle) + y * np.sin(angle) - 3 * generator.standard_normal()
            along = y * np.cos(angle) - x * np.sin(angle)
            ink = 255 * np.exp(-((across / 2) ** 2)) * (np.abs(along) < 9)
            images.append(np.floor(ink).reshape(-1))
            labels.append(label)
    return np.array(images), np.array(labels)


def mixture(logits, log_weights, x):
    joint = log_weights + x @ logits.T - np.logaddexp(0, logits).sum(1)
    likelihood = logsumexp(joint, axis=1)
    responsibilities = np.exp(joint - likelihood[:, None])
    return likelihood, responsibilities, responsibilities.reshape(len(x), CLASSES, -1).sum(2)


HALF = [(0, 1), (1, -1), (1, 0), (1, 1)]


def shifted(pictures, row, column):
    wide = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    return wide[:, 1 + row : 1 + row + SIDE, 1 + column : 1 + column + SIDE]


def neighbours(pictures):
    return np.stack([shifted(pictures, r, c) + shifted(pictures, -r, -c) for r, c in HALF], -1)


def pseudo_likelihood(pictures, precision):
    seen = neighbours(pictures)

    def objective(parameters):
        couplings, bias = parameters[:4], parameters[4:].reshape(SIDE, SIDE)
        field = seen @ couplings + bias
        error = pictures - expit(field)
        value = (pictures * field - np.logaddexp(0, field)).sum() - precision / 2 * (parameters**2).sum()
        gradient = np.concatenate([(error[..., None] * seen).sum((0, 1, 2)), error.sum(0).reshape(-1)])
        return -value, -(gradient - precision * parameters)

    found = minimize(objective, np.zeros(4 + SIDE * SIDE), jac=True, method="L-BFGS-B",
                     options={"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9})
    return found.x[:4], found.x[4:]


def kernel(couplings):
    grid = np.zeros((3, 3))
    for (row, column), value in zip(HALF, couplings):
        grid[1 + row, 1 + column] = grid[1 - row, 1 - column] = value
    return grid


def conditional_modes(couplings, bias, given, evidence):
    """One sweep in four colours from the given picture, and the energy after it."""
    x = given.copy()
    own = bias.reshape(SIDE, SIDE) + evidence * (2 * given - 1)
    for row in range(2):
        for column in range(2):
            field = neighbours(x) @ couplings + own
            x[:, row::2, column::2] = (field > 0)[:, row::2, column::2]
    return x, -(x * (0.5 * neighbours(x) @ couplings + own)).sum((1, 2))


def main():
    generator = np.random.default_rng(7)
    images, labels = strokes(generator)
    binary = (images > 127).astype(float)
    out = {"images": images, "labels": labels, "test": (strokes(generator)[0][::5] > 127).astype(float)}

    logits = np.clip(2 * generator.standard_normal((2 * CLASSES, SIDE * SIDE)) - 2, -8, 8).astype(np.float16).astype(float)
    weights = generator.random(2 * CLASSES)
    log_weights = np.log(weights / weights.sum())
    out["logits"], out["log_weights"] = logits, log_weights
    out["log_likelihood"], out["responsibilities"], out["posterior"] = mixture(logits, log_weights, out["test"])

    bayes = BernoulliNB(alpha=1.0, binarize=None).fit(binary, labels)
    on = bayes.feature_log_prob_
    out["bayes_logits"] = on - np.log1p(-np.exp(on))
    out["bayes_log_prior"] = bayes.class_log_prior_
    out["bayes_posterior"] = bayes.predict_proba(out["test"])
    out["bayes_log_likelihood"] = logsumexp(bayes.predict_joint_log_proba(out["test"]), axis=1)

    couplings, bias = pseudo_likelihood(binary.reshape(-1, SIDE, SIDE), 1.0)
    flips = generator.random(out["test"].shape) < 0.1
    given = np.where(flips, 1 - out["test"], out["test"])
    evidence = np.log(9)
    pixels, energy = conditional_modes(couplings, bias, given.reshape(-1, SIDE, SIDE), evidence)
    out["couplings"], out["bias"], out["given"] = kernel(couplings), bias, given
    out["modes"], out["energy"] = pixels.reshape(len(given), -1), energy

    path = pathlib.Path(__file__).with_name("classical.safetensors")
    small = {"images", "labels", "test", "logits", "given", "modes"}
    save_file({name: np.ascontiguousarray(value, np.float16 if name in small else np.float32) for name, value in out.items()}, path)


main()
