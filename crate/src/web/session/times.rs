//! What steps take, on a device too, which does them after it was told to.

use std::sync::{Arc, Mutex};

use wasm_bindgen::prelude::*;

use super::{Session, now};
use crate::backend::Backend;

/// The steps of one trajectory or scene that are done.
#[derive(Default)]
pub(super) struct StepTimes {
    steps: usize,
    total: f64,
}

impl StepTimes {
    fn note(&mut self, elapsed: f64) {
        // the first one may have waited for a compiler
        self.total = if self.steps < 2 { elapsed } else { self.total + elapsed };
        self.steps += 1;
    }

    /// Mean milliseconds of a step; 0 before one is done.
    pub fn mean(&self) -> f64 {
        self.total / self.steps.saturating_sub(1).max(1) as f64
    }
}

/// Steps on their way on a device, which does them one after the other.
#[derive(Default)]
pub(super) struct StepQueue {
    pending: usize,
    last_done: f64,
}

#[wasm_bindgen]
impl Session {
    /// Steps of all trajectories and scenes that the device was given and has not done yet.
    pub fn pending(&self) -> usize {
        self.queue.lock().map_or(0, |queue| queue.pending)
    }
}

impl Session {
    /// Adds the time since `begin`, once the device is done with the step.
    pub(super) fn time_step(&self, begin: f64, times: &Arc<Mutex<StepTimes>>) {
        let note = |times: &Mutex<StepTimes>, elapsed| {
            if let Ok(mut times) = times.lock() {
                times.note(elapsed);
            }
        };
        let Backend::Gpu(device) = &self.backend else { return note(times, now() - begin) };
        if let Ok(mut queue) = self.queue.lock() {
            queue.pending += 1;
        }
        let (queue, times) = (self.queue.clone(), times.clone());
        device.queue().on_submitted_work_done(move || {
            let Ok(mut queue) = queue.lock() else { return };
            let end = now();
            // it began when it was submitted or when the one before was done
            note(&times, end - begin.max(queue.last_done));
            queue.last_done = end;
            queue.pending -= 1;
        });
    }
}
