//! Measuring a model: what it brings ([`Subject`]), and the bench that all are measured on.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::card_measures;
use super::eval::{Measure, load_test_set};
use super::info::json;
use super::measures::{self, Cost, Likelihood, Measures, Samples};
use super::weights::{self, Opened};
use super::{autoregressive, classical, energy, eval_samples, flow, gan, print, subjects};
use crate::backend::Backend;
use crate::data::PIXELS;
use crate::data::mnist::Dataset;
use crate::error::{Error, Result};
use crate::graph::Plan;
use crate::metrics::features::Extractor;
use crate::metrics::reference::Reference;
use crate::metrics::sample_report::sample_report;
use crate::models::family::Family;
use crate::models::network::Runner;
use crate::models::vae_adopt::adopt;

/// What a family brings to be measured. Whatever it leaves out stays out of the table.
#[derive(Default)]
pub struct Subject {
    /// How it draws digits.
    pub sampling: Option<Sampling>,
    /// How probable it finds the test set ([`Bench::test`]).
    pub likelihood: Option<Likelihood>,
    /// Figures that only this family has. The name is printed as it is: `test accuracy`, `round trip error`.
    pub extra: BTreeMap<String, f64>,
}

/// How a model draws digits.
pub struct Sampling {
    /// In words, where there are several ways: `100 Gibbs steps`.
    pub setting: String,
    /// Number and seed -> `number * 784` grey values in [0, 1]. It is called with 10,000 once, which may take minutes and
    /// is to be done in batches, and with 1 some times for the clock: what is compiled should stay compiled.
    pub draw: Draw,
    /// What one digit takes.
    pub work: Work,
    /// The measures, where they were taken already; then only the clock asks for digits.
    pub known: Option<Samples>,
}

/// What one digit takes, by the plan that draws it.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// Operations of all runs.
    pub flops: u64,
    /// Bytes of its buffers, the weights among them.
    pub memory: u64,
}

impl Work {
    /// Of a plan for one image that is run `runs` times.
    pub fn of(plan: &Plan, runs: u64) -> Work {
        Work { flops: runs * plan.flops(), memory: plan.bytes() as u64 }
    }
}

/// Number and seed -> grey values in [0, 1].
pub type Draw = Box<dyn FnMut(usize, u32) -> Result<Vec<f32>>>;

/// What models are measured on; made once for any number of them.
pub struct Bench {
    /// Where models run.
    pub backend: Backend,
    /// The test set.
    pub test: Dataset,
    /// The command line's seed.
    pub seed: u32,
    /// Digits to draw.
    pub n: usize,
    /// The classifier that looks at them: a weights file or the id of a model.
    pub classifier: String,
    eyes: Option<Eyes>,
}

/// The classifier, and what it sees in MNIST: made when the first digits are to be looked at.
struct Eyes {
    extractor: Extractor,
    reference: Reference,
    sha256: String,
}

impl Bench {
    /// A bench with the test set in place. `classifier` is a weights file or the id of a model.
    ///
    /// # Errors
    /// [`Error::Data`] for the test set, [`Error::NoGpu`].
    pub fn new(measure: &Measure, classifier: &str, n: usize) -> Result<Bench> {
        Ok(Bench {
            backend: measure.backend.open()?,
            test: load_test_set(&measure.data)?,
            seed: measure.seed,
            n,
            classifier: classifier.to_string(),
            eyes: None,
        })
    }

    /// Times the drawing of one digit anew, and the threads that it ran on, in figures that are there already.
    ///
    /// # Errors
    /// [`Error::Unsupported`] on a GPU, whose times the figures do not tell; those of drawing.
    pub fn clock(&self, opened: &Opened, cost: &mut Cost) -> Result<()> {
        if !matches!(self.backend, Backend::Cpu) {
            return Err(Error::Unsupported("--times is for --backend cpu".into()));
        }
        if let Some(mut sampling) = sampling(opened, self)? {
            cost.sample_ms = Some(median_ms(&mut sampling.draw, self.seed)?);
            cost.threads = Some(rayon::current_num_threads());
        }
        Ok(())
    }

    /// Measures `subject`, which is the model in `opened`.
    ///
    /// # Errors
    /// [`Error::Data`] for digits that are none, [`Error::NonFinite`] for a figure that is no number, those of drawing.
    pub fn measure(&mut self, measure: &Measure, opened: &Opened, subject: Subject) -> Result<Measures> {
        let id = opened.path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Subject { sampling, likelihood, extra } = subject;
        let mut cost = Cost {
            parameters: opened.checkpoint.parameters(),
            bytes: opened.bytes,
            flops_per_sample: None,
            memory: None,
            sample_ms: None,
            threads: None,
        };
        let samples = match sampling {
            Some(mut sampling) => {
                cost.flops_per_sample = Some(sampling.work.flops);
                cost.memory = Some(sampling.work.memory);
                if matches!(self.backend, Backend::Cpu) {
                    cost.sample_ms = Some(median_ms(&mut sampling.draw, self.seed)?);
                    cost.threads = Some(rayon::current_num_threads());
                }
                match sampling.known.take() {
                    Some(known) => Some(known),
                    None => Some(self.look(measure, sampling)?),
                }
            }
            None => None,
        };
        let command = format!("inkling eval all --model {id} --data data/mnist --n {} --seed {}", self.n, self.seed);
        let (definition, sha256) = (measures::DEFINITION, opened.sha256.clone());
        let measures = Measures { id, sha256, definition, command, samples, likelihood, cost, extra };
        measures.check()?;
        Ok(measures)
    }

    fn look(&mut self, measure: &Measure, mut sampling: Sampling) -> Result<Samples> {
        let images = (sampling.draw)(self.n, self.seed)?;
        if images.len() != self.n * PIXELS {
            return Err(Error::Data(format!("{} values are not {} digits", images.len(), self.n)));
        }
        let eyes = match &mut self.eyes {
            Some(eyes) => eyes,
            none => {
                let classifier = weights::open(&self.classifier)?;
                let (extractor, reference) = eval_samples::reference(&self.backend, measure, &classifier)?;
                none.insert(Eyes { extractor, reference, sha256: classifier.sha256 })
            }
        };
        let report = pollster::block_on(sample_report(&images, &mut eyes.extractor, &eyes.reference, self.seed))?;
        Ok(Samples { seed: self.seed, setting: sampling.setting, classifier: eyes.sha256.clone(), report })
    }
}

/// Digits that the clock sees at least and at most; slow models stop when [`PATIENCE`] is over.
const TIMED: (usize, usize) = (3, 15);
const PATIENCE: Duration = Duration::from_secs(4);

/// Milliseconds for one digit, the median; the first, for which jobs are compiled, does not count.
fn median_ms(draw: &mut Draw, seed: u32) -> Result<f64> {
    draw(1, seed)?;
    let begin = Instant::now();
    let mut times = Vec::with_capacity(TIMED.1);
    while times.len() < TIMED.0 || (times.len() < TIMED.1 && begin.elapsed() < PATIENCE) {
        let start = Instant::now();
        draw(1, seed.wrapping_add(times.len() as u32))?;
        times.push(1000.0 * start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// What the family of the model in `opened` brings.
///
/// # Errors
/// Those of the family.
pub fn subject(opened: &Opened, bench: &Bench, measure: &Measure) -> Result<Subject> {
    match opened.family {
        Family::Vae => subjects::vae(opened, bench, measure),
        Family::Denoiser => subjects::denoiser(opened, bench),
        Family::Classifier => subjects::classifier(opened, bench),
        Family::Rbm | Family::Energy => energy::subject(opened, bench, measure),
        Family::Flow => flow::subject(opened, bench),
        Family::Gan => gan::subject(opened, bench),
        Family::Autoregressive => autoregressive::subject(opened, bench, measure),
        Family::Mixture | Family::GaussianMixture | Family::NaiveBayes | Family::MarkovField => {
            classical::subject(opened, bench)
        }
    }
}

/// How the model in `opened` draws digits, if it draws any, with nothing measured.
///
/// # Errors
/// Those of the family.
pub fn sampling(opened: &Opened, bench: &Bench) -> Result<Option<Sampling>> {
    let runner = || Runner::new(&bench.backend, &opened.checkpoint);
    Ok(match opened.family {
        Family::Classifier | Family::MarkovField => None,
        Family::Vae => Some(subjects::vae_sampling(&adopt(opened.checkpoint.clone())?, &bench.backend)?),
        Family::Denoiser => subjects::denoiser(opened, bench)?.sampling,
        Family::Gan => gan::subject(opened, bench)?.sampling,
        Family::Flow => Some(flow::sampling(runner()?)?),
        Family::Autoregressive => Some(autoregressive::sampling(&autoregressive::model(opened)?, runner()?)?),
        Family::Mixture | Family::GaussianMixture | Family::NaiveBayes => {
            Some(classical::sampling(Rc::new(runner()?), opened.family)?)
        }
        Family::Rbm | Family::Energy => {
            Some(energy::sampling(energy::Chains::new(opened, &bench.backend, &Default::default(), None)?)?)
        }
    })
}

/// `inkling eval` of a family that brings a subject: measures, keeps the figures beside the weights, prints them.
///
/// # Errors
/// As [`Bench::measure`]; [`Error::Io`] for a place that cannot be written.
pub fn run(opened: &Opened, measure: &Measure, classifier: &str, n: usize, as_json: bool) -> Result<()> {
    let mut bench = Bench::new(measure, classifier, n)?;
    let subject = subject(opened, &bench, measure)?;
    let measures = bench.measure(measure, opened, subject)?;
    measures::keep(opened, &measures)?;
    print(&if as_json { json(&measures)? } else { card_measures::section(&measures) })
}
