//! Shuffled batches that any step can be asked for: the order depends on (seed, epoch) alone, so a run can be
//! resumed anywhere.

use super::streams;
use crate::error::{Error, Result};
use crate::rng::Philox;

/// The order in which a data set is gone through.
#[derive(Debug, Clone)]
pub struct Batches {
    seed: u64,
    batch: usize,
    steps_per_epoch: u64,
    epoch: Option<u64>,
    order: Vec<u32>,
}

impl Batches {
    /// Batches of `batch` out of `len` images. Shapes are static, so the remainder of an epoch is left out; the next
    /// epoch's shuffle leaves out others.
    ///
    /// # Errors
    /// [`Error::Data`] for an empty batch or one larger than the data set.
    pub fn new(len: usize, batch: usize, seed: u64) -> Result<Batches> {
        if batch == 0 {
            return Err(Error::Data("a batch needs at least one image".into()));
        }
        if batch > len {
            return Err(Error::Data(format!("the data set has {len} images, fewer than one batch of {batch}")));
        }
        let len = u32::try_from(len).map_err(|_| Error::Data(format!("{len} images are more than a run can index")))?;
        Ok(Batches {
            seed,
            batch,
            steps_per_epoch: u64::from(len) / batch as u64,
            epoch: None,
            order: (0..len).collect(),
        })
    }

    /// Whole batches in one pass over the data.
    pub fn steps_per_epoch(&self) -> u64 {
        self.steps_per_epoch
    }

    /// The indices of the images of step `step` (0, 1, ...).
    pub fn at(&mut self, step: u64) -> &[u32] {
        let epoch = step / self.steps_per_epoch;
        if self.epoch != Some(epoch) {
            self.shuffle(epoch);
        }
        let start = (step % self.steps_per_epoch) as usize * self.batch;
        &self.order[start..start + self.batch]
    }

    /// A new order for every epoch, which does not depend on the epochs before.
    fn shuffle(&mut self, epoch: u64) {
        self.order = Philox::new(self.seed, streams::stream(streams::SHUFFLE, epoch)).permutation(self.order.len());
        self.epoch = Some(epoch);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_impossible_batches() {
        assert!(Batches::new(10, 0, 1).unwrap_err().to_string().contains("at least one"));
        assert!(Batches::new(10, 11, 1).unwrap_err().to_string().contains("fewer than one batch"));
    }

    proptest! {
        #[test]
        fn an_epoch_never_repeats_an_image_and_any_step_can_be_asked_for(len in 1usize..200, batch in 1usize..40, seed in any::<u64>()) {
            prop_assume!(batch <= len);
            let mut batches = Batches::new(len, batch, seed).unwrap();
            let steps = batches.steps_per_epoch();
            let mut seen = std::collections::HashSet::new();
            let mut second = Vec::new();
            for step in steps..2 * steps {
                let indices = batches.at(step).to_vec();
                prop_assert!(indices.iter().all(|i| (*i as usize) < len && seen.insert(*i)));
                second.push(indices);
            }
            let mut resumed = Batches::new(len, batch, seed).unwrap();
            prop_assert_eq!(resumed.at(2 * steps - 1), &second[steps as usize - 1][..]);
            prop_assert_eq!(resumed.at(steps), &second[0][..]);
        }
    }
}
