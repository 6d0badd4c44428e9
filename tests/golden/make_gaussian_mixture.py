"""Golden densities of a small mixture of Gaussians, from SciPy's multivariate normal, for tests/golden in the crate.

    python make_gaussian_mixture.py    (NumPy 2.4, SciPy 1.17, safetensors 0.8; deterministic; writes gaussian-mixture.safetensors)

One Gaussian for each of ten digits on 40 orthonormal directions of 784 pixels, as crate/src/models/gaussian_mixture.rs
describes them. SciPy is asked for the density of all 784 pixels, by the whole covariance: basis^T S basis plus the noise's
variance in all other directions.
"""

import json
import pathlib

import numpy as np
from safetensors.numpy import save_file
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

PIXELS, DIRECTIONS, DIGITS, IMAGES = 784, 40, 10, 6


def main():
    generator = np.random.default_rng(5)
    half = lambda values: np.asarray(values).astype(np.float16).astype(float)
    mean = half(generator.random(PIXELS) * 0.5)
    basis = np.linalg.qr(generator.standard_normal((PIXELS, DIRECTIONS)))[0].T
    log_weights = np.log(generator.dirichlet(np.full(DIGITS, 3.0)))
    means = generator.standard_normal((DIGITS, DIRECTIONS))
    factors = np.tril(generator.standard_normal((DIGITS, DIRECTIONS, DIRECTIONS)) * 0.05)
    factors[:, range(DIRECTIONS), range(DIRECTIONS)] = 0.5 + generator.random((DIGITS, DIRECTIONS))
    inverses = np.linalg.inv(factors)
    log_noise = np.log(0.2)

    chosen = generator.integers(DIGITS, size=IMAGES)
    z = means[chosen] + np.einsum("nij,nj->ni", factors[chosen], generator.standard_normal((IMAGES, DIRECTIONS)))
    x = half(np.clip(mean + z @ basis + 0.2 * generator.standard_normal((IMAGES, PIXELS)), 0, 1))
    middle = (255 * x + 0.5) / 256
    rest = np.eye(PIXELS) - basis.T @ basis
    joint = np.stack([
        log_weight + multivariate_normal.logpdf(
            middle, mean + m @ basis, basis.T @ (factor @ factor.T) @ basis + np.exp(2 * log_noise) * rest, allow_singular=False)
        for log_weight, m, factor in zip(log_weights, means, factors)
    ], 1)
    density = logsumexp(joint, axis=1)
    out = {"mean": mean, "basis": basis, "log_weights": log_weights, "means": means, "factors": factors, "inverses": inverses,
           "log_noise": np.array([log_noise]), "x": x, "posterior": np.exp(joint - density[:, None]),
           "log_likelihood": density - PIXELS * np.log(256)}
    config = {"family": "gaussian_mixture", "size": 1}
    path = pathlib.Path(__file__).with_name("gaussian-mixture.safetensors")
    save_file({name: np.ascontiguousarray(value, np.float32) for name, value in out.items()}, path, {"inkling": json.dumps(config)})


main()
