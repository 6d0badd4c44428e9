//! `inkling eval all`: the figures of every model of the catalog in one file for the page and in tables for people. What
//! is there already and is of these weights is taken as it is; the rest is measured.

use super::bench::{self, Bench};
use super::eval::Measure;
use super::info::json;
use super::measures::{self, Measures};
use super::output::Output;
use super::weights;
use crate::error::{Error, Result};

/// The word that stands for all models.
pub const ALL: &str = "all";

/// Measures what is missing or stale, then writes `measures.json` beside the catalog.
///
/// # Errors
/// As [`Bench::measure`] and [`weights::open`]; [`Error::Io`] for a place that cannot be written.
pub fn run(measure: &Measure, classifier: &str, n: usize) -> Result<()> {
    let (path, catalog) = weights::find_catalog()?;
    let folder = path.parent().ok_or_else(|| Error::Io("the catalog lies nowhere".into()))?;
    let output = Output::check(&folder.join("measures.json"))?;
    let mut bench: Option<Bench> = None;
    let mut all: Vec<Measures> = Vec::with_capacity(catalog.models.len());
    for entry in &catalog.models {
        let opened = weights::open(&entry.id)?;
        let figures = match measures::find(&opened)? {
            Some(found) => found,
            None => {
                eprintln!("{}", entry.id);
                let bench = match &mut bench {
                    Some(bench) => bench,
                    none => none.insert(Bench::new(measure, classifier, n)?),
                };
                let subject = bench::subject(&opened, bench, measure)?;
                let figures = bench.measure(measure, &opened, subject)?;
                measures::keep(&opened, &figures)?;
                figures
            }
        };
        all.push(figures);
    }
    output.write(json(&all)?.as_bytes())
}
