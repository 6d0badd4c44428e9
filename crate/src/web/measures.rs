//! The measures of drawn digits for JavaScript: the definitions of `inkling eval`, in a module of their own.

use wasm_bindgen::prelude::*;

use super::error::JsResult;
use crate::Error;
use crate::checkpoint::Checkpoint;
use crate::metrics::features::Features;
use crate::metrics::kernel_distance::Subsets;
use crate::metrics::reference::Reference;
use crate::metrics::sample_report;
use crate::models::classifier::CLASSES;

/// The test set as the classifier saw it, which drawn digits are measured against.
#[wasm_bindgen]
pub struct Measures(Reference);

#[wasm_bindgen]
impl Measures {
    /// The reference in a shipped file (`classifier.reference.safetensors`), for the classifier with this SHA-256.
    ///
    /// # Errors
    /// `checkpoint` for a file that is no reference, `data` for that of another classifier.
    #[wasm_bindgen(constructor)]
    pub fn new(file: &[u8], classifier: &str) -> JsResult<Measures> {
        Ok(Measures(Reference::from_checkpoint(&Checkpoint::from_bytes(file)?, classifier)?))
    }

    /// The numbers that the classifier makes of each digit.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> usize {
        self.0.width()
    }

    /// The Frechet distance that `count` real training digits have, where the file tells it.
    pub fn floor(&self, count: usize) -> Option<f64> {
        self.0.floor(count)
    }

    /// The measures of digits as JSON, as [`sample_report::SampleReport`] has them, without the memorisation, which needs
    /// the training digits, and with the kernel distance over [`Subsets::QUICK`]. `features` are n x width, `probabilities` n x 10, both of the classifier.
    ///
    /// # Errors
    /// `data` for too few digits or rows that do not fit, `non-finite` for features that are no numbers.
    pub fn measure(&self, features: &[f32], probabilities: &[f32], seed: u32) -> JsResult<String> {
        let width = self.0.width();
        let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
        let count = probabilities.len() / CLASSES;
        if probabilities.len() != count * CLASSES || features.len() != count * width {
            let words = format!(
                "{} features and {} probabilities are not of the same digits",
                features.len(),
                probabilities.len()
            );
            return Err(Error::Data(words).into());
        }
        let drawn = Features { width, values: wide(features), probabilities: wide(probabilities) };
        let report = sample_report::measure(&drawn, &self.0, Subsets::QUICK, seed)?;
        let text = serde_json::to_string(&report).map_err(|error| Error::Data(error.to_string()))?;
        Ok(text)
    }
}
