//! The recipes of the adversarial networks.

use super::recipe::{Recipe, Task};
use crate::data::PIXELS;
use crate::models::family::Family;
use crate::models::gan_config::{GanConfig, Generator};
use crate::models::gan_step::{Adversary, Loss, Regulariser};
use crate::models::gan_style::StyleGenerator;
use crate::models::layers::Layer;

/// All of them.
pub fn recipes() -> Vec<Recipe> {
    vec![textbook(), deep(), dcgan(), wgan(), style()]
}

/// Where the models of a recipe fail, for their cards.
pub fn limits(name: &str) -> &'static str {
    match name {
        "gan-textbook" => {
            "Fully connected layers see no neighbourhood: strokes are speckled and break off. It knows no classes, and \
             nothing in its loss asks for every digit equally often; the table of digits shows what it prefers."
        }
        "gan-deep" => {
            "As the textbook's: specks, broken strokes, digits that are none, and some digits more often than others. \
             Dropout slows its discriminator down, no more. The file holds the generator alone."
        }
        "dcgan" => {
            "Rare ways of writing a digit are drawn too rarely. It cannot be asked for a picture that lies between two \
             digits, for it was always told one of ten. The discriminator's score is of use near digits only: of other \
             pictures it was never asked."
        }
        "wgan" => {
            "Smaller than the other convolutional one, and it shows: strokes of uneven width, some digits that are none. \
             The critic's score has no zero; only differences between scores of one digit mean something."
        }
        _ => {
            "Coarse and fine styles are what 7, 14 and 28 pixels a side allow: far fewer levels than in pictures of faces. \
             Mixing codes of different digits may give a picture of neither. Its noise inputs were left nearly unused (strengths below \
             0.002): so small a digit has no detail that its code does not decide."
        }
    }
}

fn linear(out: usize) -> Layer {
    Layer::Linear { out }
}

/// Halves the side.
fn down(channels: usize) -> Layer {
    Layer::Conv { channels, kernel: 4, stride: 2, padding: 1 }
}

/// Doubles the side.
fn up(channels: usize) -> Layer {
    Layer::ConvTranspose { channels, kernel: 4, stride: 2, padding: 1 }
}

/// 100-256-512-784 against 784-512-256-1.
fn textbook() -> Recipe {
    let model = GanConfig {
        family: Family::Gan,
        z_dim: 100,
        conditional: false,
        generator: Generator::Layers(vec![linear(256), linear(512), linear(PIXELS)]),
        discriminator: vec![linear(512), linear(256), linear(1)],
        slopes: [0.0, 0.2],
        training: None,
    };
    let adversary =
        Adversary { loss: Loss::NonSaturating, regulariser: Regulariser::None, dropout: 0.0, discriminator_rate: 1.0 };
    Recipe {
        name: "gan-textbook".into(),
        title: "Textbook GAN, 100-256-512-784".into(),
        task: Task::Gan { model, adversary, keep_discriminator: true },
        batch: 128,
        epochs: 40,
        learning_rate: 2e-4,
        warm_up_steps: 0,
        beta1: 0.5,
        beta2: 0.999,
        weight_decay: 0.0,
        ema_decay: 0.999,
        clip_norm: 1000.0,
    }
}

/// 100-256-512-1024-784 with leaky ReLU against 784-1024-512-256-1 with dropout.
fn deep() -> Recipe {
    let base = textbook();
    let model = GanConfig {
        family: Family::Gan,
        z_dim: 100,
        conditional: false,
        generator: Generator::Layers(vec![linear(256), linear(512), linear(1024), linear(PIXELS)]),
        discriminator: vec![linear(1024), linear(512), linear(256), linear(1)],
        slopes: [0.2, 0.2],
        training: None,
    };
    let adversary =
        Adversary { loss: Loss::NonSaturating, regulariser: Regulariser::None, dropout: 0.3, discriminator_rate: 1.0 };
    Recipe {
        name: "gan-deep".into(),
        title: "Deep fully connected GAN, leaky ReLU and dropout".into(),
        task: Task::Gan { model, adversary, keep_discriminator: false },
        ..base
    }
}

/// Halves the side, for a side that is odd too.
fn last_down(channels: usize) -> Layer {
    Layer::Conv { channels, kernel: 3, stride: 2, padding: 1 }
}

/// The convolutional one, told the digit. No layer normalises: with the penalty on the discriminator's slope none has to.
fn dcgan() -> Recipe {
    let base = textbook();
    let picture = Layer::Unflatten { channels: 32, side: 7 };
    let model = GanConfig {
        family: Family::Gan,
        z_dim: 64,
        conditional: true,
        generator: Generator::Layers(vec![linear(128), linear(32 * 49), picture, up(24), up(1)]),
        discriminator: vec![down(24), down(48), last_down(64), linear(96), linear(10)],
        slopes: [0.2, 0.2],
        training: None,
    };
    let adversary = Adversary {
        loss: Loss::Relativistic,
        regulariser: Regulariser::R1 { gamma: 2.0, share: 4 },
        dropout: 0.0,
        discriminator_rate: 1.0,
    };
    Recipe {
        name: "dcgan".into(),
        title: "Convolutional GAN, told the digit".into(),
        task: Task::Gan { model, adversary, keep_discriminator: true },
        batch: 64,
        epochs: 8,
        learning_rate: 1e-3,
        warm_up_steps: 100,
        beta1: 0.0,
        beta2: 0.99,
        ema_decay: 0.998,
        ..base
    }
}

/// The Wasserstein critic with a gradient penalty, both networks at one rate (as Karras et al. 2018 train theirs).
fn wgan() -> Recipe {
    let base = dcgan();
    let picture = Layer::Unflatten { channels: 32, side: 7 };
    let model = GanConfig {
        family: Family::Gan,
        z_dim: 32,
        conditional: true,
        generator: Generator::Layers(vec![linear(64), linear(32 * 49), picture, up(24), up(1)]),
        discriminator: vec![down(24), down(48), last_down(64), linear(64), linear(10)],
        slopes: [0.2, 0.2],
        training: None,
    };
    let adversary = Adversary {
        loss: Loss::Wasserstein,
        regulariser: Regulariser::GradientPenalty { lambda: 10.0, share: 2 },
        dropout: 0.0,
        discriminator_rate: 1.0,
    };
    Recipe {
        name: "wgan".into(),
        title: "Wasserstein GAN with a gradient penalty".into(),
        task: Task::Gan { model, adversary, keep_discriminator: true },
        ..base
    }
}

/// The style-based generator against the convolutional one's discriminator.
fn style() -> Recipe {
    let base = dcgan();
    let Task::Gan { model, adversary, .. } = &base.task else { return base };
    let style = StyleGenerator { mapping: vec![64, 64, 64], channels: [48, 24, 12] };
    let model = GanConfig { generator: Generator::Style(style), ..model.clone() };
    Recipe {
        name: "style-gan".into(),
        title: "Style-based GAN, told the digit".into(),
        task: Task::Gan { model, adversary: adversary.clone(), keep_discriminator: true },
        ..base
    }
}
