//! What a person asks of a sampler: the JSON of the page's requests and of `inkling sample`.

use serde::{Deserialize, Serialize};

use super::Sampler;
use super::spacing::Spacing;
use crate::error::{Error, Result};
use crate::models::denoiser_config::{DenoiserConfig, LABELS, NO_CLASS};

/// Most steps of a trajectory.
pub const MAX_STEPS: usize = 1000;
/// Most moves of a trajectory, those of resampling included.
pub const MAX_MOVES: usize = 5000;
/// Largest guidance scale.
pub const MAX_GUIDANCE: f64 = 8.0;
/// Most digits at once.
pub const MAX_BATCH: usize = 1024;
/// Most repetitions of inpainting.
pub const MAX_RESAMPLE: usize = 20;

/// A trajectory in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The model's id; whoever loads the model reads it.
    #[serde(default)]
    pub model: String,
    /// The rule.
    pub sampler: Sampler,
    /// Steps from end to end, 1 to 1000.
    pub steps: usize,
    /// How times lie between noise and data.
    #[serde(default)]
    pub spacing: Spacing,
    /// Noise of DDIM's steps, 0 (none) to 1 (as much as DDPM's).
    #[serde(default)]
    pub eta: f64,
    /// w in p = p_class + w (p_class - p_none), 0 (plain conditional) to 8: classifier-free guidance (Ho and Salimans
    /// 2022).
    #[serde(default)]
    pub guidance_scale: f64,
    /// Each digit's class, 0 to 9, or 10 for none; its length is the batch.
    pub classes: Vec<u8>,
    /// The seed of all noise.
    pub seed: u32,
    /// Each digit's seed; by default `seed`, `seed` + 1, ... or, with `shared_noise`, `seed` for all. A digit's noise
    /// depends on its seed alone, not on its place or on how many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<Vec<u32>>,
    /// The same noise for all digits.
    #[serde(default)]
    pub shared_noise: bool,
    /// Where it starts.
    #[serde(default)]
    pub start: Start,
    /// Which way it goes.
    #[serde(default)]
    pub direction: Direction,
    /// Keeping the pixels of the given images under the mask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inpaint: Option<Inpaint>,
}

/// Where a trajectory starts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Start {
    /// Pure noise.
    #[default]
    Noise,
    /// The given images with the seed's noise at `t`: the forward process, SDEdit (Meng et al. 2022).
    Source {
        /// The time, 0 to 1.
        t: f64,
    },
    /// The given values as they are, a state at `t`.
    Exact {
        /// The time, 0 to 1.
        t: f64,
    },
    /// The given images, to be encoded.
    Data,
}

/// Which way a trajectory goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From noise to data.
    #[default]
    Denoise,
    /// From data to noise.
    Encode,
}

/// Inpainting by RePaint (Lugmayr et al. 2022): known pixels are put in at each step, and steps are done several times
/// so that the rest can fit itself to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inpaint {
    /// How often each stretch of steps is done, 1 to 20.
    pub resample: usize,
    /// Steps in a stretch, from 1.
    pub jump: usize,
}

impl Spec {
    /// Digits.
    pub fn batch(&self) -> usize {
        self.classes.len()
    }

    /// Each digit's seed.
    pub fn digit_seeds(&self) -> Vec<u32> {
        match &self.seeds {
            Some(seeds) => seeds.clone(),
            None if self.shared_noise => vec![self.seed; self.batch()],
            None => (0..self.batch()).map(|digit| self.seed.wrapping_add(digit as u32)).collect(),
        }
    }

    /// Whether two predictions are combined in each evaluation.
    pub fn is_guided(&self, config: &DenoiserConfig) -> bool {
        config.conditional && self.guidance_scale > 0.0 && self.classes.iter().any(|class| *class != NO_CLASS)
    }

    /// Whether images must be given with it.
    pub fn needs_images(&self) -> bool {
        self.start != Start::Noise || self.inpaint.is_some()
    }

    /// Checks everything that does not depend on the weights.
    ///
    /// # Errors
    /// [`Error::Data`] naming the field and what it may be.
    pub fn check(&self, config: &DenoiserConfig) -> Result<()> {
        if self.steps == 0 || self.steps > MAX_STEPS {
            return Err(wrong(format!("steps is {}; it is 1 to {MAX_STEPS}", self.steps)));
        }
        if self.classes.is_empty() || self.classes.len() > MAX_BATCH {
            return Err(wrong(format!("classes has {} entries; it has 1 to {MAX_BATCH}", self.classes.len())));
        }
        if let Some(class) = self.classes.iter().find(|class| usize::from(**class) >= LABELS) {
            return Err(wrong(format!("classes has {class}; a class is 0 to 9, or {NO_CLASS} for none")));
        }
        if !config.conditional && self.classes.iter().any(|class| *class != NO_CLASS) {
            return Err(wrong(format!("classes names digits, but this model knows none; give {NO_CLASS} for each")));
        }
        if !(0.0..=MAX_GUIDANCE).contains(&self.guidance_scale) {
            return Err(wrong(format!("guidance_scale is {}; it is 0 to {MAX_GUIDANCE}", self.guidance_scale)));
        }
        if !(0.0..=1.0).contains(&self.eta) {
            return Err(wrong(format!("eta is {}; it is 0 to 1", self.eta)));
        }
        if let Some(seeds) = &self.seeds
            && seeds.len() != self.classes.len()
        {
            return Err(wrong(format!("seeds has {} entries and classes {}", seeds.len(), self.classes.len())));
        }
        if let Start::Source { t } | Start::Exact { t } = self.start
            && !(0.0..=1.0).contains(&t)
        {
            return Err(wrong(format!("start.t is {t}; it is 0 (data) to 1 (noise)")));
        }
        self.check_direction()?;
        self.check_inpaint()
    }

    fn check_direction(&self) -> Result<()> {
        match (self.direction, self.start) {
            (Direction::Denoise, Start::Data) => {
                Err(wrong("a start from data is for encoding; to denoise, start from noise, source or exact".into()))
            }
            (Direction::Encode, Start::Noise | Start::Source { .. }) => {
                Err(wrong("encoding starts from data, or from an exact state".into()))
            }
            (Direction::Encode, _) if self.sampler == Sampler::Ddpm => Err(wrong(
                "ddpm draws noise at each step and cannot encode; ddim with eta 0, dpm-solver, euler, midpoint and heun can"
                    .into(),
            )),
            (Direction::Encode, _) if self.sampler == Sampler::Ddim && self.eta > 0.0 => {
                Err(wrong("ddim encodes only with eta 0: with noise there is no way back".into()))
            }
            _ => Ok(()),
        }
    }

    fn check_inpaint(&self) -> Result<()> {
        let Some(Inpaint { resample, jump }) = self.inpaint else { return Ok(()) };
        if self.direction == Direction::Encode || matches!(self.start, Start::Exact { .. } | Start::Data) {
            return Err(wrong("inpainting denoises from noise or source".into()));
        }
        if resample == 0 || resample > MAX_RESAMPLE {
            return Err(wrong(format!("inpaint.resample is {resample}; it is 1 to {MAX_RESAMPLE}")));
        }
        if jump == 0 || jump > MAX_STEPS {
            return Err(wrong(format!("inpaint.jump is {jump}; it is 1 to {MAX_STEPS}")));
        }
        let moves = self.steps * resample + self.steps.div_ceil(jump) * (resample - 1);
        if moves > MAX_MOVES {
            return Err(wrong(format!(
                "{} steps resampled {resample} times are {moves} moves, more than {MAX_MOVES}; take fewer",
                self.steps
            )));
        }
        Ok(())
    }
}

fn wrong(what: String) -> Error {
    Error::Data(format!("the sampler cannot do this: {what}"))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::models::denoiser_config::{Network, Prediction};
    use crate::models::family::Family;
    use crate::samplers::path::Path;

    pub fn config(prediction: Prediction, path: Path, conditional: bool) -> DenoiserConfig {
        let network = match conditional {
            false => Network::Mlp { hidden: vec![4] },
            true => Network::Unet { channels: [4, 8], embedding: 4, heads: 2, groups: 2 },
        };
        DenoiserConfig { family: Family::Denoiser, network, prediction, path, conditional, training: None }
    }

    pub fn spec(sampler: Sampler, steps: usize) -> Spec {
        Spec {
            model: String::new(),
            sampler,
            steps,
            spacing: Spacing::Uniform,
            eta: 0.0,
            guidance_scale: 0.0,
            classes: vec![NO_CLASS],
            seed: 1,
            seeds: None,
            shared_noise: false,
            start: Start::Noise,
            direction: Direction::Denoise,
            inpaint: None,
        }
    }

    #[test]
    fn the_page_s_json() {
        let text = r#"{"model": "flow-matching", "sampler": "dpm-solver", "steps": 20, "spacing": "log-snr", "eta": 0,
            "guidance_scale": 1.5, "classes": [3, 10], "seed": 7, "shared_noise": true, "start": {"kind": "source", "t": 0.5},
            "direction": "denoise", "inpaint": {"resample": 4, "jump": 5}}"#;
        let spec: Spec = serde_json::from_str(text).unwrap();
        assert_eq!(
            (spec.sampler, spec.spacing, spec.start),
            (Sampler::DpmSolver, Spacing::LogSnr, Start::Source { t: 0.5 })
        );
        assert_eq!(spec.digit_seeds(), [7, 7]);
        let again: Spec = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
        assert_eq!(again, spec);
        let short: Spec =
            serde_json::from_str(r#"{"sampler": "euler", "steps": 4, "classes": [10, 10], "seed": 4294967295}"#)
                .unwrap();
        assert_eq!(
            (short.start, short.direction, short.digit_seeds()),
            (Start::Noise, Direction::Denoise, vec![u32::MAX, 0])
        );
        assert!(serde_json::from_str::<Spec>(&text.replace("eta", "etta")).is_err());
    }

    #[test]
    fn refusals_name_the_field() {
        let unconditional = config(Prediction::Eps, Path::Linear, false);
        let refusal = |change: fn(&mut Spec)| {
            let mut spec = spec(Sampler::Ddim, 10);
            change(&mut spec);
            spec.check(&unconditional).unwrap_err().to_string()
        };
        assert!(refusal(|spec| spec.steps = 0).contains("steps is 0"));
        assert!(refusal(|spec| spec.classes = vec![]).contains("classes has 0"));
        assert!(refusal(|spec| spec.classes = vec![11]).contains("classes has 11"));
        assert!(refusal(|spec| spec.classes = vec![3]).contains("knows none"));
        assert!(refusal(|spec| spec.eta = f64::NAN).contains("eta is NaN"));
        assert!(refusal(|spec| spec.guidance_scale = 8.5).contains("guidance_scale"));
        assert!(refusal(|spec| spec.seeds = Some(vec![])).contains("seeds has 0"));
        assert!(refusal(|spec| spec.start = Start::Source { t: -0.5 }).contains("start.t"));
        assert!(refusal(|spec| spec.start = Start::Data).contains("for encoding"));
        assert!(refusal(|spec| spec.direction = Direction::Encode).contains("starts from data"));
        assert!(refusal(|spec| spec.inpaint = Some(Inpaint { resample: 0, jump: 1 })).contains("inpaint.resample"));
        let encode = |sampler, eta| {
            let spec = Spec { start: Start::Data, direction: Direction::Encode, eta, ..spec(sampler, 10) };
            spec.check(&unconditional)
        };
        assert!(encode(Sampler::Ddpm, 0.0).unwrap_err().to_string().contains("cannot encode"));
        assert!(encode(Sampler::Ddim, 0.5).unwrap_err().to_string().contains("eta 0"));
        assert!(encode(Sampler::Heun, 0.5).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,300}") {
            let _ = serde_json::from_str::<Spec>(&text);
        }

        #[test]
        fn any_numbers_are_checked(
            steps in 0usize..2000, eta in -1.0f64..2.0, guidance_scale in -1.0f64..9.0,
            classes in proptest::collection::vec(0u8..12, 0..4), t in -0.5f64..1.5,
            resample in 0usize..30, jump in 0usize..2000, kinds in 0usize..16,
        ) {
            let start = [Start::Noise, Start::Source { t }, Start::Exact { t }, Start::Data][kinds % 4];
            let direction = if kinds & 4 == 0 { Direction::Denoise } else { Direction::Encode };
            let inpaint = (kinds & 8 == 0).then_some(Inpaint { resample, jump });
            for sampler in Sampler::ALL {
                let spec = Spec {
                    eta, guidance_scale, classes: classes.clone(), start, direction, inpaint, ..spec(sampler, steps)
                };
                for config in [config(Prediction::Eps, Path::Simple, false), config(Prediction::X0, Path::Cosine, true)] {
                    let moves = crate::samplers::schedule::schedule(&spec, &config);
                    prop_assert_eq!(moves.is_ok(), spec.check(&config).is_ok());
                    for one in moves.unwrap_or_default() {
                        prop_assert!(one.coefficients.iter().all(|summand| summand.value.is_finite()), "{:?}", one);
                    }
                }
            }
        }
    }
}
