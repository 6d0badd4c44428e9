//! A denoiser on a backend, and the trajectories that it runs: one move is one submit, all frames stay on the device.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use super::moves::{Move, MoveKind, Term, factor};
use super::schedule::{Walk, schedule};
use super::spec::{Direction, Spec, Start};
use super::step::{MixProgram, StepProgram, StepShape};
use crate::backend::present::Images;
use crate::backend::{Backend, DeviceSlab, Executable, History, Place};
use crate::checkpoint::Checkpoint;
use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::models::denoiser::Denoiser;
use crate::models::denoiser_config::DenoiserConfig;
use crate::ops::key_values;

/// Compiled steps that are kept: two lanes of the page need two each at most (the second where a Heun step ends as an
/// Euler step), and a lane that goes back to its last settings should find them.
const MAX_PROGRAMS: usize = 6;

/// A denoiser with its weights on a backend, and the steps compiled for it, which all its trajectories share.
pub struct DenoiserRunner {
    backend: Backend,
    denoiser: Denoiser,
    params: DeviceSlab,
    steps: Programs<StepShape, StepProgram>,
    mixes: Programs<usize, MixProgram>,
}

/// The programs used last, the latest at the end.
type Programs<K, P> = RefCell<Vec<(K, Rc<RefCell<P>>)>>;

impl DenoiserRunner {
    /// Uploads the denoiser in a weights file.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when the file is none of a denoiser or its weights do not fit, [`Error::Gpu`] when the
    /// device refuses.
    pub fn new(backend: &Backend, weights: &Checkpoint) -> Result<DenoiserRunner> {
        let config = weights.config::<DenoiserConfig>()?;
        let config =
            config.ok_or_else(|| Error::Checkpoint("the weights file does not say which denoiser it holds".into()))?;
        let denoiser = Denoiser::new(config)?;
        let params = backend.slab(weights.to_store(denoiser.layout())?.slab())?;
        Ok(Self::on_params(backend, denoiser, params))
    }

    /// A denoiser whose parameters are on the backend already.
    pub fn on_params(backend: &Backend, denoiser: Denoiser, params: DeviceSlab) -> DenoiserRunner {
        let backend = backend.clone();
        DenoiserRunner { backend, denoiser, params, steps: RefCell::default(), mixes: RefCell::default() }
    }

    /// The network.
    pub fn denoiser(&self) -> &Denoiser {
        &self.denoiser
    }

    /// Its config.
    pub fn config(&self) -> &DenoiserConfig {
        self.denoiser.config()
    }

    /// The backend.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Buffers of the compiled steps and their bytes.
    pub fn memory(&self) -> (usize, usize) {
        let (steps, mixes) = (self.steps.borrow(), self.mixes.borrow());
        let of = |executable: &Executable| (executable.plan().buffers.len(), executable.plan().bytes());
        let each = steps.iter().map(|(_, program)| of(&program.borrow().executable));
        let all = each.chain(mixes.iter().map(|(_, program)| of(&program.borrow().executable)));
        all.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    fn step(&self, shape: StepShape) -> Result<Rc<RefCell<StepProgram>>> {
        find(&self.steps, shape, || StepProgram::new(&self.backend, &self.denoiser, &self.params, shape))
    }

    fn mix(&self, batch: usize) -> Result<Rc<RefCell<MixProgram>>> {
        find(&self.mixes, batch, || MixProgram::new(&self.backend, batch))
    }
}

/// The program under `key`, made if it is not there; the one not used for longest gives way.
fn find<K: PartialEq + Copy, P>(
    programs: &Programs<K, P>,
    key: K,
    make: impl FnOnce() -> Result<P>,
) -> Result<Rc<RefCell<P>>> {
    let mut programs = programs.borrow_mut();
    let entry = match programs.iter().position(|(other, _)| *other == key) {
        Some(index) => programs.remove(index),
        None => {
            if programs.len() >= MAX_PROGRAMS {
                programs.remove(0);
            }
            (key, Rc::new(RefCell::new(make()?)))
        }
    };
    let program = entry.1.clone();
    programs.push(entry);
    Ok(program)
}

/// What a frame holds, `[batch, 784]` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// The state.
    X,
    /// x_0 as predicted from it.
    X0,
    /// The noise as predicted from it.
    Eps,
}

impl Track {
    /// As the page's messages have it: `x_t`, `x_0`, `eps`.
    ///
    /// # Errors
    /// [`Error::Data`] for another word.
    pub fn parse(name: &str) -> Result<Track> {
        match name {
            "x_t" => Ok(Track::X),
            "x_0" => Ok(Track::X0),
            "eps" => Ok(Track::Eps),
            _ => Err(Error::Data(format!("a frame has x_t, x_0 and eps, not {name}"))),
        }
    }
}

/// The tracks of a history, in the order of [`Track`].
const TRACKS: [&str; 3] = ["x_t", "x_0", "eps"];

/// Which frames stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All: they can be looked at afterwards.
    All,
    /// The newest two, for sampling many digits.
    Newest,
}

/// What is given to a trajectory besides its spec.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// `[batch, 784]` for a start from source, exact or data and for inpainting: images in [-1, 1], or a state.
    pub images: &'a [f32],
    /// `[784]` in [0, 1] for inpainting, 1 where the images' pixels are kept.
    pub mask: &'a [f32],
}

/// A trajectory: a spec, its moves and the frames computed so far. Frame k is the state before move k and what was
/// predicted from it; the last frame is the result.
pub struct Trajectory {
    runner: Rc<DenoiserRunner>,
    spec: Spec,
    moves: Vec<Move>,
    images: Vec<f32>,
    mask: Vec<f32>,
    seeds: Vec<u32>,
    keys: Vec<f32>,
    history: History,
    keep: Keep,
    position: usize,
}

impl Trajectory {
    /// Starts a trajectory: frame 0's state is there.
    ///
    /// # Errors
    /// [`Error::Data`] for a spec that cannot be done, or when what it needs is not given in the right number and
    /// range; [`Error::DeviceLost`], [`Error::Gpu`], [`Error::Unsupported`] when memory runs out.
    pub fn new(runner: &Rc<DenoiserRunner>, spec: Spec, given: Given<'_>, keep: Keep) -> Result<Trajectory> {
        let moves = schedule(&spec, runner.config())?;
        check_given(&spec, given)?;
        let batch = spec.batch();
        let mut trajectory = Trajectory {
            history: runner.backend.history(&TRACKS, batch * PIXELS)?,
            runner: runner.clone(),
            moves,
            images: if spec.needs_images() { given.images.to_vec() } else { vec![] },
            mask: if spec.inpaint.is_some() { given.mask.to_vec() } else { vec![] },
            seeds: spec.digit_seeds(),
            keys: vec![0.0; 4 * batch],
            spec,
            keep,
            position: 0,
        };
        trajectory.start()?;
        Ok(trajectory)
    }

    fn start(&mut self) -> Result<()> {
        let walk = Walk::new(&self.spec, self.runner.config());
        let at = walk.path().at(walk.range().first);
        let first = self.place(0, Track::X);
        let factors = match self.spec.start {
            Start::Noise => [0.0, at.sigma],
            Start::Source { .. } => [at.alpha, at.sigma],
            Start::Exact { .. } | Start::Data => {
                self.history.write(first, &self.images)?;
                return self.finish_without_moves();
            }
        };
        set_keys(&mut self.keys, &self.seeds, 0);
        let mix = self.runner.mix(self.spec.batch())?;
        let mix = &mut *mix.borrow_mut();
        mix.set(factors, &self.keys)?;
        if factors[0] != 0.0 {
            mix.executable.write(mix.given, &self.images)?;
        }
        mix.executable.run_recording(&mut self.history, &[], &[(mix.x, first)])?;
        self.finish_without_moves()
    }

    /// A trajectory that starts at the data has its result, and no noise was predicted.
    fn finish_without_moves(&mut self) -> Result<()> {
        if !self.moves.is_empty() {
            return Ok(());
        }
        let (x0, eps) = (self.place(0, Track::X0), self.place(0, Track::Eps));
        self.history.write(x0, &self.images)?;
        self.history.write(eps, &vec![0.0; self.images.len()])
    }

    /// Does the next move; whether there are more. Returns before a GPU is done with it.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`], [`Error::Unsupported`] when memory runs out.
    pub fn step(&mut self) -> Result<bool> {
        let Some(one) = self.moves.get(self.position) else { return Ok(false) };
        // key 0 is the start's
        set_keys(&mut self.keys, &self.seeds, self.position as u32 + 1);
        match one.kind {
            MoveKind::Denoise => self.denoise()?,
            MoveKind::Renoise => self.renoise()?,
        }
        self.position += 1;
        Ok(!self.is_done())
    }

    fn denoise(&mut self) -> Result<()> {
        let (frame, config) = (self.position, self.runner.config());
        let one = &self.moves[frame];
        let program = self.runner.step(StepShape::of(&self.spec, config, one.evaluations))?;
        let program = &mut *program.borrow_mut();
        program.set_trajectory(&self.spec, &self.images, &self.mask)?;
        program.set_move(&self.runner.denoiser, &Walk::new(&self.spec, config), one, &self.keys)?;
        let mut feeds = vec![(program.x, self.place(frame, Track::X))];
        if let Some(input) = program.x0_previous {
            // where nothing is extrapolated, its factor is 0: any numbers will do that are finite
            let extrapolates = factor(&one.coefficients, Term::X0Previous) != 0.0;
            let place = if extrapolates { self.place(frame - 1, Track::X0) } else { self.place(frame, Track::X) };
            feeds.push((input, place));
        }
        let [x, x0, eps] = program.outputs;
        let mut records = vec![
            (x, self.place(frame + 1, Track::X)),
            (x0, self.place(frame, Track::X0)),
            (eps, self.place(frame, Track::Eps)),
        ];
        // nothing is predicted at the next frame: it shows the last predictions, and a result is its own x_0
        let next = self.moves.get(frame + 1);
        if next.is_none_or(|next| next.kind == MoveKind::Renoise) {
            let result = next.is_none() && self.spec.direction == Direction::Denoise;
            records.push((if result { x } else { x0 }, self.place(frame + 1, Track::X0)));
            records.push((eps, self.place(frame + 1, Track::Eps)));
        }
        program.executable.run_recording(&mut self.history, &feeds, &records)
    }

    fn renoise(&mut self) -> Result<()> {
        let one = &self.moves[self.position];
        let factors = [factor(&one.coefficients, Term::State), factor(&one.coefficients, Term::Noise)];
        let (from, to) = (self.place(self.position, Track::X), self.place(self.position + 1, Track::X));
        let mix = self.runner.mix(self.spec.batch())?;
        let mix = &mut *mix.borrow_mut();
        mix.set(factors, &self.keys)?;
        mix.executable.run_recording(&mut self.history, &[(mix.given, from)], &[(mix.x, to)])
    }

    /// The spec.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// All its moves; it has one frame more.
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// Moves done so far, and the index of the newest frame whose state is known.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Whether every move is done.
    pub fn is_done(&self) -> bool {
        self.position == self.moves.len()
    }

    /// Frames of which everything is known: those before [`Trajectory::position`], and the last one at the end.
    pub fn complete_frames(&self) -> usize {
        self.position + usize::from(self.is_done())
    }

    /// The frames on the device.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Where a value lies in [`Trajectory::history`].
    pub fn place(&self, frame: usize, track: Track) -> Place {
        let frame = match self.keep {
            Keep::All => frame,
            Keep::Newest => frame % 2,
        };
        Place { frame, track: track as usize }
    }

    /// A value as images to be drawn.
    ///
    /// # Errors
    /// [`Error::Shape`] for a frame that is not computed.
    pub fn images(&self, frame: usize, track: Track) -> Result<Images<'_>> {
        self.history.images(self.place(frame, track))
    }

    /// Reads a value, `[batch, 784]`. The future borrows nothing.
    ///
    /// # Errors
    /// [`Error::Shape`] for a frame that is not computed, [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn read(&self, frame: usize, track: Track) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        self.history.read(self.place(frame, track))
    }

    /// Does all moves that are left and reads the last state.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub async fn finish(mut self) -> Result<Vec<f32>> {
        while self.step()? {}
        self.read(self.position, Track::X).await
    }
}

/// One key a digit for the noise of a move: 0 the start's, k + 1 that of move k.
fn set_keys(keys: &mut [f32], seeds: &[u32], count: u32) {
    for (key, seed) in keys.chunks_mut(4).zip(seeds) {
        key.copy_from_slice(&key_values(*seed, count));
    }
}

fn check_given(spec: &Spec, given: Given<'_>) -> Result<()> {
    let wrong = |what: String| Err(Error::Data(format!("the sampler cannot start: {what}")));
    if spec.needs_images() {
        if given.images.len() != spec.batch() * PIXELS {
            let (expected, found) = (spec.batch() * PIXELS, given.images.len());
            return wrong(format!("it needs {expected} values of images (784 for each class), and {found} were given"));
        }
        if given.images.iter().any(|value| !value.is_finite()) {
            return wrong("the given images have values that are no finite numbers".into());
        }
    }
    if spec.inpaint.is_some() {
        if given.mask.len() != PIXELS {
            return wrong(format!("a mask has {PIXELS} values, and {} were given", given.mask.len()));
        }
        if given.mask.iter().any(|value| !(0.0..=1.0).contains(value)) {
            return wrong("a mask's values are 0 to 1".into());
        }
    }
    Ok(())
}

/// How far images come back from their noise.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct RoundTrip {
    /// The largest difference of a pixel in [-1, 1].
    pub max: f64,
    /// The root mean square of the differences.
    pub rms: f64,
}

impl RoundTrip {
    /// The differences of equally many values; 0 of none.
    pub fn between(a: &[f32], b: &[f32]) -> RoundTrip {
        let differences = a.iter().zip(b).map(|(a, b)| f64::from(a - b).abs());
        let (max, sum) = differences.fold((0.0f64, 0.0), |(max, sum), one| (max.max(one), sum + one * one));
        RoundTrip { max, rms: (sum / a.len().max(1) as f64).sqrt() }
    }
}

/// Encodes `images` (784 values in [-1, 1] for each class of `spec`) and decodes them by the same sampler and steps; start
/// and direction of `spec` are not used.
///
/// # Errors
/// As [`Trajectory::new`]; [`Error::Data`] for a sampler that does not encode.
pub async fn round_trip(runner: &Rc<DenoiserRunner>, spec: &Spec, images: &[f32]) -> Result<RoundTrip> {
    let encode = Spec { start: Start::Data, direction: Direction::Encode, inpaint: None, ..spec.clone() };
    let decode = Spec { start: Start::Exact { t: 1.0 }, direction: Direction::Denoise, ..encode.clone() };
    let mut values = images.to_vec();
    for spec in [encode, decode] {
        let given = Given { images: &values, mask: &[] };
        values = Trajectory::new(runner, spec, given, Keep::Newest)?.finish().await?;
    }
    Ok(RoundTrip::between(&values, images))
}
