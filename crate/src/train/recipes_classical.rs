//! The recipes of models that are fitted in whole passes over the data: by expectation-maximisation, by counting, by
//! Newton's method.

use serde::{Deserialize, Serialize};

use super::recipe::{Recipe, Task};
use crate::data::binarize::Binarization;
use crate::models::classical::ClassicalConfig;
use crate::models::family::Family;

/// What is fitted, and to what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// The model.
    pub model: ClassicalConfig,
    /// How the pixels become 0 and 1; all before the first pass, so that every pass sees the same.
    pub binarization: Binarization,
    /// Times that each image is binarised.
    pub draws: usize,
    /// Images of ink and of paper that each mean pixel of a mixture begins with (0.5: Jeffreys' prior, 1: Laplace's rule);
    /// images of the digit's own variances that each Gaussian begins with; the precision of the parameters' normal prior for a
    /// Markov field.
    pub smoothing: f64,
}

/// The recipes.
pub fn recipes() -> Vec<Recipe> {
    let fit = |family, size, binarization, draws, smoothing| Fit {
        model: ClassicalConfig { family, size, training: None },
        binarization,
        draws,
        smoothing,
    };
    vec![
        recipe(
            "mixture",
            "Mixture of Bernoullis, 50 for each digit",
            fit(Family::Mixture, 50, Binarization::Dynamic, 3, 0.1),
            30,
        ),
        recipe(
            "gaussian-mixture",
            "Mixture of Gaussians, 6 for each digit, on principal components",
            fit(Family::GaussianMixture, 6, Binarization::Grey, 1, 20.0),
            40,
        ),
        recipe("naive-bayes", "Naive Bayes", fit(Family::NaiveBayes, 1, Binarization::Threshold, 1, 1.0), 1),
        recipe("markov-field", "Markov random field", fit(Family::MarkovField, 2, Binarization::Threshold, 1, 1.0), 12),
    ]
}

fn recipe(name: &str, title: &str, fit: Fit, passes: u64) -> Recipe {
    Recipe {
        name: name.into(),
        title: title.into(),
        task: Task::Classical(fit),
        batch: 0,
        epochs: passes,
        learning_rate: 0.0,
        warm_up_steps: 0,
        beta1: 0.0,
        beta2: 0.0,
        weight_decay: 0.0,
        ema_decay: 0.0,
        clip_norm: 0.0,
    }
}

/// Where the models fail, for their cards.
pub fn limits(name: &str) -> &'static str {
    match name {
        "mixture" => {
            "Its digits are the means of some hundred others each: soft, few and always the same. It cannot combine the \
             upper half of one with the lower half of another, so that its likelihood grows only with the logarithm of \
             the number of its components."
        }
        "gaussian-mixture" => {
            "A Gaussian knows no edge of paper: strokes are soft with grey clouds around them, and half of all draws mix two \
             ways to write a digit. Its density spreads over every grey value where real pixels are paper or ink, which costs it \
             several bits a pixel. As a classifier it does well: each digit's covariance says what may vary."
        }
        "naive-bayes" => {
            "It takes every pixel as evidence of its own, although neighbours say the same thing: it is wrong about one \
             digit in six and certain even where it is wrong. It can draw, and what it draws shows what it leaves out."
        }
        _ => {
            "It knows which pixels go together within its neighbourhoods and nothing of strokes or digits: drawn from \
             without a given picture it gives blots. Given a damaged one it removes specks, and thin strokes with them."
        }
    }
}
