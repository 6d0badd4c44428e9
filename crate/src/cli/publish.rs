//! `inkling publish`: puts a trained model into the page's folder with everything that belongs to it; a family's card and
//! side files are its own file's matter. Every figure in them is measured here.

use std::path::{Path, PathBuf};

use clap::Args;

use super::eval::Measure;
use super::output::Output;
use super::{autoregressive, classical, classifier, energy, flow, publish_denoiser, publish_gan, publish_vae, weights};
use crate::catalog::{Catalog, Entry, is_id};
use crate::error::{Error, Result};
use crate::models::family::{Family, Training};
use crate::train::recipe::{self, Recipe};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A weights file that `inkling train` wrote
    weights: PathBuf,
    /// The catalog's folder
    #[arg(long, default_value = "www/models")]
    folder: PathBuf,
    /// The model's id; by default the recipe's name
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    measure: Measure,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let opened = weights::open(&arguments.weights.display().to_string())?;
    let shelf = Shelf::open(&arguments.folder)?;
    let id = arguments.id.as_deref();
    match opened.family {
        Family::Vae => publish_vae::publish(opened, id, shelf, &arguments.measure),
        Family::Denoiser => publish_denoiser::publish(&opened, id, shelf),
        Family::Rbm | Family::Energy => energy::publish(&opened, id, shelf),
        Family::Flow => flow::publish(&opened, id, shelf),
        Family::Gan => publish_gan::publish(&opened, id, shelf),
        Family::Autoregressive => autoregressive::publish(&opened, id, shelf),
        Family::Classifier => classifier::publish(&opened, id, shelf, &arguments.measure),
        Family::Mixture | Family::GaussianMixture | Family::NaiveBayes | Family::MarkovField => {
            classical::publish(&opened, id, shelf)
        }
    }
}

/// The folder of shipped models.
pub struct Shelf {
    folder: PathBuf,
    catalog: Catalog,
    output: Output,
}

/// One model's files on their way to the shelf.
pub struct Package {
    id: String,
    folder: PathBuf,
    /// The weights as they were read.
    source: PathBuf,
    weights: Output,
    card: Output,
    others: Vec<(Output, Vec<u8>)>,
}

impl Shelf {
    /// The shelf in `folder`, which has a catalog.
    ///
    /// # Errors
    /// [`Error::Data`] without a usable catalog, [`Error::Io`] when it cannot be written.
    pub fn open(folder: &Path) -> Result<Shelf> {
        let path = folder.join("catalog.json");
        let catalog = Catalog::parse(&weights::read(&path)?)?;
        Ok(Shelf { folder: folder.to_path_buf(), catalog, output: Output::check(&path)? })
    }

    /// Where the shelf is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The SHA-256 of a model's weights file, if the model is there.
    pub fn sha256(&self, id: &str) -> Option<&str> {
        self.catalog.get(id).map(|entry| entry.sha256.as_str())
    }

    /// How the model in `path` was trained, and the recipe of that.
    ///
    /// # Errors
    /// [`Error::Data`] when the file does not tell or there is no such recipe.
    pub fn origin<'a>(&self, path: &Path, training: Option<&'a Training>) -> Result<(&'a Training, Recipe)> {
        let Some(training) = training else {
            return Err(Error::Data(format!(
                "{} does not say how it was trained, so there is nothing to put on its card; publish files of `inkling train`",
                path.display()
            )));
        };
        Ok((training, recipe::find(&training.recipe)?))
    }

    /// Places for the files of model `id`, whose weights lie at `source`.
    ///
    /// # Errors
    /// [`Error::Data`] for an id that is none, [`Error::Io`] for a place that cannot be written.
    pub fn package(&self, source: &Path, id: &str) -> Result<Package> {
        if !is_id(id) {
            return Err(Error::Data(format!("{id:?} is no id: lower-case letters, digits and hyphens")));
        }
        let place = |suffix: &str| Output::check(&self.folder.join(format!("{id}{suffix}")));
        Ok(Package {
            id: id.to_string(),
            folder: self.folder.clone(),
            source: source.to_path_buf(),
            weights: place(".safetensors")?,
            card: place(".md")?,
            others: Vec::new(),
        })
    }

    /// Writes everything; the catalog last, when all that it names is there.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn put(&mut self, package: Package, entry: Entry, card: &str) -> Result<()> {
        match self.catalog.models.iter_mut().find(|other| other.id == entry.id) {
            Some(row) => *row = entry,
            None => self.catalog.models.push(entry),
        }
        package.weights.write(&weights::read(&package.source)?)?;
        package.card.write(card.as_bytes())?;
        for (output, bytes) in package.others {
            output.write(&bytes)?;
        }
        self.output.write(self.catalog.to_json()?.as_bytes())
    }
}

impl Package {
    /// The model's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A place for another file of the model: its id and `suffix`.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub fn beside(&self, suffix: &str) -> Result<Output> {
        Output::check(&self.folder.join(format!("{}{suffix}", self.id)))
    }

    /// Takes the content of another file along.
    pub fn add(&mut self, output: Output, bytes: Vec<u8>) {
        self.others.push((output, bytes));
    }

    /// The model's row in the catalog.
    pub fn entry(&self, family: Family, recipe: &Recipe, bytes: u64, sha256: String) -> Entry {
        Entry {
            id: self.id.clone(),
            family: family.name().into(),
            title: recipe.title.clone(),
            file: file_name(self.weights.path()),
            bytes,
            sha256,
            card: file_name(self.card.path()),
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
