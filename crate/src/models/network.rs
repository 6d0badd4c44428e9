//! Models that are run by jobs: plans with names, whose inputs and outputs have names too. The page and the command line
//! drive all of them alike, so that a new family brings its graphs and nothing else.

use std::cell::RefCell;
use std::rc::Rc;

use serde::de::DeserializeOwned;

use super::autoregressive;
use super::energy::EnergyModel;
use super::plans::PARAMS;
use super::rbm::Rbm;
use crate::backend::{Backend, DeviceSlab, Executable};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::graph::{ParamLayout, Plan};
use crate::models::classical::ClassicalConfig;
use crate::models::classifier::Classifier;
use crate::models::family::Family;
use crate::models::flow::Flow;
use crate::models::gan::Gan;

/// Compiled jobs that are kept for a model: what a room shows at once, and what it goes back to. Those in use stay
/// whatever their number.
const MAX_JOBS: usize = 12;
/// Images of one run: more than any picture or chain holds, and little enough to be allocated.
const MAX_BATCH: usize = 4096;

/// A model as a builder of plans.
pub trait Network {
    /// The parameters' names, shapes and places: the slab [`PARAMS`] of every plan.
    fn layout(&self) -> &Rc<ParamLayout>;

    /// The network in words.
    fn describe(&self) -> String;

    /// The plan of `job` for `batch` images. What it is called, reads and gives stands with the family. A plan may keep
    /// slabs of its own from run to run (a chain's state, a cache of keys and values); they begin as zeros.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a job that the family does not know ([`unknown_job`]), [`Error::Shape`] for a batch
    /// that cannot be.
    fn plan(&self, job: &str, batch: usize) -> Result<Plan>;
}

/// What [`Network::plan`] answers to a word that it does not know.
pub fn unknown_job<T>(job: &str, known: &[&str]) -> Result<T> {
    Err(Error::Unsupported(format!("this model does not know the job {job}; it knows: {}", known.join(", "))))
}

/// The network in a weights file.
///
/// # Errors
/// [`Error::Checkpoint`] when the config does not fit, [`Error::Unsupported`] for a family that is not run by jobs.
pub fn network(checkpoint: &Checkpoint) -> Result<Box<dyn Network>> {
    Ok(match Family::of(checkpoint)? {
        Family::Classifier => Box::new(Classifier::new(config(checkpoint)?)?),
        Family::Flow => Box::new(Flow::of(checkpoint)?),
        Family::Autoregressive => Box::new(autoregressive::network(config(checkpoint)?)?),
        Family::Energy => Box::new(EnergyModel::new(config(checkpoint)?)?),
        Family::Rbm => Box::new(Rbm::new(config(checkpoint)?)?),
        Family::Mixture | Family::GaussianMixture | Family::NaiveBayes | Family::MarkovField => {
            config::<ClassicalConfig>(checkpoint)?.network()?
        }
        Family::Gan => Box::new(Gan::new(config(checkpoint)?)?),
        family => {
            return Err(Error::Unsupported(format!("a model of family {} is not run by jobs", family.name())));
        }
    })
}

/// The config in a weights file that has to have one.
///
/// # Errors
/// [`Error::Checkpoint`] when there is none or it does not fit.
pub(super) fn config<T: DeserializeOwned>(checkpoint: &Checkpoint) -> Result<T> {
    checkpoint.config()?.ok_or_else(|| Error::Checkpoint("the file does not say what it holds".into()))
}

/// A model on a backend with the jobs compiled for it.
pub struct Runner {
    backend: Backend,
    network: Box<dyn Network>,
    params: DeviceSlab,
    jobs: RefCell<Vec<Job>>,
}

struct Job {
    owner: String,
    name: String,
    batch: usize,
    executable: Rc<RefCell<Executable>>,
}

impl Runner {
    /// Uploads the model in a weights file.
    ///
    /// # Errors
    /// As [`network`]; [`Error::Checkpoint`] when the weights do not fit the config, [`Error::Gpu`] when the device
    /// refuses.
    pub fn new(backend: &Backend, checkpoint: &Checkpoint) -> Result<Runner> {
        let network = network(checkpoint)?;
        let params = backend.slab(checkpoint.to_store(network.layout())?.slab())?;
        Ok(Runner { backend: backend.clone(), network, params, jobs: RefCell::default() })
    }

    /// The network.
    pub fn network(&self) -> &dyn Network {
        &*self.network
    }

    /// The backend.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// The job `name` for `batch` images: compiled when it is first asked for, then kept until [`MAX_JOBS`] others were
    /// used since.
    ///
    /// # Errors
    /// As [`Network::plan`]; [`Error::Gpu`] when the device refuses.
    pub fn job(&self, name: &str, batch: usize) -> Result<Rc<RefCell<Executable>>> {
        self.job_of("", name, batch)
    }

    /// [`Runner::job`], compiled for `owner` alone: its inputs, outputs and what it keeps from run to run are not
    /// touched by anybody else's runs of the same job.
    ///
    /// # Errors
    /// As [`Runner::job`].
    pub fn job_of(&self, owner: &str, name: &str, batch: usize) -> Result<Rc<RefCell<Executable>>> {
        let mut jobs = self.jobs.borrow_mut();
        let known = jobs.iter().position(|job| job.batch == batch && job.name == name && job.owner == owner);
        if let Some(index) = known {
            // the order of use is kept in place: no allocation
            jobs[index..].rotate_left(1);
        } else {
            if batch > MAX_BATCH {
                return Err(Error::Shape(format!("{batch} images are too many for one run; {MAX_BATCH} are the most")));
            }
            let plan = self.network.plan(name, batch)?;
            let executable = Rc::new(RefCell::new(self.backend.compile(plan, &[(PARAMS, &self.params)])?));
            let unused = jobs.iter().position(|job| Rc::strong_count(&job.executable) == 1);
            if let Some(unused) = unused.filter(|_| jobs.len() >= MAX_JOBS) {
                jobs.remove(unused);
            }
            jobs.push(Job { owner: owner.to_string(), name: name.to_string(), batch, executable });
        }
        Ok(jobs[jobs.len() - 1].executable.clone())
    }

    /// Gives back what was compiled for `owner`.
    pub fn forget(&self, owner: &str) {
        self.jobs.borrow_mut().retain(|job| job.owner != owner);
    }

    /// Buffers of the compiled jobs and their bytes.
    pub fn memory(&self) -> (usize, usize) {
        let jobs = self.jobs.borrow();
        jobs.iter().fold((0, 0), |(buffers, bytes), job| {
            let executable = job.executable.borrow();
            (buffers + executable.plan().buffers.len(), bytes + executable.plan().bytes())
        })
    }
}
