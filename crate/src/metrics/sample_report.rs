//! All measures of a set of generated digits against MNIST, on the features of this project's classifier.
//!
//! These figures compare with each other and with [`Reference::fid_floor`]; they are not those that other networks'
//! features give.

use serde::{Deserialize, Serialize};

use super::features::{Extractor, Features};
use super::frechet::{self, Moments};
use super::inception;
use super::kernel_distance::{self, Subsets};
use super::manifold::{self, Manifold, Overlap};
use super::neighbours::{Points, nearest_distances};
use super::reference::Reference;
use crate::data::streams;
use crate::error::{Error, Result};
use crate::rng::Philox;

/// Draws behind the standard errors of the Frechet distance and the inception score.
const RESAMPLES: usize = 20;

/// The measures of one set of generated images; each says which way is better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleReport {
    /// Generated images measured.
    pub n: usize,
    /// Real images measured against: the test set, or the part of it that is shipped.
    pub reference_images: usize,
    /// Frechet distance to the test set (lower). It falls with n: compare at equal n only.
    pub fid: f64,
    /// Its standard error, by bootstrap over the generated images.
    pub fid_error: f64,
    /// The Frechet distance of the first 10,000 training images to the test set: what perfect samples would have.
    pub fid_floor: f64,
    /// Kernel distance to the test set (lower; 0 for perfect samples): mean over subsets.
    pub kid: f64,
    /// Its standard deviation over the subsets.
    pub kid_sd: f64,
    /// Inception score (higher, at most 10): mean over ten parts.
    pub inception: f64,
    /// Its standard deviation over the parts.
    pub inception_sd: f64,
    /// Part of the samples that look real (higher), k = 3; of as many real ones as generated ones.
    pub precision: f64,
    /// Part of the real images that the samples reach (higher), k = 3; of as many real ones as generated ones.
    pub recall: f64,
    /// Density (higher; about 1 for perfect samples), k = 5; of as many real ones as generated ones.
    pub density: f64,
    /// Coverage (higher), k = 5; of as many real ones as generated ones.
    pub coverage: f64,
    /// Mean distance to the nearest training image, over that of test images: 1 is ideal, far below 1 is copying. `None`
    /// where there are no training images.
    pub memorisation: Option<f64>,
    /// How many samples the classifier takes for each digit.
    pub digits: [usize; 10],
    /// The standard errors of the other measures; older tables have none.
    #[serde(default)]
    pub errors: Option<Errors>,
}

/// Standard errors by bootstrap over the images that a measure is a mean over; see [`kernel_distance::bootstrap_error`],
/// [`inception::bootstrap_error`] and [`manifold::overlap_with_errors`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// Of the kernel distance.
    pub kid: f64,
    /// Of the inception score.
    pub inception: f64,
    /// Of the precision.
    pub precision: f64,
    /// Of the recall.
    pub recall: f64,
    /// Of the density.
    pub density: f64,
    /// Of the coverage.
    pub coverage: f64,
    /// Of the memorisation; `None` where there are no training images.
    pub memorisation: Option<f64>,
}

/// ` +- error`, if there is one.
fn give_or_take(error: Option<f64>, decimals: usize) -> String {
    error.map_or(String::new(), |error| format!(" +- {error:.decimals$}"))
}

impl SampleReport {
    /// The heads of [`SampleReport::cells`], between bars.
    pub const HEADS: &str = "MNIST-FID (ours) | times the floor | KID x 1000 | inception score | precision | recall | density | coverage \
                             | memorisation";

    /// The measures as cells of a Markdown table, each with its standard error.
    pub fn cells(&self) -> String {
        let times = self.fid / self.fid_floor;
        format!("{:.1} +- {:.1} | {times:.1} | {}", self.fid, self.fid_error, self.words().join(" | "))
    }

    /// All measures but the Frechet distance with their standard errors, in the order of [`SampleReport::HEADS`].
    pub fn words(&self) -> [String; 7] {
        let word = |value: f64, decimals: usize, error: fn(&Errors) -> f64, scale: f64| {
            let error = self.errors.as_ref().map(|errors| scale * error(errors));
            format!("{:.decimals$}{}", scale * value, give_or_take(error, decimals))
        };
        [
            word(self.kid, 2, |errors| errors.kid, 1000.0),
            word(self.inception, 2, |errors| errors.inception, 1.0),
            word(self.precision, 3, |errors| errors.precision, 1.0),
            word(self.recall, 3, |errors| errors.recall, 1.0),
            word(self.density, 3, |errors| errors.density, 1.0),
            word(self.coverage, 3, |errors| errors.coverage, 1.0),
            self.memorisation_words(),
        ]
    }

    /// The memorisation as tables show it.
    pub fn memorisation_words(&self) -> String {
        let error = give_or_take(self.errors.and_then(|errors| errors.memorisation), 3);
        self.memorisation.map_or("-".into(), |value| format!("{value:.3}{error}"))
    }
}

/// Measures `images`, 784 values in 0 to 1 each. `seed` decides the draws behind the kernel distance, the parts of the
/// inception score and the bootstrap.
///
/// # Errors
/// [`Error::Data`] for values that are no images or too few images (it takes ten); [`Error::DeviceLost`],
/// [`Error::Gpu`].
pub async fn sample_report(
    images: &[f32],
    extractor: &mut Extractor,
    reference: &Reference,
    seed: u32,
) -> Result<SampleReport> {
    let features = extractor.extract(images).await?;
    measure(&features, reference, Subsets::STANDARD, seed)
}

/// [`sample_report`] of features that are there already, with the kernel distance as the mean over `subsets`.
///
/// # Errors
/// [`Error::Data`] for too few images.
pub fn measure(generated: &Features, reference: &Reference, subsets: Subsets, seed: u32) -> Result<SampleReport> {
    let (n, width) = (generated.len(), generated.width);
    if n < inception::SPLITS {
        return Err(Error::Data(format!("{n} images are too few to measure; 10,000 are the custom")));
    }
    let rng = |purpose| Philox::new(u64::from(seed), streams::stream(purpose, 0));
    let moments = Moments::of(&generated.values, width)?;
    let error_rng = &mut rng(streams::RESAMPLES);
    let fid_error = frechet::bootstrap_error(&reference.moments, &generated.values, width, RESAMPLES, error_rng)?;
    let subset_rng = &mut rng(streams::SUBSETS);
    let real = &reference.test.values;
    let (kid, kid_sd) = kernel_distance::distance(real, &generated.values, width, subsets, subset_rng)?;
    let order = rng(streams::PARTS).permutation(n);
    let (inception, inception_sd) = inception::score(&generated.probabilities, &order, inception::SPLITS)?;
    let kid_error = kernel_distance::bootstrap_error(real, &generated.values, width, error_rng)?;
    let inception_error =
        inception::bootstrap_error(&generated.probabilities, inception::SPLITS, RESAMPLES, error_rng)?;
    let (overlap, overlap_errors) = overlap(generated, reference, &mut rng(streams::MEMBERS), error_rng)?;
    let memorisation = reference.train.as_ref().map(|(train, test_to_train)| {
        let nearest = nearest_distances(&Points::new(generated.values.clone(), width), train);
        let ratios: Vec<f64> = nearest.iter().map(|distance| distance / test_to_train).collect();
        (ratios.iter().sum::<f64>() / n as f64, super::bootstrap_error_of_mean(&ratios, error_rng))
    });
    let mut digits = [0; 10];
    for digit in generated.digits() {
        digits[usize::from(digit)] += 1;
    }
    Ok(SampleReport {
        n,
        reference_images: reference.test.len(),
        fid: frechet::distance(&reference.moments, &moments)?,
        fid_error,
        fid_floor: reference.fid_floor,
        kid,
        kid_sd,
        inception,
        inception_sd,
        precision: overlap.precision,
        recall: overlap.recall,
        density: overlap.density,
        coverage: overlap.coverage,
        memorisation: memorisation.map(|(ratio, _)| ratio),
        digits,
        errors: Some(Errors {
            kid: kid_error,
            inception: inception_error,
            precision: overlap_errors.precision,
            recall: overlap_errors.recall,
            density: overlap_errors.density,
            coverage: overlap_errors.coverage,
            memorisation: memorisation.map(|(_, error)| error),
        }),
    })
}

/// The overlap of as many real images as generated ones: the balls shrink as a set grows, so that sets of different sizes
/// would be measured by different rules. With the standard errors. Of the larger set some are drawn; MNIST's test set is not in random order.
fn overlap(
    generated: &Features,
    reference: &Reference,
    rng: &mut Philox,
    error_rng: &mut Philox,
) -> Result<(Overlap, Overlap)> {
    let count = generated.len().min(reference.test.len());
    let generated = Manifold::new(some(generated, count, rng))?;
    if count == reference.test.len() {
        return Ok(manifold::overlap_with_errors(&reference.manifold, &generated, error_rng));
    }
    let real = Manifold::new(some(&reference.test, count, rng))?;
    Ok(manifold::overlap_with_errors(&real, &generated, error_rng))
}

/// `count` different images of a set, in no particular order; all of them as they are where there are no more.
fn some(features: &Features, count: usize, rng: &mut Philox) -> Points {
    let width = features.width;
    if count == features.len() {
        return Points::new(features.values.clone(), width);
    }
    let row = |image: &u32| &features.values[*image as usize * width..(*image as usize + 1) * width];
    let values = rng.permutation(features.len())[..count].iter().flat_map(row).copied().collect();
    Points::new(values, width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::checkpoint::{Checkpoint, Precision};
    use crate::data::PIXELS;
    use crate::models::classifier::ClassifierConfig;

    /// A classifier that was never trained: random features are features too.
    fn extractor() -> Extractor {
        let config = ClassifierConfig { channels: [3, 4], features: 6, ..ClassifierConfig::standard() };
        let mut checkpoint = Checkpoint::from_store(&config.declarations().initialize(3).unwrap());
        checkpoint.set_config(&config).unwrap();
        Extractor::new(&Backend::Cpu, &checkpoint).unwrap()
    }

    /// Soft bars at random places.
    fn images(seed: u64, count: usize) -> Vec<u8> {
        let mut rng = Philox::new(seed, 0);
        let mut bytes = Vec::with_capacity(count * PIXELS);
        for _ in 0..count {
            let (centre, width, ink) = (8.0 + 12.0 * rng.uniform(), 1.0 + 3.0 * rng.uniform(), 128 + rng.below(128));
            bytes.extend((0..PIXELS).map(|i| {
                let away = ((i % 28) as f32 - centre) / width;
                (ink as f32 * (-away * away).exp()) as u8
            }));
        }
        bytes
    }

    #[test]
    fn real_images_measure_as_real_and_copies_as_copies() {
        let mut extractor = extractor();
        let (test, train) = (images(1, 120), images(2, 300));
        let reference = pollster::block_on(Reference::new(&mut extractor, &test, &train)).unwrap();
        let grey = |bytes: &[u8]| bytes.iter().map(|byte| f32::from(*byte) / 255.0).collect::<Vec<f32>>();
        let mut report =
            |images: &[f32]| pollster::block_on(sample_report(images, &mut extractor, &reference, 7)).unwrap();
        let same = report(&grey(&test));
        assert!(same.fid.abs() < 1e-6 && (same.precision, same.recall, same.coverage) == (1.0, 1.0, 1.0), "{same:?}");
        assert!(
            (same.memorisation.unwrap() - 1.0).abs() < 1e-9
                && same.n == 120
                && same.digits.iter().sum::<usize>() == 120
        );
        let copies = report(&grey(&train));
        assert!(copies.memorisation.unwrap() < 1e-3, "{copies:?}");
        assert!((copies.fid - reference.fid_floor()).abs() < 1e-9, "all training images are among the first 10,000");
        let fresh = report(&grey(&images(3, 90)));
        assert!(fresh.memorisation.unwrap() > 0.5 && fresh.precision > 0.7 && fresh.fid > same.fid, "{fresh:?}");
        assert_eq!(fresh, report(&grey(&images(3, 90))), "a seed decides every draw");
        let paper = report(&vec![0.0; 20 * PIXELS]);
        assert!(paper.fid > fresh.fid && paper.recall < 0.1 && paper.inception < 1.001, "{paper:?}");
        let file = reference.to_checkpoint("its sha").unwrap().to_bytes(Precision::Half).unwrap();
        let file = Checkpoint::from_bytes(&file).unwrap();
        assert!(Reference::from_checkpoint(&file, "another").is_err(), "features of another classifier");
        let shipped = Reference::from_checkpoint(&file, "its sha").unwrap();
        let alone = pollster::block_on(sample_report(&grey(&images(3, 90)), &mut extractor, &shipped, 7)).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 0.02 * b.abs().max(0.1);
        assert!(near(alone.fid, fresh.fid) && near(alone.kid, fresh.kid), "{alone:?} {fresh:?}");
        assert!(alone.memorisation.is_none() && alone.inception == fresh.inception);
    }
}
