//! What the measures of generated digits see: the classifier's features and its probabilities.

use crate::backend::{Backend, DeviceSlab, Executable, InputId, OutputId};
use crate::checkpoint::Checkpoint;
use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::models::classifier::{CLASSES, Classifier, ClassifierConfig};
use crate::models::family::Family;
use crate::models::plans::PARAMS;

/// Images in one run of the classifier.
const BATCH: usize = 250;

/// The features of a set of images.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Features of one image.
    pub width: usize,
    /// `count * width` values, all of an image's together. In f64, as the measures compute.
    pub values: Vec<f64>,
    /// `count * 10` probabilities of the digits.
    pub probabilities: Vec<f64>,
}

impl Features {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.probabilities.len() / CLASSES
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.probabilities.is_empty()
    }

    /// Those of the first `count` images, or of all if there are fewer.
    pub fn first(&self, count: usize) -> Features {
        let count = count.min(self.len());
        Features {
            width: self.width,
            values: self.values[..count * self.width].to_vec(),
            probabilities: self.probabilities[..count * CLASSES].to_vec(),
        }
    }

    /// The most probable digit of each image.
    pub fn digits(&self) -> Vec<u8> {
        let best = |row: &[f64]| (0..CLASSES).fold(0, |best, class| if row[class] > row[best] { class } else { best });
        self.probabilities.chunks_exact(CLASSES).map(|row| best(row) as u8).collect()
    }
}

/// The classifier with its weights on a backend, run over any number of images.
pub struct Extractor {
    width: usize,
    executable: Executable,
    x: InputId,
    features: OutputId,
    probabilities: OutputId,
    _params: DeviceSlab,
}

impl Extractor {
    /// Compiles the classifier of a weights file.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when the file holds no classifier or its weights do not fit; [`Error::Gpu`] when the device
    /// refuses.
    pub fn new(backend: &Backend, checkpoint: &Checkpoint) -> Result<Extractor> {
        let classifier = Classifier::new(config(checkpoint)?)?;
        let params = backend.slab(checkpoint.to_store(classifier.layout())?.slab())?;
        let executable = backend.compile(classifier.features_plan(BATCH)?, &[(PARAMS, &params)])?;
        Ok(Extractor {
            width: classifier.config().features,
            x: executable.input("x")?,
            features: executable.output("features")?,
            probabilities: executable.output("probabilities")?,
            executable,
            _params: params,
        })
    }

    /// The features of `images`, 784 values in 0 to 1 each, rounded to 8 bits first: a generator must not gain or lose
    /// by values that no real image has.
    ///
    /// # Errors
    /// [`Error::Data`] when `images` are no whole images or hold a value outside 0 to 1; [`Error::DeviceLost`],
    /// [`Error::Gpu`].
    pub async fn extract(&mut self, images: &[f32]) -> Result<Features> {
        if !images.len().is_multiple_of(PIXELS) {
            return Err(Error::Data(format!("{} values are no whole images of {PIXELS} pixels", images.len())));
        }
        if let Some(index) = images.iter().position(|value| !(0.0..=1.0).contains(value)) {
            return Err(Error::Data(format!(
                "image {} holds {}; grey values are 0 (paper) to 1 (ink)",
                index / PIXELS,
                images[index]
            )));
        }
        let bytes: Vec<u8> = images.iter().map(|value| (255.0 * value).round() as u8).collect();
        self.extract_bytes(&bytes).await
    }

    /// [`Extractor::extract`] for images of 784 bytes, 0 (paper) to 255 (ink).
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub async fn extract_bytes(&mut self, images: &[u8]) -> Result<Features> {
        let mut features = Features { width: self.width, values: Vec::new(), probabilities: Vec::new() };
        let mut x = vec![0.0; BATCH * PIXELS];
        for chunk in images.chunks(BATCH * PIXELS) {
            let count = chunk.len() / PIXELS;
            for (value, byte) in x.iter_mut().zip(chunk) {
                *value = f32::from(*byte) / 255.0;
            }
            self.executable.write(self.x, &x)?;
            self.executable.run()?;
            let values = self.executable.read(self.features).await?;
            features.values.extend(values[..count * self.width].iter().map(|value| f64::from(*value)));
            let probabilities = self.executable.read(self.probabilities).await?;
            features.probabilities.extend(probabilities[..count * CLASSES].iter().map(|value| f64::from(*value)));
        }
        Ok(features)
    }
}

/// The classifier's config in a weights file.
///
/// # Errors
/// [`Error::Checkpoint`] for another family's file, or one that says nothing.
pub fn config(checkpoint: &Checkpoint) -> Result<ClassifierConfig> {
    let family = Family::of(checkpoint)?;
    if family != Family::Classifier {
        return Err(Error::Checkpoint(format!(
            "this is a file of the family {}; the measures need a classifier (`inkling train classifier` makes one)",
            family.name()
        )));
    }
    checkpoint.config()?.ok_or_else(|| Error::Checkpoint("the file does not say what it holds".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let config = ClassifierConfig { channels: [2, 3], features: 5, ..ClassifierConfig::standard() };
        let mut checkpoint = Checkpoint::from_store(&config.declarations().initialize(3).unwrap());
        checkpoint.set_config(&config).unwrap();
        checkpoint
    }

    #[test]
    fn images_are_rounded_to_bytes_and_batches_do_not_show() {
        let mut extractor = Extractor::new(&Backend::Cpu, &checkpoint()).unwrap();
        let count = BATCH + 3;
        let bytes: Vec<u8> = (0..count * PIXELS).map(|i| (i * 37 % 251) as u8).collect();
        let images: Vec<f32> = bytes.iter().map(|byte| (f32::from(*byte) + 0.3).min(255.0) / 255.0).collect();
        let features = pollster::block_on(extractor.extract(&images)).unwrap();
        assert_eq!((features.len(), features.values.len()), (count, 5 * count));
        assert_eq!(features, pollster::block_on(extractor.extract_bytes(&bytes)).unwrap());
        let last = pollster::block_on(extractor.extract_bytes(&bytes[(count - 1) * PIXELS..])).unwrap();
        assert_eq!(last.values, features.values[5 * (count - 1)..]);
        let total: f64 = last.probabilities.iter().sum();
        assert!((total - 1.0).abs() < 1e-5 && features.values.iter().all(|value| *value >= 0.0));
        assert_eq!(features.first(2).values, features.values[..10]);
        assert_eq!(features.digits().len(), count);
    }

    #[test]
    fn what_is_no_image_or_no_classifier_is_refused() {
        let mut extractor = Extractor::new(&Backend::Cpu, &checkpoint()).unwrap();
        assert!(pollster::block_on(extractor.extract(&[0.5; 10])).is_err());
        assert!(pollster::block_on(extractor.extract(&[1.5; PIXELS])).unwrap_err().to_string().contains("image 0"));
        assert!(pollster::block_on(extractor.extract(&[f32::NAN; PIXELS])).is_err());
        assert!(config(&Checkpoint::default()).unwrap_err().to_string().contains("vae"));
    }
}
