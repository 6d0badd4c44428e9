//! The tasks as tables for people.

use std::fmt::Write;

use super::rows::{Anomaly, Labels, Tasks};
use crate::data::foreign::Foreign;

/// What the section begins with; all behind it in a file is its own.
const HEADING: &str = "\n## Tasks\n";

/// The section of the tasks; nothing where nothing was measured.
pub fn markdown(tasks: &Tasks) -> String {
    if tasks.anomaly.is_empty() && tasks.augment.is_empty() && tasks.complete.is_empty() && tasks.style.is_empty() {
        return String::new();
    }
    let mut text = HEADING.to_string();
    // writing to a String cannot fail
    let _ = write!(
        text,
        "\nWhat models are good for, by one command, which measures whatever is missing or was measured of other weights:\n\n    {}\n",
        tasks.command
    );
    anomaly(&mut text, &tasks.anomaly);
    augment(&mut text, tasks);
    complete(&mut text, tasks);
    style(&mut text, tasks);
    text
}

/// `text` with `section` in place of the one that it ends with, or behind it.
pub fn spliced(text: &str, section: &str) -> String {
    let kept = text.find(HEADING).map_or(text, |place| &text[..place]);
    format!("{kept}{section}")
}

/// A word as the file has it, with spaces.
fn words<T: serde::Serialize>(value: T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().replace('_', " ")
}

fn anomaly(text: &mut String, rows: &[Anomaly]) {
    if rows.is_empty() {
        return;
    }
    let errors = rows.iter().flat_map(|row| &row.kinds).map(|told| told.auc_error);
    let _ = write!(
        text,
        "\n### What is no digit\n\nThe area under the ROC curve: how often a test digit scores higher than a foreign picture. 1 is always, \
         0.5 is chance, and below it the model finds what is foreign more like a digit than digits are. Standard errors \
         (DeLong) are at most {:.3}.\n\n| model | score | digits |",
        errors.fold(0.0, f64::max)
    );
    for kind in Foreign::ALL {
        let _ = write!(text, " {} |", kind.words());
    }
    let _ = writeln!(text, "\n|-|-|-|{}", "-|".repeat(Foreign::ALL.len()));
    for row in rows {
        let _ = write!(text, "| {} | {} | {} |", row.about.id, words(row.score), row.about.n);
        for kind in Foreign::ALL {
            match row.kinds.iter().find(|told| told.kind == kind) {
                Some(told) => {
                    let _ = write!(text, " {:.3} |", told.auc);
                }
                None => text.push_str(" |"),
            }
        }
        text.push('\n');
    }
}

fn augment(text: &mut String, tasks: &Tasks) {
    if tasks.augment.is_empty() {
        return;
    }
    text.push_str(
        "\n### Digits to learn from\n\nAccuracy on the test digits of a small classifier (8 and 16 channels, 64 features, 600 steps of 50 digits), mean \
         and standard deviation over three runs. Labels are what the model was asked for or, of models that are told nothing, \
         what the project's classifier reads.\n\n| digits of | labels | drawn | real | accuracy, % |\n|-|-|-|-|-|\n",
    );
    for row in &tasks.augment {
        let labels = if row.labels == Labels::Real { String::new() } else { words(row.labels) };
        let (accuracy, spread) = (100.0 * row.accuracy, 100.0 * row.spread);
        let _ = writeln!(
            text,
            "| {} | {labels} | {} | {} | {accuracy:.2} +- {spread:.2} |",
            row.about.id, row.samples, row.real
        );
    }
}

fn complete(text: &mut String, tasks: &Tasks) {
    if tasks.complete.is_empty() {
        return;
    }
    text.push_str(
        "\n### The lower half\n\nThe upper 14 rows of a test digit are given. How many completions the classifier reads as that digit, the mean \
         squared error of the lower rows (grey values 0 to 1), and how much the completions of one digit differ (the root of \
         the mean variance of a pixel). A low error is not the aim: there are many right answers.\n\n\
         | model | way | digits x draws | read right, % | error | difference |\n|-|-|-|-|-|-|\n",
    );
    for row in &tasks.complete {
        let way = if row.setting.is_empty() { words(row.way) } else { format!("{}: {}", words(row.way), row.setting) };
        let (read, error) = (100.0 * row.read, 100.0 * row.read_error);
        let _ = writeln!(
            text,
            "| {} | {way} | {} x {} | {read:.1} +- {error:.1} | {:.4} | {:.3} |",
            row.about.id, row.about.n, row.draws, row.error, row.diversity
        );
    }
}

fn style(text: &mut String, tasks: &Tasks) {
    if tasks.style.is_empty() {
        return;
    }
    text.push_str(
        "\n### Another digit in the same style\n\nHow many results the classifier reads as the digit that was asked for, and how far the style is kept: \
         correlations of the first digit and the second one in slant, width of strokes and ink, each less the mean of its \
         digit (crate/src/metrics/shape.rs).\n\n\
         | model | way | pairs | read as asked, % | slant | width | ink |\n|-|-|-|-|-|-|-|\n",
    );
    for row in &tasks.style {
        let way = if row.setting.is_empty() { words(row.way) } else { format!("{}: {}", words(row.way), row.setting) };
        let (read, error) = (100.0 * row.read, 100.0 * row.read_error);
        let _ = writeln!(
            text,
            "| {} | {way} | {} | {read:.1} +- {error:.1} | {:.2} | {:.2} | {:.2} |",
            row.about.id, row.about.n, row.slant, row.width, row.ink
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{About, Complete, Completing};
    use super::*;

    #[test]
    fn a_section_takes_the_place_of_the_one_before() {
        let mut tasks = Tasks::default();
        assert_eq!(markdown(&tasks), "");
        tasks.complete.push(Complete {
            about: About { id: "a".into(), n: 3, ..About::default() },
            draws: 2,
            way: Completing::ClampedGibbs,
            setting: "9 sweeps".into(),
            read: 0.5,
            read_error: 0.1,
            error: 0.25,
            diversity: 0.125,
        });
        let section = markdown(&tasks);
        assert!(
            section.contains("| a | clamped gibbs: 9 sweeps | 3 x 2 | 50.0 +- 10.0 | 0.2500 | 0.125 |"),
            "{section}"
        );
        let once = spliced("# Measures\n\nText\n", &section);
        assert_eq!(spliced(&once, &section), once);
        assert_eq!(spliced(&once, ""), "# Measures\n\nText\n");
    }
}
