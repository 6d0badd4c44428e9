//! `<weights>` on the command line: a file, or the id of a shipped model.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::de::DeserializeOwned;

use crate::backend::Backend;
use crate::catalog::{self, Catalog};
use crate::checkpoint::Checkpoint;
use crate::data::mnist::sha256_hex;
use crate::error::{Error, Result};
use crate::models::family::Family;
use crate::models::vae_adopt::{Adopted, adopt};
use crate::samplers::trajectory::DenoiserRunner;

/// A weights file of any family.
#[derive(Debug)]
pub struct Opened {
    /// Where it lay.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: usize,
    /// Its SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// What kind of model it holds.
    pub family: Family,
    /// Its tensors and config.
    pub checkpoint: Checkpoint,
}

/// A VAE's weights file.
#[derive(Debug)]
pub struct Loaded {
    /// Where it lay.
    pub path: PathBuf,
    /// The network and its weights.
    pub model: Adopted,
}

/// Reads `name`: the id of a model in the catalog if it looks like one and no such file exists, else a path.
///
/// # Errors
/// [`Error::Data`] for a file that cannot be read, an unknown id (the message lists the known ones) or a shipped file
/// that is not the one in the catalog; [`Error::Checkpoint`] and [`Error::NonFinite`] for its content.
pub fn open(name: &str) -> Result<Opened> {
    let path = Path::new(name);
    let (path, bytes) =
        if catalog::is_id(name) && !path.is_file() { shipped(name)? } else { (path.to_path_buf(), read(path)?) };
    let parse = || {
        let checkpoint = Checkpoint::from_bytes(&bytes)?;
        Ok((Family::of(&checkpoint)?, checkpoint))
    };
    let (family, checkpoint) = parse().map_err(|error| at(&path, error))?;
    Ok(Opened { sha256: sha256_hex(&[&bytes]), bytes: bytes.len(), path, family, checkpoint })
}

/// Reads a VAE, as [`open`].
///
/// # Errors
/// As [`open`]; [`Error::Unsupported`] for a model of another family.
pub fn load(name: &str) -> Result<Loaded> {
    open(name)?.vae()
}

impl Opened {
    /// The file as a VAE.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when it is of another family; [`Error::Checkpoint`] for its content.
    pub fn vae(self) -> Result<Loaded> {
        if self.family != Family::Vae {
            return Err(Error::Unsupported(format!(
                "{} holds a {}; this command is for VAEs",
                self.path.display(),
                self.family.name()
            )));
        }
        let model = adopt(self.checkpoint).map_err(|error| at(&self.path, error))?;
        for assumption in &model.assumptions {
            eprintln!("note: {assumption}");
        }
        Ok(Loaded { path: self.path, model })
    }

    /// The config, of a family of ours.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it is none of this family.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        let found = self.checkpoint.config().map_err(|error| at(&self.path, error))?;
        found.ok_or_else(|| at(&self.path, Error::Checkpoint("the file does not say what it holds".into())))
    }

    /// The file as a denoiser on `backend`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for its content, [`Error::Gpu`] when the device refuses.
    pub fn denoiser(&self, backend: &Backend) -> Result<Rc<DenoiserRunner>> {
        let runner = DenoiserRunner::new(backend, &self.checkpoint);
        runner.map(Rc::new).map_err(|error| match error {
            Error::Checkpoint(_) => at(&self.path, error),
            _ => error,
        })
    }
}

/// Reads a file of the command line.
///
/// # Errors
/// [`Error::Data`] with the path and the system's reason.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::Data(format!("cannot read {}: {error}", path.display())))
}

/// The catalog's path and content, looked for from here upwards, then from the program upwards.
///
/// # Errors
/// [`Error::Data`] when there is none or it is not usable.
pub fn find_catalog() -> Result<(PathBuf, Catalog)> {
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    for start in starts.iter().flatten() {
        for folder in start.ancestors() {
            let path = folder.join("www/models/catalog.json");
            if path.is_file() {
                let catalog = Catalog::parse(&read(&path)?)
                    .map_err(|error| Error::Data(format!("{}: {error}", path.display())))?;
                return Ok((path, catalog));
            }
        }
    }
    Err(Error::Data(
        "there is no www/models/catalog.json here or in a folder above, so models cannot be named by id; give a file"
            .into(),
    ))
}

fn shipped(id: &str) -> Result<(PathBuf, Vec<u8>)> {
    let (catalog_path, catalog) =
        find_catalog().map_err(|error| Error::Data(format!("there is no file {id}, and {error}")))?;
    let Some(entry) = catalog.get(id) else {
        let known: Vec<&str> = catalog.models.iter().map(|entry| entry.id.as_str()).collect();
        return Err(Error::Data(format!(
            "there is neither a file nor a shipped model called {id}; shipped are: {}",
            if known.is_empty() { "none".to_string() } else { known.join(", ") }
        )));
    };
    let path = catalog_path.with_file_name(&entry.file);
    let bytes = read(&path)?;
    if sha256_hex(&[&bytes]) != entry.sha256 {
        return Err(Error::Data(format!(
            "{} is not the file that the catalog lists (its SHA-256 differs): it is damaged or was replaced",
            path.display()
        )));
    }
    Ok((path, bytes))
}

/// The error with the file's name in front.
fn at(path: &Path, error: Error) -> Error {
    let text = format!("{}: {error}", path.display());
    match error {
        Error::NonFinite(_) => Error::NonFinite(text),
        _ => Error::Checkpoint(text),
    }
}
