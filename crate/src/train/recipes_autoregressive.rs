//! The recipes of the autoregressive models. Sizes were chosen by nats for each minute of training on one core.

use super::recipe::{Recipe, Task};
use crate::data::binarize::Binarization;
use crate::models::autoregressive::{Architecture, AutoregressiveConfig};

/// All three.
pub(super) fn recipes() -> Vec<Recipe> {
    let recipe = |name: &str, title: &str, window, network, epochs| Recipe {
        name: name.into(),
        title: title.into(),
        task: Task::Autoregressive {
            model: AutoregressiveConfig::new(window, network),
            binarization: Binarization::Dynamic,
        },
        batch: 32,
        epochs,
        learning_rate: 3e-3,
        warm_up_steps: 100,
        beta1: 0.9,
        beta2: 0.99,
        weight_decay: 0.01,
        ema_decay: 0.999,
        clip_norm: 1.0,
    };
    let cnn = Architecture::PixelCnn { channels: 32, blocks: 5 };
    let rnn = Architecture::RowLstm { units: 64, layers: 1 };
    let transformer = Architecture::Transformer { width: 64, layers: 4, heads: 2 };
    vec![
        recipe("pixelcnn", "Gated PixelCNN", [5, 7], cnn, 3),
        recipe("pixelrnn", "PixelRNN (row LSTM)", [5, 7], rnn, 3),
        recipe("pixel-transformer", "Causal transformer over 2 x 2 patches", [3, 4], transformer, 3),
    ]
}

/// Where the models of a recipe fail, for their cards.
pub(super) fn limits(name: &str) -> &'static str {
    match name {
        "pixelcnn" => {
            "Each pixel follows from what lies near: strokes are smooth and ends meet, but what was begun at the top is \
             forgotten at the bottom, so some pictures are no digit. It cannot look at what comes later: of a prefix that \
             no digit begins with it makes the best it can."
        }
        "pixelrnn" => {
            "The state moves down the picture one row at a time and one column to either side: what was written far to \
             one side is seen late. A row must wait for the one above, so training does not use a wide machine well. It \
             cannot look at what comes later."
        }
        _ => {
            "It writes four pixels at once, from 16 patterns, so that a temperature sharpens patches, not pixels. It sees all \
             that was written, and nothing that comes later: of a prefix that no digit begins with it makes the best it can."
        }
    }
}
