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
                channels: [24, 32, 48],
                hidden: 64,
                step_size: 10.0,
                noise: 0.005,
                training: None,
            },
            chains: ChainTraining {
                steps: 10,
                replay: 2_000,
                fresh: 0.05,
                image_noise: 0.03,
                regularisation: 0.1,
                classification: 0.0,
            },
        },
        batch: 64,
        epochs: 2,
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
            "Its chains mix slowly: one that shows a 1 may show nothing else for hundreds of sweeps. Its log-likelihood \
             rests on an estimate of log Z: annealed forwards it comes out too low where the chains miss a part of the \
             model, and the likelihood too good; annealed back it errs to the other side."
        }
        _ => {
            "Its energy was learned along its own chains: it knows the way from noise to digits, not how probable a \
             digit is. Much longer chains, other step sizes or more noise bring hard edges and specks, and a chain hardly \
             ever changes its digit. Its steps have far less noise than true Langevin dynamics at this step size."
        }
    }
}
