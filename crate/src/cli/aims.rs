//! What the shipped models were meant to reach, and why those that fall short do.

use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

use super::measures::Measures;
use super::weights;
use crate::error::{Error, Result};

/// A figure of [`Measures`].
#[derive(Debug, Clone, Copy)]
enum Figure {
    /// -log p(x), or a bound of it, in nats.
    Nats,
    /// The same in bits per dimension.
    BitsPerDimension,
    /// MNIST-FID (ours) as a multiple of the floor.
    TimesFloor,
    /// The same of so many evaluations of a denoiser's network, by its best sampler, from its table of settings.
    Evaluations(u32),
    /// MNIST-FID (ours) as a multiple of what the model `dcgan` has.
    TimesDcgan,
    /// Recall, where more is better.
    Recall,
    /// How many of the rarest digit are drawn, in percent of an even share: none is a lost mode. More is better.
    RarestDigit,
    /// Millions of parameters.
    Parameters,
    /// A figure of the family's own by its name.
    Own(&'static str),
    /// The same where more is better.
    OwnMore(&'static str),
}

/// A figure to reach.
struct Aim {
    figure: Figure,
    bound: f64,
}

/// What an aim may be about and a model's own figures do not tell.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Evaluations of the network and MNIST-FID (ours) as a multiple of the floor, of all settings that were measured.
    settings: Vec<(u32, f64)>,
    /// MNIST-FID (ours) of `dcgan`.
    dcgan: Option<f64>,
}

/// A row of a denoiser's table of settings.
#[derive(Deserialize)]
struct Setting {
    evaluations: u32,
    fid: f64,
    fid_floor: f64,
}

impl Beside {
    /// What lies beside the model `id` in the folder of the catalog.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that is not what `inkling eval` wrote, [`Error::Io`].
    pub fn read(folder: &Path, id: &str) -> Result<Beside> {
        let rows: Vec<Setting> = read(&folder.join(format!("{id}.quality.json")))?.unwrap_or_default();
        let dcgan: Option<Measures> = read(&folder.join("dcgan.measures.json"))?;
        Ok(Beside {
            settings: rows.iter().map(|row| (row.evaluations, row.fid / row.fid_floor)).collect(),
            dcgan: dcgan.and_then(|measures| Some(measures.samples?.report.fid)),
        })
    }
}

/// The JSON in a file, if there is one.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if !path.is_file() {
        return Ok(None);
    }
    let value = serde_json::from_slice(&weights::read(path)?);
    value.map(Some).map_err(|error| Error::Data(format!("{}: {error}", path.display())))
}

const ELBO: &str = "-ELBO, nats on all test images";
const ACCURACY: &str = "test accuracy, %";

/// The aims of a model, and why it falls short where it does.
fn aims(id: &str) -> (&'static [Aim], &'static str) {
    macro_rules! aims {
        ($($figure:expr, $bound:expr);+) => { &[$(Aim { figure: $figure, bound: $bound }),+] };
    }
    match id {
        "vae-map" => (
            aims!(Figure::Own(ELBO), 138.0; Figure::Nats, 136.0),
            "bytes in place of f16 cost a tenth of a nat, and save a megabyte",
        ),
        "vae-dense" => (aims!(Figure::Own(ELBO), 93.0; Figure::Nats, 89.5), ""),
        "vae-textbook" => (
            aims!(Figure::Own(ELBO), 93.0; Figure::Nats, 89.5),
            "the aim is that of the deeper network of the same number of latents, `vae-dense`; one hidden layer of rectified \
             units gives this",
        ),
        "vae-conv" => (
            aims!(Figure::Own(ELBO), 91.0; Figure::Nats, 87.5; Figure::Parameters, 0.30),
            "smaller networks were not tried",
        ),
        "diffusion" => (
            aims!(Figure::Evaluations(16), 2.0; Figure::Evaluations(4), 3.0; Figure::Parameters, 0.56),
            "smaller networks were not tried",
        ),
        "few-step" => (
            aims!(Figure::Evaluations(2), 4.0; Figure::Evaluations(1), 4.0),
            "the pairs that it learned from were drawn with eight evaluations, and it saw each 18 times; more pairs and a \
             second round of them were not tried",
        ),
        "wgan" | "style-gan" => (aims!(Figure::TimesDcgan, 1.5; Figure::RarestDigit, 50.0), ""),
        "dcgan" => (aims!(Figure::TimesFloor, 10.0; Figure::Recall, 0.6), ""),
        "flow" => (aims!(Figure::BitsPerDimension, 1.25), ""),
        "pixel-transformer" => (aims!(Figure::Nats, 83.0), ""),
        "pixelrnn" => (aims!(Figure::Nats, 85.0), ""),
        "pixelcnn" => (
            aims!(Figure::Nats, 83.0),
            "it has half the parameters of `pixel-transformer` and saw the training images three times; a longer training was \
             not tried",
        ),
        "rbm" => (
            aims!(Figure::Nats, 87.0),
            "five times the standard error of the estimate; the published 85 took 200 passes over the images where this one \
             took 60",
        ),
        "mixture" => (aims!(Figure::Nats, 125.3), ""),
        "naive-bayes" => (aims!(Figure::OwnMore(ACCURACY), 83.95), ""),
        "classifier" => (aims!(Figure::OwnMore(ACCURACY), 99.4), ""),
        _ => (&[], ""),
    }
}

impl Aim {
    /// The figure's name, what was measured of it, and by how much that falls short (negative where it does not).
    fn look(&self, measures: &Measures, beside: &Beside) -> Option<(String, f64, f64)> {
        let samples = measures.samples.as_ref().map(|samples| &samples.report);
        let likelihood = measures.likelihood.as_ref();
        let own = |name: &str| measures.extra.get(name).copied();
        let rarest = |digits: &[usize; 10]| digits.iter().min().map(|&least| 1000.0 * least as f64);
        let (name, value, sign) = match self.figure {
            Figure::Evaluations(count) => {
                let of_these = beside.settings.iter().filter(|(evaluations, _)| *evaluations == count);
                let best = of_these.map(|(_, times)| *times).min_by(f64::total_cmp)?;
                let s = if count == 1 { "" } else { "s" };
                let name = format!("MNIST-FID (ours) at {count} evaluation{s}, times the floor");
                return Some((name, best, best - self.bound));
            }
            Figure::TimesDcgan => ("MNIST-FID (ours), times that of dcgan", samples?.fid / beside.dcgan?, 1.0),
            Figure::RarestDigit => {
                ("rarest digit, % of an even share", rarest(&samples?.digits)? / samples?.n as f64, -1.0)
            }
            Figure::Parameters => ("parameters, millions", measures.cost.parameters as f64 / 1e6, 1.0),
            Figure::Nats => ("-log p(x), nats", likelihood?.nats, 1.0),
            Figure::BitsPerDimension => ("bits per dimension", likelihood?.bits_per_dimension?, 1.0),
            Figure::TimesFloor => ("MNIST-FID (ours), times the floor", samples?.fid / samples?.fid_floor, 1.0),
            Figure::Recall => ("recall", samples?.recall, -1.0),
            Figure::Own(name) => (name, own(name)?, 1.0),
            Figure::OwnMore(name) => (name, own(name)?, -1.0),
        };
        Some((name.to_string(), value, sign * (value - self.bound)))
    }
}

/// The aims of a model as a table, with what it reached; nothing where there are none.
pub fn markdown(measures: &Measures, beside: &Beside) -> String {
    let (aims, why) = aims(&measures.id);
    let mut text = String::new();
    for (aim, (name, value, short)) in aims.iter().filter_map(|aim| Some((aim, aim.look(measures, beside)?))) {
        if text.is_empty() {
            text.push_str("| aimed at | | reached | |\n|-|-|-|-|\n");
        }
        let verdict = match short {
            short if short <= 0.0 => "met".to_string(),
            short if matches!(aim.figure, Figure::Parameters) => format!("{short:.2} more: {why}"),
            short => format!("{short:.2} short: {why}"),
        };
        // writing to a String cannot fail
        let _ = writeln!(text, "| {name} | {} | {value:.2} | {verdict} |", aim.bound);
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::measures::{Cost, DEFINITION, Likelihood, Pixels};
    use super::*;

    fn measured(id: &str, nats: f64) -> Measures {
        Measures {
            id: id.into(),
            sha256: String::new(),
            definition: DEFINITION,
            command: String::new(),
            samples: None,
            likelihood: Some(Likelihood::exact(nats, Pixels::Dynamic, 10)),
            cost: Cost {
                parameters: 1,
                bytes: 2,
                flops_per_sample: None,
                memory: None,
                sample_ms: None,
                threads: None,
            },
            extra: BTreeMap::new(),
        }
    }

    #[test]
    fn what_falls_short_is_told_by_how_much_and_why() {
        let short = markdown(&measured("pixelcnn", 84.5), &Beside::default());
        assert!(short.contains("| 83 | 84.50 | 1.50 short: it has half"), "{short}");
        assert!(markdown(&measured("pixelcnn", 82.5), &Beside::default()).contains("| met |"));
        assert_eq!(markdown(&measured("markov-field", 1.0), &Beside::default()), "");
    }

    /// Lines of a model's table, its head among them.
    fn rows(id: &str) -> usize {
        match aims(id).0.len() {
            0 => 0,
            count => count + 1,
        }
    }

    #[test]
    fn every_aim_that_can_be_missed_has_a_reason() {
        let catalog = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../www/models/catalog.json")).unwrap();
        for entry in crate::catalog::Catalog::parse(&catalog).unwrap().models {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/models");
            let path = folder.join(format!("{}.measures.json", entry.id));
            let measures: Measures = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            let table = markdown(&measures, &Beside::read(&folder, &entry.id).unwrap());
            assert!(!table.contains("short:  |") && !table.contains("more:  |"), "{}: {table}", entry.id);
            // none is left out because its figure was not found
            assert_eq!(table.lines().filter(|line| line.starts_with("| ")).count(), rows(&entry.id), "{table}");
        }
    }
}
