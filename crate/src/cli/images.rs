//! Files of images and codes on the command line: `.npy` in, `.npy` or `.png` out.

use std::path::Path;

use super::{output::Output, weights};
use crate::data::npy::Array;
use crate::data::{PIXELS, SIDE, grid};
use crate::error::{Error, Result};

/// What an output file's name asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A picture of all digits.
    Png,
    /// N x 28 x 28, f32 in [0, 1].
    Npy,
}

/// A file of images to be written, checked.
#[derive(Debug)]
pub struct ImageOutput {
    output: Output,
    format: Format,
}

impl ImageOutput {
    /// Checks the name and the place.
    ///
    /// # Errors
    /// [`Error::Io`] for a name that ends in neither `.png` nor `.npy`, or a place that cannot be written.
    pub fn check(path: &Path) -> Result<ImageOutput> {
        let format = match extension(path).as_deref() {
            Some("png") => Format::Png,
            Some("npy") => Format::Npy,
            _ => return Err(Error::Io(format!("cannot write {}: its name must end in .png or .npy", path.display()))),
        };
        Ok(ImageOutput { output: Output::check(path)?, format })
    }

    /// Writes `images`, 784 values in [0, 1] each.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::Data`] for a picture of too many digits.
    pub fn write(&self, images: Vec<f32>) -> Result<()> {
        let bytes = match self.format {
            Format::Png => grid::png(&images)?,
            Format::Npy => Array::new(vec![images.len() / PIXELS, SIDE, SIDE], images).to_bytes(),
        };
        self.output.write(&bytes)
    }
}

/// Checks that `path` can be written and ends in `.npy`.
///
/// # Errors
/// [`Error::Io`] saying why not.
pub fn npy_output(path: &Path) -> Result<Output> {
    match extension(path).as_deref() {
        Some("npy") => Output::check(path),
        _ => Err(Error::Io(format!("cannot write {}: its name must end in .npy", path.display()))),
    }
}

/// Reads a `.npy` file.
///
/// # Errors
/// [`Error::Data`] naming the file and what is wrong with it.
pub fn read_npy(path: &Path) -> Result<Array> {
    Array::parse(&weights::read(path)?, &path.display().to_string())
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}
