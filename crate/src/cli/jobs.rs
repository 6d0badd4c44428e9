//! Running a job over any number of images.

use crate::data::PIXELS;
use crate::error::Result;
use crate::models::network::Runner;

/// Images in one run.
pub const BATCH: usize = 250;

/// `output` of the job `name` for the images `x` (784 values each), all that belongs to an image together. `constants` are
/// inputs with the same number for each image.
///
/// # Errors
/// As [`Runner::job`]; [`crate::Error::DeviceLost`], [`crate::Error::Gpu`].
pub fn over(runner: &Runner, name: &str, constants: &[(&str, f32)], x: &[f32], output: &str) -> Result<Vec<f32>> {
    let job = runner.job(name, BATCH)?;
    let job = &mut *job.borrow_mut();
    for (name, value) in constants {
        job.write(job.input(name)?, &[*value; BATCH])?;
    }
    let (input, output) = (job.input("x")?, job.output(output)?);
    let mut answers = Vec::new();
    let mut rows = vec![0.0; BATCH * PIXELS];
    for chunk in x.chunks(BATCH * PIXELS) {
        rows[..chunk.len()].copy_from_slice(chunk);
        job.write(input, &rows)?;
        let values = pollster::block_on(job.run_and_read(&[output]))?;
        answers.extend_from_slice(&values[..values.len() / BATCH * (chunk.len() / PIXELS)]);
    }
    Ok(answers)
}
