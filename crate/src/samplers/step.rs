//! The graphs that carry moves out. They keep no state: what a step needs of the frames before is fed to it on the
//! device, so that one executable serves every trajectory of its shape.

use super::Sampler;
use super::moves::{Move, Term, factor};
use super::schedule::Walk;
use super::spec::Spec;
use crate::backend::{Backend, DeviceSlab, Executable, InputId, OutputId};
use crate::data::PIXELS;
use crate::error::Result;
use crate::graph::{Graph, Plan, Shape, Slab, Tensor};
use crate::models::denoiser::{Denoiser, Query};
use crate::models::denoiser_config::{DenoiserConfig, Evaluation, NO_CLASS, Prediction};
use crate::models::plans::PARAMS;
use crate::ops::Distribution;

/// What tells the graphs of steps apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepShape {
    /// Digits.
    pub batch: usize,
    /// How often the network is asked, 1 or 2.
    pub evaluations: usize,
    /// Whether each evaluation combines a prediction with the class and one without.
    pub guided: bool,
    /// Whether the prediction of x_0 is limited to [-1, 1].
    pub clipped: bool,
    /// Whether the x_0 of the step before goes in.
    pub multistep: bool,
    /// Whether fresh noise goes in.
    pub noisy: bool,
    /// Whether known pixels are put in.
    pub masked: bool,
}

impl StepShape {
    /// The shape of a spec's steps with `evaluations` evaluations.
    pub fn of(spec: &Spec, config: &DenoiserConfig, evaluations: usize) -> StepShape {
        StepShape {
            batch: spec.batch(),
            evaluations,
            guided: spec.is_guided(config),
            clipped: clips(spec, config),
            multistep: spec.sampler == Sampler::DpmSolver,
            noisy: spec.sampler == Sampler::Ddpm || spec.sampler == Sampler::Ddim && spec.eta > 0.0,
            masked: spec.inpaint.is_some(),
        }
    }

    /// The terms of the state at a second evaluation.
    const STAGE: [Term; 3] = [Term::State, Term::X0, Term::Eps];

    /// The terms of the state at the end.
    fn terms(&self) -> Vec<Term> {
        let mut terms = Self::STAGE.to_vec();
        if self.multistep {
            terms.push(Term::X0Previous);
        }
        if self.evaluations == 2 {
            terms.extend([Term::X0Second, Term::EpsSecond]);
        }
        if self.noisy {
            terms.push(Term::Noise);
        }
        terms
    }
}

/// x_0 told from eps is a small difference of large numbers where there is little signal: it is brought back among the
/// pixels' values, as Ho et al. 2020 do. Not when encoding, which is to be undone exactly.
fn clips(spec: &Spec, config: &DenoiserConfig) -> bool {
    config.prediction == Prediction::Eps && spec.direction == super::spec::Direction::Denoise
}

/// The plan of a step. Inputs, as far as the shape needs them: `x`, `x_0_previous`, `known` `[batch, 784]`, `mask`
/// `[784]` (1 = known), `label` `[batch]` (twice that when guided: the classes, then none), `keys` `[batch, 4]`, the scalar
/// `guidance`, and for each evaluation and sum the numbers of [`StepProgram::set_move`]. Outputs `[batch, 784]`: `x` at the
/// step's end, `x_0` and `eps` at its start.
///
/// # Errors
/// [`crate::Error::Shape`] for an empty batch.
pub fn step_plan(denoiser: &Denoiser, shape: &StepShape) -> Result<Plan> {
    let graph = Graph::new();
    let params = graph.slab(PARAMS, denoiser.layout())?;
    let builder =
        Builder { graph: &graph, denoiser, params: &params, shape, label: graph.input("label", [labels(shape)])? };
    let full = [shape.batch, PIXELS];
    let x = graph.input("x", full)?;
    let (x0, eps) = builder.evaluate(&x, 0)?;
    let mut registers = vec![(Term::State, x.clone()), (Term::X0, x0.clone()), (Term::Eps, eps.clone())];
    if shape.evaluations == 2 {
        let state = builder.sum(&registers, &StepShape::STAGE, "second")?;
        let (x0, eps) = builder.evaluate(&state, 1)?;
        registers.extend([(Term::X0Second, x0), (Term::EpsSecond, eps)]);
    }
    if shape.multistep {
        registers.push((Term::X0Previous, graph.input("x_0_previous", full)?));
    }
    if shape.noisy || shape.masked {
        let keys = graph.input("keys", [shape.batch, 4])?;
        registers.push((Term::Noise, graph.random_rows(Distribution::Normal, &keys, PIXELS)?));
    }
    let mut next = builder.sum(&registers, &shape.terms(), "to")?;
    if shape.masked {
        next = builder.put_known(&next, &registers[registers.len() - 1].1)?;
    }
    graph.compile(&[("x", &next), ("x_0", &x0), ("eps", &eps)])
}

fn labels(shape: &StepShape) -> usize {
    if shape.guided { 2 * shape.batch } else { shape.batch }
}

/// Names of the numbers of an evaluation.
const EVALUATION: [&str; 6] = ["input_scale", "x_0_of_x", "x_0_of_p", "eps_of_x", "eps_of_p", "signal_to_noise"];

fn evaluation_input(index: usize, name: &str) -> String {
    format!("evaluation.{index}.{name}")
}

fn sum_input(sum: &str, term: Term) -> String {
    format!("{sum}.{term:?}")
}

struct Builder<'a> {
    graph: &'a Graph,
    denoiser: &'a Denoiser,
    params: &'a Slab,
    shape: &'a StepShape,
    label: Tensor,
}

impl Builder<'_> {
    fn scalar(&self, name: &str) -> Result<Tensor> {
        self.graph.input(name, Shape::default())
    }

    /// x_0 and eps of the state `x`.
    fn evaluate(&self, x: &Tensor, index: usize) -> Result<(Tensor, Tensor)> {
        let StepShape { batch, guided, clipped, .. } = *self.shape;
        let number = |name: &str| self.scalar(&evaluation_input(index, name));
        let time = self.graph.input(&evaluation_input(index, "time"), [1, self.denoiser.time_width()])?;
        let mut asked = x.mul(&number(EVALUATION[0])?)?;
        if guided {
            asked = self.graph.concat(&[&asked, &asked], 0)?;
        }
        let mut p = self.denoiser.predict(&Query { x: &asked, time: &time, label: &self.label }, self.params)?;
        if guided {
            let (with, without) = (p.slice(0, 0, batch)?, p.slice(0, batch, batch)?);
            let scale = if index == 0 { self.scalar("guidance.0")? } else { self.scalar("guidance.1")? };
            p = with.add(&with.sub(&without)?.mul(&scale)?)?;
        }
        let told = x.mul(&number(EVALUATION[1])?)?.add(&p.mul(&number(EVALUATION[2])?)?)?;
        let eps = x.mul(&number(EVALUATION[3])?)?.add(&p.mul(&number(EVALUATION[4])?)?)?;
        if !clipped {
            return Ok((told, eps));
        }
        // x_t = alpha x_0 + sigma eps holds for the limited x_0 too
        let x0 = told.clamp(-1.0, 1.0);
        let eps = eps.add(&told.sub(&x0)?.mul(&number(EVALUATION[5])?)?)?;
        Ok((x0, eps))
    }

    fn sum(&self, registers: &[(Term, Tensor)], terms: &[Term], name: &str) -> Result<Tensor> {
        let mut total: Option<Tensor> = None;
        for (term, register) in registers.iter().filter(|(term, _)| terms.contains(term)) {
            let part = register.mul(&self.scalar(&sum_input(name, *term))?)?;
            total = Some(match total {
                Some(sum) => sum.add(&part)?,
                None => part,
            });
        }
        total.ok_or_else(|| crate::Error::Shape("a sum of nothing".into()))
    }

    /// The known images, noised to the step's end, where the mask is 1 (Lugmayr et al. 2022, eq. 8).
    fn put_known(&self, x: &Tensor, noise: &Tensor) -> Result<Tensor> {
        let known = self.graph.input("known", [self.shape.batch, PIXELS])?;
        let mask = self.graph.input("mask", [PIXELS])?;
        let noised = known.mul(&self.scalar("known.alpha")?)?.add(&noise.mul(&self.scalar("known.sigma")?)?)?;
        x.mul(&mask.neg().add_scalar(1.0))?.add(&noised.mul(&mask)?)
    }
}

/// A compiled step with its ports found. An input that the network does not use is not there.
pub struct StepProgram {
    /// What it is for.
    pub shape: StepShape,
    /// The plan on its buffers.
    pub executable: Executable,
    /// The state at the step's start.
    pub x: InputId,
    /// The x_0 of the step before.
    pub x0_previous: Option<InputId>,
    /// Outputs `x`, `x_0`, `eps`.
    pub outputs: [OutputId; 3],
    label: Option<InputId>,
    keys: Option<InputId>,
    guidance: Vec<InputId>,
    known: Option<[InputId; 4]>,
    evaluations: Vec<(InputId, Vec<Option<InputId>>)>,
    stage: Vec<(Term, InputId)>,
    sum: Vec<(Term, InputId)>,
    labels: Vec<f32>,
    features: Vec<f32>,
}

impl StepProgram {
    /// Compiles the step of `shape`.
    ///
    /// # Errors
    /// [`crate::Error::Gpu`] when the device refuses.
    pub fn new(backend: &Backend, denoiser: &Denoiser, params: &DeviceSlab, shape: StepShape) -> Result<StepProgram> {
        let executable = backend.compile(step_plan(denoiser, &shape)?, &[(PARAMS, params)])?;
        let optional = |name: &str| executable.input(name).ok();
        let sums = |name: &str, terms: &[Term]| -> Result<Vec<(Term, InputId)>> {
            terms.iter().map(|&term| Ok((term, executable.input(&sum_input(name, term))?))).collect()
        };
        let evaluation = |index: usize| -> Result<(InputId, Vec<Option<InputId>>)> {
            let numbers = EVALUATION.iter().map(|name| optional(&evaluation_input(index, name))).collect();
            Ok((executable.input(&evaluation_input(index, "time"))?, numbers))
        };
        let known = match shape.masked {
            true => Some([
                executable.input("known")?,
                executable.input("mask")?,
                executable.input("known.alpha")?,
                executable.input("known.sigma")?,
            ]),
            false => None,
        };
        Ok(StepProgram {
            shape,
            x: executable.input("x")?,
            x0_previous: optional("x_0_previous"),
            outputs: [executable.output("x")?, executable.output("x_0")?, executable.output("eps")?],
            label: optional("label"),
            keys: optional("keys"),
            guidance: ["guidance.0", "guidance.1"].into_iter().filter_map(optional).collect(),
            known,
            evaluations: (0..shape.evaluations).map(evaluation).collect::<Result<_>>()?,
            stage: if shape.evaluations == 2 { sums("second", &StepShape::STAGE)? } else { vec![] },
            sum: sums("to", &shape.terms())?,
            labels: vec![f32::from(NO_CLASS); labels(&shape)],
            features: vec![0.0; denoiser.time_width()],
            executable,
        })
    }

    /// Sets what belongs to the trajectory: classes, guidance scale, and known images `[batch, 784]` with their mask
    /// `[784]` if the shape has them.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when a number of values differs.
    pub fn set_trajectory(&mut self, spec: &Spec, known: &[f32], mask: &[f32]) -> Result<()> {
        for (label, class) in self.labels.iter_mut().zip(&spec.classes) {
            *label = f32::from(*class);
        }
        if let Some(input) = self.label {
            self.executable.write(input, &self.labels)?;
        }
        for &input in &self.guidance {
            self.executable.write(input, &[spec.guidance_scale as f32])?;
        }
        if let Some([known_input, mask_input, ..]) = self.known {
            self.executable.write(known_input, known)?;
            self.executable.write(mask_input, mask)?;
        }
        Ok(())
    }

    /// Sets the numbers of a move: the times that the network is told, how x_0 and eps follow from its output, and the
    /// factors of the sums. `keys` are the digits' keys of this move's noise.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when the keys are not four numbers a digit.
    pub fn set_move(&mut self, denoiser: &Denoiser, walk: &Walk<'_>, one: &Move, keys: &[f32]) -> Result<()> {
        let times = [one.from, one.second.as_ref().map_or(one.from, |second| second.time)];
        for ((time_input, inputs), time) in self.evaluations.iter().zip(times) {
            let Evaluation { time: own_time, input_scale, solution } = walk.evaluation(time);
            let at = walk.path().at(time);
            // at sigma = 0 x_0 is the state itself, and eps the network's own
            let signal_to_noise = if at.sigma > 0.0 { at.alpha / at.sigma } else { 0.0 };
            let [x0_of_x, x0_of_p] = solution.x0;
            let [eps_of_x, eps_of_p] = solution.eps;
            let numbers = [input_scale, x0_of_x, x0_of_p, eps_of_x, eps_of_p, signal_to_noise];
            for (input, number) in inputs.iter().zip(numbers) {
                if let Some(input) = input {
                    self.executable.write(*input, &[number as f32])?;
                }
            }
            denoiser.time_features(own_time, &mut self.features);
            self.executable.write(*time_input, &self.features)?;
        }
        let stage = one.second.as_ref().map_or(&[][..], |second| &second.coefficients);
        for (inputs, coefficients) in [(&self.stage, stage), (&self.sum, &one.coefficients[..])] {
            for &(term, input) in inputs {
                self.executable.write(input, &[factor(coefficients, term) as f32])?;
            }
        }
        if let Some(input) = self.keys {
            self.executable.write(input, keys)?;
        }
        if let Some([.., alpha, sigma]) = self.known {
            self.executable.write(alpha, &[one.alpha_to as f32])?;
            self.executable.write(sigma, &[one.sigma_to as f32])?;
        }
        Ok(())
    }
}

/// Mixes given values with noise: the start of a trajectory, and a jump back to more noise.
pub struct MixProgram {
    /// The plan on its buffers.
    pub executable: Executable,
    /// What the noise is added to, `[batch, 784]`.
    pub given: InputId,
    /// Output `x`.
    pub x: OutputId,
    keys: InputId,
    factors: [InputId; 2],
}

impl MixProgram {
    /// Compiles the mixture for `batch` digits.
    ///
    /// # Errors
    /// [`crate::Error::Gpu`] when the device refuses.
    pub fn new(backend: &Backend, batch: usize) -> Result<MixProgram> {
        let graph = Graph::new();
        let given = graph.input("given", [batch, PIXELS])?;
        let noise = graph.random_rows(Distribution::Normal, &graph.input("keys", [batch, 4])?, PIXELS)?;
        let [of_given, of_noise] =
            [graph.input("of_given", Shape::default())?, graph.input("of_noise", Shape::default())?];
        let x = given.mul(&of_given)?.add(&noise.mul(&of_noise)?)?;
        let executable = backend.compile(graph.compile(&[("x", &x)])?, &[])?;
        Ok(MixProgram {
            given: executable.input("given")?,
            x: executable.output("x")?,
            keys: executable.input("keys")?,
            factors: [executable.input("of_given")?, executable.input("of_noise")?],
            executable,
        })
    }

    /// Sets the factors of the given values and of the noise, and the noise's keys.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when the keys are not four numbers a digit.
    pub fn set(&mut self, factors: [f64; 2], keys: &[f32]) -> Result<()> {
        for (input, value) in self.factors.into_iter().zip(factors) {
            self.executable.write(input, &[value as f32])?;
        }
        self.executable.write(self.keys, keys)
    }
}
