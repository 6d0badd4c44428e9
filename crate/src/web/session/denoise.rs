//! What a session does with a denoiser: trajectories by name, computed a step at a time, drawn from any of their frames.

use std::sync::{Arc, Mutex};

use wasm_bindgen::prelude::*;

use super::times::StepTimes;
use super::{Memory, Model, Session, colour, now};
use crate::backend::Backend;
use crate::backend::present::{Tone, View};
use crate::checkpoint::Checkpoint;
use crate::data::{PIXELS, SIDE};
use crate::samplers::spec::Spec;
use crate::samplers::trajectory::{DenoiserRunner, Given, Keep, Track, Trajectory};
use crate::web::error::JsResult;
use crate::{Error, Result};

/// Pieces of the curve that a chart of the path is drawn from.
const CURVE_PIECES: usize = 100;

/// A trajectory and what its steps took.
pub(super) struct Lane {
    trajectory: Trajectory,
    times: Arc<Mutex<StepTimes>>,
}

/// Uploads a denoiser; with it the JSON that describes it.
pub(super) fn load(backend: &Backend, checkpoint: &Checkpoint) -> Result<(DenoiserRunner, String)> {
    let runner = DenoiserRunner::new(backend, checkpoint)?;
    let config = runner.config();
    let info = serde_json::json!({
        "config": config,
        "description": config.describe(),
        "parameters": checkpoint.parameters(),
        "assumptions": [],
    });
    let info = info.to_string();
    Ok((runner, info))
}

#[wasm_bindgen]
impl Session {
    /// Starts a lane anew, its old frames gone: the JSON of a [`Spec`], whose model has to be loaded; images and mask
    /// where the spec asks for them. JSON of its moves, how many frames and digits it will have and the path that it walks; frame 0's state is
    /// there.
    ///
    /// # Errors
    /// `data` for a spec that cannot be done, `checkpoint` when the model is not loaded, `device-lost`, `gpu`,
    /// `unsupported` when memory runs out. The lane is gone then.
    pub fn run(&self, lane: &str, spec: &str, source: Option<Vec<f32>>, mask: Option<Vec<f32>>) -> JsResult<String> {
        self.release(lane);
        let spec: Spec = serde_json::from_slice(spec.as_bytes())
            .map_err(|error| Error::Data(format!("the sampler does not understand what is asked for: {error}")))?;
        let runner = match self.models.borrow().get(&spec.model).map(|loaded| &loaded.model) {
            Some(Model::Denoiser(runner)) => runner.clone(),
            Some(_) => return Err(Error::Checkpoint(format!("the model {} is no denoiser", spec.model)).into()),
            None => return Err(Error::Checkpoint(format!("the model {} is not loaded", spec.model)).into()),
        };
        let given = Given { images: source.as_deref().unwrap_or_default(), mask: mask.as_deref().unwrap_or_default() };
        let curve = spec.sampler.path(runner.config().path).curve(CURVE_PIECES);
        let trajectory = Trajectory::new(&runner, spec, given, Keep::All)?;
        let moves = trajectory.moves();
        let batch = trajectory.spec().batch();
        let json = serde_json::json!({ "frames": moves.len() + 1, "moves": moves, "batch": batch, "curve": curve })
            .to_string();
        self.lanes.borrow_mut().insert(lane.to_string(), Lane { trajectory, times: Arc::default() });
        Ok(json)
    }

    /// Takes a lane's next step, if there is one: the newest frame whose state is there. What is predicted at a frame is
    /// there once the next frame's state is. On the GPU the step is one submit, and is still to be done.
    ///
    /// # Errors
    /// `shape` when there is no such lane, `device-lost`, `gpu`, `unsupported` when memory runs out.
    pub fn step(&self, lane: &str) -> JsResult<usize> {
        let mut lanes = self.lanes.borrow_mut();
        let lane = lanes.get_mut(lane).ok_or_else(|| no_lane(lane))?;
        if !lane.trajectory.is_done() {
            let begin = now();
            lane.trajectory.step()?;
            self.time_step(begin, &lane.times);
        }
        Ok(lane.trajectory.position())
    }

    /// Mean milliseconds that a lane's steps took, on the GPU until the device had done them and without the time in which
    /// it did others; without the first step, which may have waited for a compiler. 0 before one is done.
    pub fn step_ms(&self, lane: &str) -> f64 {
        let lanes = self.lanes.borrow();
        lanes.get(lane).and_then(|lane| lane.times.lock().ok().map(|times| times.mean())).unwrap_or_default()
    }

    /// Draws digits of a frame, from the digit `first` on, over a whole canvas: `x_t`, `x_0` or `eps`; where the frame is
    /// not computed, the newest before it. Which frame it was; nothing where there is none.
    ///
    /// # Errors
    /// `shape` when the lane has fewer digits than the grid holds, `data` for another word, `device-lost`, `gpu`.
    #[allow(clippy::too_many_arguments, reason = "an object would be allocated for every frame")]
    pub fn present_frame(
        &self,
        canvas: &str,
        lane: &str,
        what: &str,
        frame: usize,
        first: usize,
        columns: usize,
        rows: usize,
        gap: f32,
        smooth: bool,
        ink: &[f32],
        paper: &[f32],
    ) -> JsResult<Option<usize>> {
        let track = Track::parse(what)?;
        let lanes = self.lanes.borrow();
        let Some(Lane { trajectory, .. }) = lanes.get(lane) else { return Ok(None) };
        let known = match track {
            Track::X => trajectory.position() + 1,
            Track::X0 | Track::Eps => trajectory.complete_frames(),
        };
        let Some(newest) = known.checked_sub(1) else { return Ok(None) };
        let frame = frame.min(newest);
        let tone = match track {
            Track::X | Track::X0 => Tone::Signed,
            Track::Eps => Tone::Noise,
        };
        let (ink, paper) = (colour(ink)?, colour(paper)?);
        let view = View { side: SIDE, columns, rows, gap, smooth, tone, ink, paper, below: paper };
        let images = trajectory.images(frame, track)?.skip(first.saturating_mul(PIXELS));
        self.draw(canvas, images, &view)?;
        Ok(Some(frame))
    }

    /// The digits of one frame, batch * 784 numbers.
    ///
    /// # Errors
    /// `shape` for a lane or frame that is not there, `data` for another word, `device-lost`, `gpu`.
    pub async fn read_frame(&self, lane: &str, what: &str, frame: usize) -> JsResult<js_sys::Float32Array> {
        let track = Track::parse(what)?;
        let reading = {
            let lanes = self.lanes.borrow();
            let lane = lanes.get(lane).ok_or_else(|| no_lane(lane))?;
            lane.trajectory.read(frame, track)
        };
        Ok(js_sys::Float32Array::from(&reading.await?[..]))
    }

    /// The digits of all frames there are, one behind the other: frames * batch * 784 numbers.
    ///
    /// # Errors
    /// As [`Session::read_frame`].
    pub async fn read_lane(&self, lane: &str, what: &str) -> JsResult<js_sys::Float32Array> {
        let track = Track::parse(what)?;
        let reading = {
            let lanes = self.lanes.borrow();
            let lane = lanes.get(lane).ok_or_else(|| no_lane(lane))?;
            lane.trajectory.history().read_track(track as usize, 0..lane.trajectory.complete_frames())
        };
        Ok(js_sys::Float32Array::from(&reading.await?[..]))
    }

    /// Frees a lane's frames.
    pub fn release(&self, lane: &str) {
        self.lanes.borrow_mut().remove(lane);
    }
}

impl Session {
    /// The frames' blocks.
    pub(super) fn lanes_memory(&self) -> Memory {
        let each = |lane: &Lane| Memory::from(lane.trajectory.history().memory());
        self.lanes.borrow().values().map(each).sum()
    }
}

fn no_lane(name: &str) -> Error {
    Error::Shape(format!("there is no trajectory {name}"))
}
