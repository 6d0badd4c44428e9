//! The recipes of energy-based models.

use super::energy::ChainTraining;
use super::recipe::{Recipe, Task};
use crate::data::binarize::Binarization;
use crate::models::energy::EnergyConfig;
use crate::models::family::Family;
use crate::models::rbm::RbmConfig;

/// All of them.
pub fn recipes() -> Vec<Recipe> {
    let energy = Recipe {
        name: "energy".into(),
        title: "Convolutional energy model".into(),
        task: Task::Energy {
            model: EnergyConfig {
                family: Family::Energy,
                channels: [32, 48, 64],
                hidden: 64,
                step_size: 10.0,
                noise: 0.01,
                training: None,
            },
            chains: ChainTraining {
                steps: 20,
                replay: 2_000,
                fresh: 0.05,
                image_noise: 0.03,
                regularisation: 0.1,
                classification: 0.0,
            },
        },
        batch: 64,
        epochs: 8,
        learning_rate: 1e-3,
        warm_up_steps: 100,
        beta1: 0.0,
        beta2: 0.999,
        weight_decay: 0.0,
        ema_decay: 0.99,
        clip_norm: 0.1,
    };
    let rbm = Recipe {
        name: "rbm".into(),
        title: "Restricted Boltzmann machine, 784-500".into(),
        task: Task::Rbm { model: RbmConfig::new(500), chains: 128, binarization: Binarization::Dynamic },
        batch: 128,
        epochs: 60,
        learning_rate: 0.05,
        warm_up_steps: 0,
        // plain gradient ascent: the optimizer's decays and the clipping are not used
        beta1: 0.0,
        beta2: 0.0,
        weight_decay: 0.0,
        ema_decay: 0.999,
        clip_norm: 0.0,
    };
    vec![rbm, energy]
}

/// Where the models of these recipes fail.
pub fn limits(name: &str) -> &'static str {
    match name {
        "rbm" => {
            "Its chains mix slowly: one that shows a 1 may show nothing else for hundreds of sweeps, and from noise many \
             end in the same few digits. Its log-likelihood rests on an estimate of log Z, which is too high in the mean \
             when the annealed chains miss a part of the model."
        }
        _ => {
            "Its energy is only known where its chains have been: chains much longer than those of the training, other \
             step sizes or more noise leave the digits behind."
        }
    }
}
