//! `inkling eval all`: the figures of every model of the catalog in one file for the page and in tables for people. What
//! is there already and is of these weights is taken as it is, with as many digits as it was measured on; the rest is
//! measured.

use std::fmt::Write;
use std::path::Path;

use super::aims::Beside;
use super::bench::{self, Bench};
use super::card_measures;
use super::eval::Measure;
use super::info::json;
use super::measures::{self, Cost, DEFINITION, Kind, Measures, Pixels, Samples, mebibytes, plain};
use super::output::Output;
use super::{tasks, weights};
use crate::error::{Error, Result};
use crate::metrics::sample_report::SampleReport;

/// The word that stands for all models.
pub const ALL: &str = "all";

/// Measures what is missing or stale and the models of `anew` in any case, with `times` how long one digit takes of all,
/// then writes the figures on the cards, into `measures.json` beside the catalog and into `MEASURES.md` at the root.
///
/// # Errors
/// [`Error::Data`] naming a model that is not in the catalog,
/// As [`Bench::measure`] and [`weights::open`]; [`Error::Io`] for a place that cannot be written.
pub fn run(measure: &Measure, classifier: &str, n: usize, anew: &[String], times: bool) -> Result<()> {
    let (path, catalog) = weights::find_catalog()?;
    if let Some(unknown) = anew.iter().find(|id| catalog.models.iter().all(|entry| entry.id != **id)) {
        return Err(Error::Data(format!("there is no model {unknown} in {}", path.display())));
    }
    let (page, tables) = (Output::check(&path.with_file_name("measures.json"))?, tables_place(&path)?);
    let eyes = weights::open(classifier)?.sha256;
    let mut bench: Option<Bench> = None;
    let mut all: Vec<Measures> = Vec::with_capacity(catalog.models.len());
    for entry in &catalog.models {
        let opened = weights::open(&entry.id)?;
        let found = measures::find(&opened)?.filter(|found| is_comparable(found, &eyes, measure.seed, n));
        let found = found.filter(|_| !anew.contains(&entry.id));
        let figures = match found {
            Some(found) if !times => found,
            Some(mut found) => {
                eprintln!("{}: its time", entry.id);
                ready(&mut bench, measure, classifier, n)?.clock(&opened, &mut found.cost)?;
                measures::keep(&opened, &found)?;
                found
            }
            None => {
                eprintln!("{}", entry.id);
                let bench = ready(&mut bench, measure, classifier, n)?;
                let subject = bench::subject(&opened, bench, measure)?;
                let figures = bench.measure(measure, &opened, subject)?;
                measures::keep(&opened, &figures)?;
                figures
            }
        };
        refresh_card(&path.with_file_name(&entry.card), &figures)?;
        all.push(figures);
    }
    let command = format!("inkling eval {ALL} --data data/mnist --n {n} --seed {}", measure.seed);
    page.write(json(&all)?.as_bytes())?;
    let of_tasks = tasks::tables_of_file(&path, &catalog, &eyes)?;
    tables.write((markdown(&all, &command) + &of_tasks).as_bytes())
}

/// The bench, made when something is measured.
fn ready<'a>(bench: &'a mut Option<Bench>, measure: &Measure, classifier: &str, n: usize) -> Result<&'a mut Bench> {
    Ok(match bench {
        Some(bench) => bench,
        none => none.insert(Bench::new(measure, classifier, n)?),
    })
}

/// Puts the figures on the model's card, where it has one.
fn refresh_card(card: &Path, figures: &Measures) -> Result<()> {
    if !card.is_file() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&weights::read(card)?).into_owned();
    let beside = Beside::read(card.parent().unwrap_or(Path::new(".")), &figures.id)?;
    Output::check(card)?.write(card_measures::with_section(&text, figures, &beside).as_bytes())
}

/// The tables of people, and where they lie: at the root of what holds the catalog.
///
/// # Errors
/// [`Error::Io`] for a place that cannot be written.
pub fn tables_place(catalog: &Path) -> Result<Output> {
    let folder = catalog.ancestors().nth(3).ok_or_else(|| Error::Io("the catalog lies nowhere".into()))?;
    Output::check(&folder.join("MEASURES.md"))
}

/// Figures on another classifier's features, of another number of digits or by an older definition do not stand beside these.
fn is_comparable(found: &Measures, classifier: &str, seed: u32, n: usize) -> bool {
    let are_these = |one: &Samples| one.seed == seed && one.classifier == classifier && one.report.n == n;
    found.definition == DEFINITION && found.samples.as_ref().is_none_or(are_these)
}

/// All figures as Markdown tables; likelihoods in one table for each kind and sort of pixels.
fn markdown(all: &[Measures], command: &str) -> String {
    let mut text = format!(
        "# Measures of all models

Written by one command, which measures whatever is missing or was measured of other weights:

    {command}

The page's Compare room shows the same figures with their definitions.

## Samples

Drawn digits against the 10,000 of the test set, on the features of this project's classifier. MNIST-FID (ours) compares
within one of these tables only, best as a multiple of the floor, which 10,000 real training digits have. Precision and
recall with k = 3, density and coverage with k = 5.
"
    );
    let mut drawn: Vec<_> = all.iter().filter_map(|one| Some((one, one.samples.as_ref()?))).collect();
    drawn.sort_by(|a, b| a.1.report.fid.total_cmp(&b.1.report.fid));
    let mut counts: Vec<usize> = drawn.iter().map(|(_, samples)| samples.report.n).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    counts.dedup();
    for count in counts {
        let members: Vec<_> = drawn.iter().filter(|(_, samples)| samples.report.n == count).copied().collect();
        text.push_str(&of_samples(count, &members));
    }
    text.push_str("\n## Likelihood\n\nNegative, in nats per test digit. Figures of different tables do not compare.\n");
    for (kind, pixels) in groups(all) {
        let _ = write!(
            text,
            "\n{}, pixels {}:\n\n| model | nats | bits per dimension | images |\n|-|-|-|-|\n",
            words(kind),
            pixels.name()
        );
        let members = all.iter().filter_map(|one| Some((one, one.likelihood.as_ref()?)));
        let mut members: Vec<_> = members.filter(|(_, one)| (one.kind, one.pixels) == (kind, pixels)).collect();
        members.sort_by(|a, b| a.1.nats.total_cmp(&b.1.nats));
        for (one, likelihood) in members {
            let spread = likelihood.spread.map(|spread| format!(" +- {spread:.2}")).unwrap_or_default();
            let bits = likelihood.bits_per_dimension.map(|bits| format!("{bits:.4}")).unwrap_or_default();
            let _ = writeln!(text, "| {} | {:.2}{spread} | {bits} | {} |", one.id, likelihood.nats, likelihood.images);
        }
    }
    text.push_str(
        "\n## Cost\n\nMemory is that of all buffers of the plan for one digit, its weights in f32 among them. Time is the median for one digit after\nanother on the CPU of the machine that measured it, on as many threads as are told.\n\n\
         | model | parameters | bytes | MFLOP for one digit | MiB for one digit | ms for one digit | threads |\n|-|-|-|-|-|-|-|\n",
    );
    for one in all {
        let cost = &one.cost;
        let flops = cost.flops_per_sample.map(|flops| format!("{:.3}", flops as f64 / 1e6)).unwrap_or_default();
        let ms = cost.sample_ms.map(plain).unwrap_or_default();
        let memory = cost.memory.map(|bytes| format!("{:.2}", mebibytes(bytes))).unwrap_or_default();
        let threads = cost.threads.map(|count| count.to_string()).unwrap_or_default();
        let Cost { parameters, bytes, .. } = cost;
        let _ = writeln!(text, "| {} | {parameters} | {bytes} | {flops} | {memory} | {ms} | {threads} |", one.id);
    }
    text.push_str("\n## Others\n\n| model | figure | value |\n|-|-|-|\n");
    for one in all {
        for (name, value) in &one.extra {
            let _ = writeln!(text, "| {} | {name} | {} |", one.id, plain(*value));
        }
    }
    text
}

/// The table of the models that were measured on `count` digits.
fn of_samples(count: usize, members: &[(&Measures, &Samples)]) -> String {
    let heads = SampleReport::HEADS;
    let mut text = format!(
        "\n{count} digits of each model (fewer digits have a larger distance):\n\n| model | seed | {heads} | setting |\n|-|-|-|-|-|-|-|-|-|-|-|-|\n"
    );
    for (one, Samples { seed, setting, report, .. }) in members {
        // writing to a String cannot fail
        let _ = writeln!(text, "| {} | {seed} | {} | {setting} |", one.id, report.cells());
    }
    text
}

/// The kinds of likelihood and the pixels that there are, in the order of their first model.
fn groups(all: &[Measures]) -> Vec<(Kind, Pixels)> {
    let mut groups = Vec::new();
    for likelihood in all.iter().filter_map(|one| one.likelihood.as_ref()) {
        let group = (likelihood.kind, likelihood.pixels);
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn words(kind: Kind) -> String {
    match kind {
        Kind::Exact => "Exact likelihood".into(),
        Kind::Elbo => "Evidence lower bound".into(),
        Kind::Iwae(draws) => format!("Importance-weighted bound of {draws} draws"),
        Kind::Ais => "Estimate by annealed importance sampling".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::measures::Likelihood;
    use super::*;

    fn model(id: &str, kind: Kind, nats: f64) -> Measures {
        Measures {
            id: id.into(),
            sha256: String::new(),
            definition: DEFINITION,
            command: String::new(),
            samples: None,
            likelihood: Some(Likelihood { kind, ..Likelihood::exact(nats, Pixels::Dynamic, 10) }),
            cost: Cost {
                parameters: 1,
                bytes: 2,
                flops_per_sample: Some(3_000_000),
                memory: None,
                sample_ms: None,
                threads: None,
            },
            extra: BTreeMap::from([("accuracy, %".into(), 99.4)]),
        }
    }

    #[test]
    fn likelihoods_of_different_kinds_stand_in_different_tables() {
        let all = [model("a", Kind::Exact, 90.0), model("b", Kind::Iwae(500), 80.0), model("c", Kind::Exact, 85.0)];
        let text = markdown(&all, "inkling eval all");
        let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
        assert!(place("Exact likelihood") < place("| c | 85.00 |"));
        assert!(place("| c | 85.00 |") < place("| a | 90.00 |"), "the best first");
        assert!(place("| a | 90.00 |") < place("bound of 500 draws") && place("bound of 500") < place("| b | 80.00 |"));
        assert!(text.contains("| b | 1 | 2 | 3.000 |  |") && text.contains("| a | accuracy, % | 99.40 |"));
    }
}
