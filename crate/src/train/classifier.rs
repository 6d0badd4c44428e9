//! The classifier's objective: images moved at random by up to two pixels, the cross-entropy of their labels.

use std::rc::Rc;

use super::objective::{Kept, Objective, Samples, Step};
use crate::backend::{Executable, InputId};
use crate::checkpoint::Checkpoint;
use crate::data::{PIXELS, SIDE, streams};
use crate::error::Result;
use crate::graph::{ParamLayout, ParamStore, Plan};
use crate::models::classifier::{Classifier, ClassifierConfig};
use crate::models::family::Training;
use crate::ops::{AdamConfig, key_values};
use crate::rng::Philox;

/// How far an image is moved at most along each axis, in pixels.
const MAX_SHIFT: usize = 2;

/// The cross-entropy of a classifier.
pub struct Classification {
    model: Classifier,
    dropout: f64,
    inputs: Option<[InputId; 3]>,
    pixels: Vec<f32>,
    labels: Vec<f32>,
}

impl Classification {
    /// The objective of a classifier whose fully connected layers read values of which the part `dropout` is left out.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming what does not fit in the config.
    pub fn new(config: ClassifierConfig, dropout: f64) -> Result<Classification> {
        let model = Classifier::new(config)?;
        Ok(Classification { model, dropout, inputs: None, pixels: Vec::new(), labels: Vec::new() })
    }
}

impl Objective for Classification {
    fn layout(&self) -> &Rc<ParamLayout> {
        self.model.layout()
    }

    fn initialize(&self, seed: u32) -> Result<ParamStore> {
        self.model.config().declarations().initialize(u64::from(seed))
    }

    fn plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan> {
        self.model.train_plan(batch, self.dropout, adam)
    }

    fn losses(&self) -> &'static [&'static str] {
        &["loss"]
    }

    fn bind(&mut self, executable: &Executable, batch: usize) -> Result<()> {
        self.inputs = Some([executable.input("x")?, executable.input("labels")?, executable.input("key")?]);
        self.pixels = vec![0.0; batch * PIXELS];
        self.labels = vec![0.0; batch];
        Ok(())
    }

    fn feed(&mut self, executable: &mut Executable, step: &Step, samples: &Samples) -> Result<()> {
        let Some([x, labels, key]) = self.inputs else { return Ok(()) };
        let mut rng = Philox::new(u64::from(step.seed), streams::stream(streams::SHIFTS, step.index));
        let rows = self.pixels.chunks_exact_mut(PIXELS).zip(&mut self.labels);
        for (&index, (row, label)) in step.images.iter().zip(rows) {
            let index = index as usize;
            let mut draw = || rng.below(2 * MAX_SHIFT as u32 + 1) as usize;
            let (right, down) = (draw(), draw());
            shift(&samples.images[index * PIXELS..(index + 1) * PIXELS], [right, down], row);
            *label = f32::from(samples.labels[index]);
        }
        executable.write(x, &self.pixels)?;
        executable.write(labels, &self.labels)?;
        executable.write(key, &key_values(step.seed, step.index as u32))
    }

    fn sign(&self, training: Training, _kept: &[Kept], checkpoint: &mut Checkpoint) -> Result<()> {
        checkpoint.set_config(&ClassifierConfig { training: Some(training), ..self.model.config().clone() })
    }
}

/// `image` as grey values in 0 to 1, moved right and down by `[right, down]` - [`MAX_SHIFT`] pixels; what comes in at the
/// sides is paper.
fn shift(image: &[u8], [right, down]: [usize; 2], target: &mut [f32]) {
    for (y, row) in target.chunks_exact_mut(SIDE).enumerate() {
        for (x, value) in row.iter_mut().enumerate() {
            // a place left of or above the picture wraps to a number that is in no picture
            let (from_x, from_y) = ((x + MAX_SHIFT).wrapping_sub(right), (y + MAX_SHIFT).wrapping_sub(down));
            let inside = from_x < SIDE && from_y < SIDE;
            *value = if inside { f32::from(image[from_y * SIDE + from_x]) / 255.0 } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_move_whole_pixels_and_paper_follows() {
        let mut image = vec![0u8; PIXELS];
        image[0] = 255;
        image[5 * SIDE + 7] = 51;
        let mut moved = vec![-1.0; PIXELS];
        shift(&image, [MAX_SHIFT, MAX_SHIFT], &mut moved);
        assert!(moved.iter().zip(&image).all(|(m, i)| *m == f32::from(*i) / 255.0), "no shift");
        shift(&image, [MAX_SHIFT + 2, MAX_SHIFT - 1], &mut moved);
        assert_eq!(moved[4 * SIDE + 9], 0.2);
        assert_eq!(moved.iter().filter(|value| **value != 0.0).count(), 1, "the corner has left the picture");
        shift(&image, [MAX_SHIFT, MAX_SHIFT + 2], &mut moved);
        assert_eq!((moved[2 * SIDE], moved[7 * SIDE + 7]), (1.0, 0.2));
    }
}
