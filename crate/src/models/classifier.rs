//! The classifier whose features the measures of generated digits are computed on: two convolutions with max-pooling,
//! one fully connected layer (its 128 activations are the features) and ten logits.
//!
//! The names and layouts of its tensors are those of a PyTorch module with `conv1`, `conv2`, `fc1` and `fc2`.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::family::{Family, Training};
use super::network::{Network, unknown_job};
use super::plans;
use crate::data::{PIXELS, SIDE};
use crate::error::{Error, Result};
use crate::graph::{ParamLayout, Plan, Slab, Tensor};
use crate::nn::init::Declarations;
use crate::nn::{layers, loss};
use crate::ops::AdamConfig;

/// The digits.
pub const CLASSES: usize = 10;

/// Both convolutions are 3 x 3 with a border of one pixel, so that they keep the picture's size.
const KERNEL: usize = 3;
/// Side of the pooling windows, of which there are two layers.
const POOL: usize = 2;
/// Keeps a forged config from asking for terabytes.
const MAX_PARAMETERS: usize = 16 << 20;

/// What a classifier is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierConfig {
    /// Always `classifier`: tells a classifier's file from another family's.
    pub family: Family,
    /// Output channels of the two convolutions.
    pub channels: [usize; 2],
    /// Width of the fully connected layer, the number of features.
    pub features: usize,
    /// How the weights came to be, if the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

impl ClassifierConfig {
    /// 32 and 64 channels, 128 features: the network that the measures are defined on.
    pub fn standard() -> ClassifierConfig {
        ClassifierConfig { family: Family::Classifier, channels: [32, 64], features: 128, training: None }
    }

    /// Checks that the sizes are those of a network that can be built.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the size.
    pub fn check(&self) -> Result<()> {
        let unfit = |what: String| Error::Checkpoint(format!("the classifier's config is not usable: {what}"));
        if self.family != Family::Classifier {
            return Err(unfit("its family is another".into()));
        }
        let [first, second] = self.channels;
        for (what, size) in [("channels", first), ("channels", second), ("features", self.features)] {
            if size == 0 || size > 4096 {
                return Err(unfit(format!("{what} are {size}; they are 1 to 4096")));
            }
        }
        let parameters = self.declarations().layout()?.parameter_count();
        if parameters > MAX_PARAMETERS {
            return Err(unfit(format!("it has {parameters} parameters, more than this program runs")));
        }
        Ok(())
    }

    /// All tensors of a weights file, name and shape, in the order they are used.
    ///
    /// # Errors
    /// As [`ClassifierConfig::check`].
    pub fn layout(&self) -> Result<Vec<(String, Vec<usize>)>> {
        self.check()?;
        let layout = self.declarations().layout()?;
        Ok(layout.entries().iter().map(|entry| (entry.name.clone(), entry.shape.dims().to_vec())).collect())
    }

    /// The parameters with the values they start from.
    pub fn declarations(&self) -> Declarations {
        let [first, second] = self.channels;
        let side = SIDE / POOL / POOL;
        let mut declarations = Declarations::default();
        declarations.conv2d("conv1", 1, first, KERNEL);
        declarations.conv2d("conv2", first, second, KERNEL);
        declarations.linear("fc1", second * side * side, self.features);
        declarations.linear("fc2", self.features, CLASSES);
        declarations
    }

    /// The network in one line.
    pub fn describe(&self) -> String {
        let [first, second] = self.channels;
        format!("784-conv{first}(k3)-pool-conv{second}(k3)-pool-{}-{CLASSES}, relu", self.features)
    }
}

/// A classifier as a builder of graphs.
#[derive(Debug, Clone)]
pub struct Classifier {
    config: ClassifierConfig,
    layout: Rc<ParamLayout>,
}

impl Classifier {
    /// The classifier of a config.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit.
    pub fn new(config: ClassifierConfig) -> Result<Self> {
        config.check()?;
        let layout = config.declarations().layout()?;
        Ok(Classifier { config, layout })
    }

    /// The config.
    pub fn config(&self) -> &ClassifierConfig {
        &self.config
    }

    /// The parameters' names, shapes and places.
    pub fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    /// The features `[batch, features]` of images `[batch, 784]` with grey values in 0 to 1. With `dropout` (a rate and
    /// the key of its draws) the picture that the fully connected layer reads is thinned out.
    ///
    /// # Errors
    /// [`Error::Shape`] when `x` has another shape.
    pub fn features(&self, x: &Tensor, params: &Slab, dropout: Option<(f64, &Tensor)>) -> Result<Tensor> {
        let batch = x.shape().dims().first().copied().unwrap_or(0);
        let mut picture = x.reshape([batch, 1, SIDE, SIDE])?;
        for name in ["conv1", "conv2"] {
            // the maximum of what is cut at 0 is the maximum cut at 0: a quarter of the work
            picture = layers::conv2d(&picture, params, name, 1, KERNEL / 2)?.max_pool2d(POOL)?.relu();
        }
        let mut flat = picture.reshape([batch, picture.shape().numel() / batch.max(1)])?;
        if let Some((rate, key)) = dropout {
            flat = flat.dropout(rate, key)?;
        }
        Ok(layers::linear(&flat, params, "fc1")?.relu())
    }

    /// The logits `[batch, 10]` of features `[batch, features]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when `features` has another shape.
    pub fn logits(&self, features: &Tensor, params: &Slab) -> Result<Tensor> {
        layers::linear(features, params, "fc2")
    }

    /// `x` `[batch, 784]`, grey values in 0 to 1 -> `features` `[batch, features]` and `probabilities` `[batch, 10]`.
    ///
    /// # Errors
    /// [`Error::Shape`] for an empty batch.
    pub fn features_plan(&self, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let x = graph.input("x", [batch, PIXELS])?;
        let features = self.features(&x, &params, None)?;
        let probabilities = self.logits(&features, &params)?.softmax()?;
        graph.compile(&[("features", &features), ("probabilities", &probabilities)])
    }

    /// One training step on `x` `[batch, 784]`, grey values in 0 to 1, and `labels` `[batch]`, whole numbers 0 to 9, by
    /// the cross-entropy. Dropout of `rate` stands before each fully connected layer.
    ///
    /// Other inputs: `key` `[4]` ([`crate::ops::key_values`]), `hyper` `[4]` ([`AdamConfig::hyper`]) and `ema_rate`
    /// (1 - decay, a scalar). Output: `loss`, the mean over the batch in nats.
    ///
    /// # Errors
    /// [`Error::Shape`] for an empty batch or a rate outside [0, 1).
    pub fn train_plan(&self, batch: usize, rate: f64, adam: &AdamConfig) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let x = graph.input("x", [batch, PIXELS])?;
        let labels = graph.input("labels", [batch])?;
        let key = graph.input("key", [4])?;
        let features = self.features(&x, &params, Some((rate, &key)))?.dropout(rate, &key)?;
        let logits = self.logits(&features, &params)?;
        let loss = loss::cross_entropy_of_classes(&logits, &labels)?.mean_all();
        plans::minimize(&loss, &params, adam)?;
        graph.compile(&[("loss", &loss)])
    }
}

/// Jobs, on `x` `[batch, 784]`, grey values in 0 to 1, which are rounded to 8 bits as the measures do:
///
/// - `classify`: `probabilities` `[batch, 10]`, `logits` `[batch, 10]` and `features` `[batch, features]`;
/// - `evidence`, with `label` `[batch]`, whole numbers 0 to 9: `evidence` `[batch, 784]`, the gradient of
///   ln p(label | x) with respect to x, divided by its largest magnitude in each image: -1 to 1. Positive where more ink
///   would speak for the label (Simonyan, Vedaldi and Zisserman 2013, section 3, signs kept); and `probabilities`.
impl Network for Classifier {
    fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    fn describe(&self) -> String {
        self.config.describe()
    }

    fn plan(&self, job: &str, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let x = graph.input("x", [batch, PIXELS])?.clamp(0.0, 1.0).mul_scalar(255.0).add_scalar(0.5).floor();
        let x = x.mul_scalar(1.0 / 255.0);
        let features = self.features(&x, &params, None)?;
        let logits = self.logits(&features, &params)?;
        let probabilities = logits.softmax()?;
        match job {
            "classify" => {
                graph.compile(&[("probabilities", &probabilities), ("logits", &logits), ("features", &features)])
            }
            "evidence" => {
                let label = graph.input("label", [batch])?;
                let log_probability = loss::cross_entropy_of_classes(&logits, &label)?.neg().sum_all();
                let gradient = graph.grad(&log_probability, std::slice::from_ref(&x))?.swap_remove(0);
                let gradient = gradient.ok_or_else(|| Error::Unsupported("the digit does not depend on x".into()))?;
                // a gradient of nothing but zeros stays one
                let largest = gradient.abs().max_keep(&[1])?.maximum_scalar(f64::from(f32::MIN_POSITIVE));
                graph.compile(&[("evidence", &gradient.div(&largest)?), ("probabilities", &probabilities)])
            }
            _ => unknown_job(job, &["classify", "evidence"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::backend::present::Images;
    use crate::checkpoint::Checkpoint;
    use crate::models::network::Runner;

    #[test]
    fn the_names_and_sizes_of_the_pytorch_module() {
        let layout = ClassifierConfig::standard().layout().unwrap();
        let weights: Vec<(&str, &[usize])> =
            layout.iter().filter(|(n, _)| n.ends_with("weight")).map(|(n, s)| (n.as_str(), &s[..])).collect();
        let expected: [(&str, &[usize]); 4] = [
            ("conv1.weight", &[32, 1, 3, 3]),
            ("conv2.weight", &[64, 32, 3, 3]),
            ("fc1.weight", &[128, 3136]),
            ("fc2.weight", &[10, 128]),
        ];
        assert_eq!(weights, expected);
        let parameters: usize = layout.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        assert_eq!(parameters, 421_642);
    }

    #[test]
    fn sizes_that_no_network_has_are_named() {
        let config = ClassifierConfig { features: 0, ..ClassifierConfig::standard() };
        assert!(Classifier::new(config).unwrap_err().to_string().contains("features are 0"));
        let config = ClassifierConfig { channels: [4096, 4096], ..ClassifierConfig::standard() };
        assert!(config.layout().unwrap_err().to_string().contains("parameters"));
        let text = serde_json::to_string(&ClassifierConfig::standard()).unwrap();
        assert_eq!(serde_json::from_str::<ClassifierConfig>(&text).unwrap(), ClassifierConfig::standard());
        let other: ClassifierConfig = serde_json::from_str(&text.replace("classifier", "vae")).unwrap();
        assert!(other.layout().unwrap_err().to_string().contains("family"));
    }

    #[test]
    fn the_evidence_is_a_scaled_gradient_and_jobs_have_owners() {
        let config = ClassifierConfig { channels: [8, 8], features: 32, ..ClassifierConfig::standard() };
        let store = config.declarations().initialize(1).unwrap();
        let mut checkpoint = Checkpoint::from_store(&store);
        checkpoint.set_config(&config).unwrap();
        let runner = Runner::new(&Backend::Cpu, &checkpoint).unwrap();
        let x: Vec<f32> = (0..2 * PIXELS).map(|i| (i % 7) as f32 / 6.0).collect();
        let job = runner.job_of("a", "evidence", 2).unwrap();
        let mut evidence = job.borrow_mut();
        for (name, values) in [("x", &x[..]), ("label", &[3.0, 8.0])] {
            let input = evidence.input(name).unwrap();
            evidence.write(input, values).unwrap();
        }
        evidence.run().unwrap();
        let largest = |values: &[f32]| values.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        evidence.with_images(evidence.output("evidence").unwrap(), |images| {
            let Images::Host(values) = images else { unreachable!("on the CPU") };
            values.chunks(PIXELS).for_each(|image| assert!((largest(image) - 1.0).abs() < 1e-6));
        });
        let buffers = evidence.plan().buffers.len();
        drop(evidence);
        assert_eq!(runner.job_of("b", "evidence", 2).unwrap().borrow().plan().inputs.len(), 2);
        runner.forget("b");
        assert_eq!(runner.memory().0, buffers);
        assert!(runner.job("paint", 1).err().unwrap().to_string().contains("classify, evidence"));
        assert!(runner.job("classify", 1 << 30).err().unwrap().to_string().contains("too many"));
    }

    #[test]
    fn a_batch_has_at_least_one_image() {
        let classifier = Classifier::new(ClassifierConfig::standard()).unwrap();
        assert!(classifier.features_plan(0).is_err());
        assert!(classifier.train_plan(2, 1.0, &AdamConfig::default()).is_err());
    }
}
