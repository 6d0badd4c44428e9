"""Reference values of the measures of generated digits, by NumPy, SciPy and scikit-learn.

    python make_metrics.py    (numpy 2.4, scipy 1.17, scikit-learn 1.9, safetensors 0.8; deterministic;
                               writes metrics.safetensors beside it)

The features are random, cut at 0 as those behind a ReLU are. `a` are the real images, `b` the generated ones; the sets of
`few` are smaller than their features are many, so that their covariances are singular.
"""

import pathlib

import numpy as np
from safetensors.numpy import save_file
from scipy import linalg
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import polynomial_kernel

COUNT, FEW, WIDTH = 240, 12, 16


def features(generator, count, shift, spread):
    mix = generator.standard_normal((WIDTH, WIDTH)) / np.sqrt(WIDTH)
    return np.maximum(shift + spread * generator.standard_normal((count, WIDTH)) @ mix, 0).astype(np.float32)


def frechet(a, b):
    """As pytorch-fid, but for the root: by SciPy's general matrix root where the product is regular, and by its
    eigenvalues (all real and not negative for a product of two covariances) where it is singular."""
    s, t = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    if np.linalg.matrix_rank(s @ t) == WIDTH:
        root = np.trace(linalg.sqrtm(s @ t)).real
    else:
        root = np.sqrt(np.maximum(np.linalg.eigvals(s @ t).real, 0)).sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s) + np.trace(t) - 2 * root


def kernel_distance(a, b):
    """The unbiased estimate of Binkowski et al. 2018 on whole sets of one size."""
    scale = np.sqrt((a**2).mean())
    a, b, n = a / scale, b / scale, len(a)
    kernel = lambda x, y: polynomial_kernel(x, y, degree=3, gamma=1 / WIDTH, coef0=1)
    within = lambda x: (kernel(x, x).sum() - np.trace(kernel(x, x))) / (n * (n - 1))
    return within(a) + within(b) - 2 * kernel(a, b).mean()


def inception(p, splits):
    scores = []
    for part in np.array_split(p, splits):
        scores.append(np.exp((part * (np.log(part) - np.log(part.mean(0)))).sum(1).mean()))
    return np.mean(scores), np.std(scores)


def overlap(a, b):
    def radii(x, k):
        return np.sort(pairwise_distances(x), axis=1)[:, k]  # column 0 is the point itself

    d = pairwise_distances(a, b)
    precision = (d <= radii(a, 3)[:, None]).any(0).mean()
    recall = (d <= radii(b, 3)[None, :]).any(1).mean()
    inside = d < radii(a, 5)[:, None]
    return precision, recall, inside.sum(0).mean() / 5, inside.any(1).mean()


def main():
    generator = np.random.default_rng(11)
    a, b = features(generator, COUNT, 0.4, 1.0), features(generator, COUNT, 0.6, 0.8)
    b[: COUNT // 2] = a[: COUNT // 2] + 0.1 * generator.standard_normal((COUNT // 2, WIDTH)).astype(np.float32)
    few_a, few_b = features(generator, FEW, 0.4, 1.0), features(generator, FEW, 0.6, 0.8)
    logits = 2 * generator.standard_normal((COUNT, 10))
    p = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    # what the features are tested with are the f32 values of the file
    wide = lambda x: x.astype(np.float64)
    a64, b64, p64 = wide(a), wide(b), wide(p)
    one = lambda *values: np.array(values, dtype=np.float64)
    values = {
        "a": a,
        "b": b,
        "few_a": few_a,
        "few_b": few_b,
        "probabilities": p,
        "frechet": one(frechet(a64, b64)),
        "frechet_few": one(frechet(wide(few_a), wide(few_b))),
        "kernel_distance": one(kernel_distance(a64, b64)),
        "inception": one(*inception(p64, 10)),
        "overlap": one(*overlap(a64, b64)),
        "nearest": one(pairwise_distances(b64, a64).min(1).mean()),
    }
    for name, value in values.items():
        if value.size < 5:
            print(name, value)
    save_file(values, pathlib.Path(__file__).parent / "metrics.safetensors")


if __name__ == "__main__":
    main()
