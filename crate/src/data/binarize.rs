//! Binarised MNIST: how grey pixels become zeros and ones. A likelihood means nothing without saying which.

use serde::{Deserialize, Serialize};

use super::streams;
use crate::rng::Philox;

/// How a grey value g in 0..=255 becomes a model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binarization {
    /// 1 with probability g / 255, drawn anew for every training step (by a node of the training graph); a test set is
    /// drawn once (see [`test_set`]).
    Dynamic,
    /// 1 where g / 255 > 0.5.
    Threshold,
    /// g / 255, not binarised: for reconstruction, never for a likelihood in nats on binarised MNIST.
    Grey,
}

impl Binarization {
    /// The words for a model card.
    pub fn describe(self) -> &'static str {
        match self {
            Binarization::Dynamic => "dynamic (each pixel is Bernoulli of its grey value)",
            Binarization::Threshold => "thresholded at 0.5",
            Binarization::Grey => "grey values, not binarised",
        }
    }

    /// The words for a test set, which is drawn once.
    pub fn describe_test_set(self) -> &'static str {
        match self {
            Binarization::Dynamic => {
                "dynamic (each pixel is Bernoulli of its grey value, drawn once with a fixed seed)"
            }
            Binarization::Threshold | Binarization::Grey => self.describe(),
        }
    }

    /// Writes the model's input for `pixels` to `out` (same length). `rng` is only used by [`Binarization::Dynamic`],
    /// which takes exactly one number for each pixel.
    pub fn apply(self, pixels: &[u8], rng: &mut Philox, out: &mut [f32]) {
        assert_eq!(pixels.len(), out.len());
        if self != Binarization::Dynamic {
            return self.prepare(pixels, out);
        }
        for (value, &grey) in out.iter_mut().zip(pixels) {
            // compared as integers: a grey value of 255 is always 1 and 0 is always 0
            *value = f32::from(u8::from(u64::from(rng.next_u32()) * 255 < u64::from(grey) << 32));
        }
    }

    /// The input `x` of a training step: what the step draws from ([`Binarization::Dynamic`]: the grey value as a
    /// probability), or what is settled beforehand.
    pub fn prepare(self, pixels: &[u8], out: &mut [f32]) {
        for (value, &grey) in out.iter_mut().zip(pixels) {
            *value = match self {
                Binarization::Dynamic | Binarization::Grey => f32::from(grey) / 255.0,
                Binarization::Threshold => f32::from(u8::from(grey > 127)),
            };
        }
    }
}

/// Seed of the binarised test set: fixed, so that every model is measured on the same bits.
pub const TEST_SEED: u64 = 2_026;

/// The whole test set, binarised once: with [`Binarization::Dynamic`] the draw is always the same one.
pub fn test_set(images: &[u8], binarization: Binarization) -> Vec<f32> {
    let mut out = vec![0.0; images.len()];
    let mut rng = Philox::new(TEST_SEED, streams::stream(streams::BINARIZE_TEST, 0));
    binarization.apply(images, &mut rng, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_are_certain_and_the_mean_is_the_grey_value() {
        let mut rng = Philox::new(1, 2);
        let mut out = vec![0.5; 60_000];
        for grey in [0u8, 255] {
            Binarization::Dynamic.apply(&vec![grey; out.len()], &mut rng, &mut out);
            assert!(out.iter().all(|v| *v == f32::from(grey / 255)));
        }
        Binarization::Dynamic.apply(&vec![51; out.len()], &mut rng, &mut out);
        let mean = out.iter().sum::<f32>() / out.len() as f32;
        // five standard deviations of a Bernoulli mean
        assert!((mean - 0.2).abs() < 5.0 * (0.2f32 * 0.8 / 60_000.0).sqrt(), "{mean}");
    }

    #[test]
    fn threshold_and_grey() {
        let mut rng = Philox::new(1, 2);
        let mut out = [0.0; 4];
        Binarization::Threshold.apply(&[0, 127, 128, 255], &mut rng, &mut out);
        assert_eq!(out, [0.0, 0.0, 1.0, 1.0]);
        Binarization::Grey.apply(&[0, 51, 102, 255], &mut rng, &mut out);
        assert_eq!(out, [0.0, 0.2, 0.4, 1.0]);
    }

    #[test]
    fn the_test_set_is_always_the_same_draw() {
        let images: Vec<u8> = (0..784u32).map(|i| (i % 256) as u8).collect();
        let drawn = test_set(&images, Binarization::Dynamic);
        assert_eq!(drawn, test_set(&images, Binarization::Dynamic));
        assert!(drawn.iter().all(|v| *v == 0.0 || *v == 1.0));
    }
}
