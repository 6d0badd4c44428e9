//! What a session does with a model of a family that is run by jobs ([`crate::models::network`]): scenes by name, each
//! with a job compiled for it, whose inputs are written and whose outputs are drawn and read.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use wasm_bindgen::prelude::*;

use super::times::StepTimes;
use super::{Model, Session, colour, now};
use crate::backend::present::{Tone, View};
use crate::backend::{Backend, DeviceSlab, Executable};
use crate::checkpoint::Checkpoint;
use crate::data::{PIXELS, SIDE};
use crate::graph::{BufferKind, SLAB_ALIGNMENT};
use crate::models::network::Runner;
use crate::models::plans::PARAMS;
use crate::ops::key_values;
use crate::web::error::JsResult;
use crate::{Error, Result};

/// The input that gets a fresh key in each run of a chain, and the one that gets the index of the run.
const KEY: &str = "key";
const STEP: &str = "step";

/// A job that a scene shows.
pub(super) struct Scene {
    runner: Rc<Runner>,
    executable: Rc<RefCell<Executable>>,
    /// Whether its outputs are there.
    ran: bool,
    times: Arc<Mutex<StepTimes>>,
}

impl Scene {
    fn run(&mut self, session: &Session) -> Result<()> {
        let begin = now();
        self.executable.borrow_mut().run()?;
        session.time_step(begin, &self.times);
        self.ran = true;
        Ok(())
    }

    fn slab(&self, name: &str) -> Result<DeviceSlab> {
        let slab = self.executable.borrow().slab(name).filter(|_| name != PARAMS);
        slab.ok_or_else(|| Error::Shape(format!("this job keeps nothing called {name}")))
    }
}

/// Uploads a model; with it the JSON that describes it, config as in the file.
pub(super) fn load(backend: &Backend, checkpoint: &Checkpoint) -> Result<(Runner, String)> {
    let runner = Runner::new(backend, checkpoint)?;
    let info = serde_json::json!({
        "config": checkpoint.config::<serde_json::Value>()?,
        "description": runner.network().describe(),
        "parameters": checkpoint.parameters(),
        "assumptions": [],
    });
    let info = info.to_string();
    Ok((runner, info))
}

#[wasm_bindgen]
impl Session {
    /// Gives a scene the job of a model for `batch` images, compiled for it alone at the first time: JSON of the names
    /// of the inputs. What was written, computed and kept when the scene last had this job is still there.
    ///
    /// # Errors
    /// `checkpoint` when the model is not loaded, `unsupported` for a job that it does not know, `shape` for a batch
    /// that cannot be, `device-lost`, `gpu`.
    pub fn job_open(&self, scene: &str, model: &str, job: &str, batch: usize) -> JsResult<String> {
        let runner = match self.models.borrow().get(model).map(|loaded| &loaded.model) {
            Some(Model::Network(runner)) => runner.clone(),
            Some(_) => return Err(Error::Checkpoint(format!("the model {model} is not run by jobs")).into()),
            None => return Err(Error::Checkpoint(format!("the model {model} is not loaded")).into()),
        };
        let executable = runner.job_of(scene, job, batch)?;
        let inputs: Vec<_> = executable.borrow().plan().inputs.iter().map(|port| port.name.clone()).collect();
        let mut scenes = self.scenes.borrow_mut();
        if scenes.get(scene).is_none_or(|known| !Rc::ptr_eq(&known.executable, &executable)) {
            let old = scenes.insert(scene.into(), Scene { runner, executable, ran: false, times: Arc::default() });
            // another model's jobs would never be found again
            if let Some(old) = old.filter(|old| !Rc::ptr_eq(&old.runner, &scenes[scene].runner)) {
                old.runner.forget(scene);
            }
        }
        Ok(serde_json::json!(inputs).to_string())
    }

    /// Sets an input of a scene's job; the values travel with the next run.
    ///
    /// # Errors
    /// `shape` for an input that the job does not have or another number of values.
    pub fn job_write(&self, scene: &str, input: &str, values: &[f32]) -> JsResult<()> {
        self.with_scene(scene, |scene| {
            let mut executable = scene.executable.borrow_mut();
            let input = executable.input(input)?;
            executable.write(input, values)
        })
    }

    /// Runs a scene's job once. On the GPU it is one submit, and is still to be done.
    ///
    /// # Errors
    /// `shape` when there is no such scene, `device-lost`, `gpu`.
    pub fn job_run(&self, scene: &str) -> JsResult<()> {
        self.with_scene(scene, |scene| scene.run(self))
    }

    /// [`Session::job_run`] as the run `index` of a chain: the inputs `key` and `step`, where the job has them, get the
    /// key of (`seed`, `index`) and `index`.
    ///
    /// # Errors
    /// As [`Session::job_run`].
    pub fn job_step(&self, scene: &str, seed: u32, index: u32) -> JsResult<()> {
        self.with_scene(scene, |scene| {
            {
                let mut executable = scene.executable.borrow_mut();
                if let Ok(key) = executable.input(KEY) {
                    executable.write(key, &key_values(seed, index))?;
                }
                if let Ok(step) = executable.input(STEP) {
                    executable.write(step, &[index as f32])?;
                }
            }
            scene.run(self)
        })
    }

    /// Mean milliseconds of a scene's runs, as [`Session::step_ms`] counts them.
    pub fn job_ms(&self, scene: &str) -> f64 {
        let scenes = self.scenes.borrow();
        scenes.get(scene).and_then(|scene| scene.times.lock().ok().map(|times| times.mean())).unwrap_or_default()
    }

    /// An output of a scene's job, as it is after the runs so far.
    ///
    /// # Errors
    /// `shape` for an output that the job does not have, `device-lost`, `gpu`.
    pub async fn job_read(&self, scene: &str, output: &str) -> JsResult<js_sys::Float32Array> {
        let reading = self.with_scene(scene, |scene| {
            let executable = scene.executable.borrow();
            Ok(executable.read(executable.output(output)?))
        })?;
        Ok(js_sys::Float32Array::from(&reading.await?[..]))
    }

    /// What a scene's job keeps from run to run under the name `slab`, with the padding behind each of its tensors.
    ///
    /// # Errors
    /// `shape` when it keeps nothing of this name, `device-lost`, `gpu`.
    pub async fn job_state(&self, scene: &str, slab: &str) -> JsResult<js_sys::Float32Array> {
        let reading = self.with_scene(scene, |scene| Ok(scene.slab(slab)?.read()))?;
        Ok(js_sys::Float32Array::from(&reading.await?[..]))
    }

    /// Overwrites what a scene's job keeps under the name `slab`; the padding at its end may be left out.
    ///
    /// # Errors
    /// `shape` when it keeps nothing of this name or another number of values.
    pub fn job_set_state(&self, scene: &str, slab: &str, mut values: Vec<f32>) -> JsResult<()> {
        values.resize(values.len().next_multiple_of(SLAB_ALIGNMENT), 0.0);
        self.with_scene(scene, |scene| scene.slab(slab)?.write(&values))
    }

    /// Everything that a scene's job keeps from run to run begins anew, as zeros.
    ///
    /// # Errors
    /// `shape` when there is no such scene.
    pub fn job_reset(&self, scene: &str) -> JsResult<()> {
        self.with_scene(scene, |scene| {
            let executable = scene.executable.borrow();
            for (kind, len) in &executable.plan().buffers {
                if let BufferKind::Slab(name) = kind
                    && name != PARAMS
                {
                    scene.slab(name)?.write(&vec![0.0; *len])?;
                }
            }
            Ok(())
        })
    }

    /// Draws images of an output of a scene's job, from the image `first` on, over a whole canvas: `grey` values in 0 to
    /// 1, or those in -1 to 1, either `signed`, from paper to ink, or `diverging`, from `below` over paper to ink. Whether
    /// there was anything to draw.
    ///
    /// # Errors
    /// `shape` for an output that the job does not have or with fewer images than the grid holds, `data` for another
    /// tone, `device-lost`, `gpu`.
    #[allow(clippy::too_many_arguments, reason = "an object would be allocated for every frame")]
    pub fn job_present(
        &self,
        canvas: &str,
        scene: &str,
        output: &str,
        first: usize,
        columns: usize,
        rows: usize,
        gap: f32,
        smooth: bool,
        tone: &str,
        ink: &[f32],
        paper: &[f32],
        below: &[f32],
    ) -> JsResult<bool> {
        let scenes = self.scenes.borrow();
        let Some(scene) = scenes.get(scene).filter(|scene| scene.ran) else { return Ok(false) };
        let tone = match tone {
            "grey" => Tone::Grey,
            "signed" => Tone::Signed,
            "diverging" => Tone::Diverging,
            _ => return Err(Error::Data(format!("there is no tone {tone}; it is grey, signed or diverging")).into()),
        };
        let (ink, paper) = (colour(ink)?, colour(paper)?);
        // what a cubic swings below paper stays paper elsewhere
        let below = if tone == Tone::Diverging { colour(below)? } else { paper };
        let view = View { side: SIDE, columns, rows, gap, smooth, tone, ink, paper, below };
        let executable = scene.executable.borrow();
        let output = executable.output(output)?;
        executable.with_images(output, |images| self.draw(canvas, images.skip(first.saturating_mul(PIXELS)), &view))?;
        Ok(true)
    }

    /// Frees a scene with everything that was compiled for it.
    pub fn job_close(&self, scene: &str) {
        if let Some(closed) = self.scenes.borrow_mut().remove(scene) {
            closed.runner.forget(scene);
        }
    }
}

impl Session {
    fn with_scene<R>(&self, name: &str, body: impl FnOnce(&mut Scene) -> Result<R>) -> JsResult<R> {
        let mut scenes = self.scenes.borrow_mut();
        let scene = scenes.get_mut(name).ok_or_else(|| Error::Shape(format!("there is no scene {name}")))?;
        Ok(body(scene)?)
    }
}
