//! The flow's recipe.

use super::recipe::{Recipe, Task};
use crate::data::SIDE;
use crate::models::family::Family;
use crate::models::flow_config::{FlowConfig, Level, Top};

/// Where the flow fails, for its card.
pub const LIMITS: &str = "The pixels of one coupling are drawn without knowing of each other. Where what is already drawn leaves two ways open, \
     some of them take one and some the other: strokes fray, break off or carry specks. Its likelihood rewards fine grain \
     more than form: it is much better than its digits look. It must be told the class.";

/// Two levels of convolutional couplings, 28 to 14 and 14 to 7, and dense ones on the 49 pixels that are left.
pub fn recipe() -> Recipe {
    let model = FlowConfig {
        family: Family::Flow,
        side: SIDE,
        levels: vec![Level { channels: 32, layers: 2 }, Level { channels: 48, layers: 2 }],
        top: Top { couplings: 6, hidden: 96 },
        components: 5,
        paper: 0.99,
        training: None,
    };
    Recipe {
        name: "flow".into(),
        title: "Class-conditional flow, exact likelihood".into(),
        task: Task::Flow { model },
        batch: 64,
        epochs: 12,
        learning_rate: 2e-3,
        warm_up_steps: 200,
        beta1: 0.9,
        beta2: 0.99,
        weight_decay: 0.0,
        ema_decay: 0.999,
        clip_norm: 1.0,
    }
}
