//! The real images as the measures see them, and the small file of it that is shipped beside the classifier: with it
//! generated digits can be measured where MNIST is not, on the page for instance.

use serde::{Deserialize, Serialize};

use super::features::{Extractor, Features};
use super::frechet::{self, Moments};
use super::manifold::Manifold;
use super::neighbours::{Points, mean_nearest_distance};
use crate::checkpoint::{Checkpoint, Weights};
use crate::data::streams;
use crate::error::{Error, Result};
use crate::models::classifier::CLASSES;
use crate::rng::Philox;

/// Training images that the floor is measured on: as many as there are test images and, by custom, samples.
const FLOOR_IMAGES: usize = 10_000;
/// Test images whose features are shipped.
const SHIPPED: usize = 2_000;
/// Numbers of images that the shipped file tells the floor of; the distance falls with their number.
const FLOORS: [usize; 6] = [100, 200, 500, 1_000, 2_000, 5_000];

/// The real images, as the measures see them. Made once, used for any number of samples.
pub struct Reference {
    pub(super) test: Features,
    pub(super) moments: Moments,
    pub(super) manifold: Manifold,
    /// The training images and the mean distance of a test image to the nearest of them; not in a shipped file.
    pub(super) train: Option<(Points, f64)>,
    pub(super) fid_floor: f64,
    floors: Vec<(usize, f64)>,
}

/// What the shipped file says about its tensors: `mean` `[width]` and `covariance` `[width, width]` of the features of
/// all test images, `features` `[2000, width]` of some of them, drawn with seed 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    /// SHA-256 of the classifier's weights file.
    classifier: String,
    /// Test images behind the moments.
    images: usize,
    /// Frechet distance of the first 10,000 training images to the test set.
    fid_floor: f64,
    /// The same of fewer training images: their number and the distance.
    floors: Vec<(usize, f64)>,
}

impl Reference {
    /// The reference of `test` and `train`, 784 bytes for each image.
    ///
    /// # Errors
    /// [`Error::Data`] for too few images; [`Error::DeviceLost`], [`Error::Gpu`].
    pub async fn new(extractor: &mut Extractor, test: &[u8], train: &[u8]) -> Result<Reference> {
        let test = extractor.extract_bytes(test).await?;
        let train = extractor.extract_bytes(train).await?;
        let width = test.width;
        let moments = Moments::of(&test.values, width)?;
        let floor = |count| frechet::distance(&moments, &Moments::of(&train.first(count).values, width)?);
        let fid_floor = floor(FLOOR_IMAGES)?;
        let floors = FLOORS.into_iter().filter(|&count| count < train.len());
        let floors = floors.map(|count| Ok((count, floor(count)?))).collect::<Result<_>>()?;
        let manifold = Manifold::new(Points::new(test.values.clone(), width))?;
        let train = Points::new(train.values, width);
        let test_to_train = mean_nearest_distance(manifold.points(), &train);
        Ok(Reference { test, moments, manifold, train: Some((train, test_to_train)), fid_floor, floors })
    }

    /// The file to ship, for a classifier with this SHA-256.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it cannot be written.
    pub fn to_checkpoint(&self, classifier: &str) -> Result<Checkpoint> {
        let width = self.test.width;
        let narrow = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<f32>>();
        let order = Philox::new(0, streams::stream(streams::MEMBERS, 0)).permutation(self.test.len());
        let some = &order[..SHIPPED.min(order.len())];
        let row = |image: &u32| &self.test.values[*image as usize * width..(*image as usize + 1) * width];
        let features: Vec<f64> = some.iter().flat_map(row).copied().collect();
        let mut checkpoint = Checkpoint::default();
        checkpoint.insert("mean", vec![width], narrow(&self.moments.mean));
        checkpoint.insert("covariance", vec![width, width], narrow(&self.moments.covariance));
        checkpoint.insert("features", vec![some.len(), width], narrow(&features));
        checkpoint.set_config(&Label {
            classifier: classifier.to_string(),
            images: self.test.len(),
            fid_floor: self.fid_floor,
            floors: self.floors.clone(),
        })?;
        Ok(checkpoint)
    }

    /// The reference in a shipped file, for the classifier with this SHA-256. It knows no training images.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for a file that is no reference, [`Error::Data`] for that of another classifier.
    pub fn from_checkpoint(checkpoint: &Checkpoint, classifier: &str) -> Result<Reference> {
        let no_reference = |what: &str| Error::Checkpoint(format!("the file is no reference of real digits: {what}"));
        let label: Label = checkpoint.config()?.ok_or_else(|| no_reference("it does not tell its classifier"))?;
        if label.classifier != classifier {
            return Err(Error::Data(
                "the reference of real digits belongs to other weights of the classifier; publish the classifier again"
                    .into(),
            ));
        }
        let tensor = |name: &str| checkpoint.tensors.get(name).ok_or_else(|| no_reference(&format!("no {name} in it")));
        let wide = |weights: &Weights| weights.values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
        let (mean, covariance, features) = (tensor("mean")?, tensor("covariance")?, tensor("features")?);
        let width = mean.values.len();
        let [count, _] = features.shape[..] else { return Err(no_reference("features are no table")) };
        if covariance.shape != [width, width] || features.shape != [count, width] || label.images < count {
            return Err(no_reference("its tables do not fit each other"));
        }
        let values = wide(features);
        let manifold = Manifold::new(Points::new(values.clone(), width))?;
        Ok(Reference {
            test: Features { width, values, probabilities: vec![0.1; count * CLASSES] },
            moments: Moments { mean: wide(mean), covariance: wide(covariance) },
            manifold,
            train: None,
            fid_floor: label.fid_floor,
            floors: label.floors,
        })
    }

    /// The Frechet distance of the first 10,000 training images to the test set.
    pub fn fid_floor(&self) -> f64 {
        self.fid_floor
    }

    /// The same of the first `count` training images, where it was measured.
    pub fn floor(&self, count: usize) -> Option<f64> {
        self.floors.iter().find(|(of, _)| *of == count).map(|(_, floor)| *floor)
    }

    /// Features of one image.
    pub fn width(&self) -> usize {
        self.test.width
    }

    /// The Frechet distance of generated images alone, where the other measures would take too long.
    ///
    /// # Errors
    /// [`Error::Data`] for fewer than two images.
    pub fn fid(&self, generated: &Features) -> Result<f64> {
        frechet::distance(&self.moments, &Moments::of(&generated.values, generated.width)?)
    }
}
