//! The section of a card that tells what was measured of its model.

use std::fmt::Write;

use super::aims::{self, Beside};
use super::measures::{Cost, Measures, Samples, mebibytes, plain};

/// The head of the card's section of figures.
const SECTION: &str = "## Measures\n";

/// The card's section of figures: what was aimed at, what was measured, and the command that does it again.
pub fn section(measures: &Measures) -> String {
    section_beside(measures, &Beside::default())
}

fn section_beside(measures: &Measures, beside: &Beside) -> String {
    format!("{SECTION}\n{}{}", aims::markdown(measures, beside), markdown(measures))
}

/// A card with its section of figures anew: in place of the old one or, where there is none, before the limits.
pub fn with_section(card: &str, measures: &Measures, beside: &Beside) -> String {
    let section = section_beside(measures, beside);
    match card.find(SECTION) {
        Some(start) => {
            let end = card[start..].find("\n## ").map_or(card.len(), |end| start + end + 1);
            format!("{}{section}\n{}", &card[..start], &card[end..])
        }
        None => {
            let place = card.find("## Limits").unwrap_or(card.len());
            format!("{}{section}\n{}", &card[..place], &card[place..])
        }
    }
}

/// The card's figures: tables, and the command that makes them again.
fn markdown(measures: &Measures) -> String {
    let mut text = String::new();
    // writing to a String cannot fail
    if let Some(Samples { seed, setting, report, .. }) = &measures.samples {
        let [kid, inception, precision, recall, density, coverage, memorisation] = report.words();
        let _ = write!(
            text,
            "{} digits (seed {seed}{}{setting}) against the {} test images, on the features of this project's classifier: not\n\
             comparable with figures on other features. Real digits (training images) have a distance of {:.2}.\n\n\
             | measure | figure |\n|-|-|\n\
             | MNIST-FID (ours) | {:.1} +- {:.1}, {:.1} times the floor |\n\
             | KID x 1000 | {kid} |\n\
             | inception score | {inception} |\n\
             | precision, recall (k = 3) | {precision}, {recall} |\n\
             | density, coverage (k = 5) | {density}, {coverage} |\n\
             | memorisation (1 is ideal, far below is copying) | {memorisation} |\n\
             | digits 0 to 9, as the classifier reads them | {} |\n\n",
            report.n,
            if setting.is_empty() { "" } else { "; " },
            report.reference_images,
            report.fid_floor,
            report.fid,
            report.fid_error,
            report.fid / report.fid_floor,
            report.digits.map(|count| count.to_string()).join(", "),
        );
    }
    if let Some(likelihood) = &measures.likelihood {
        let spread = likelihood.spread.map(|spread| format!(" +- {spread:.2}")).unwrap_or_default();
        let _ = write!(
            text,
            "| likelihood of {} test images | |\n|-|-|\n| kind | {} |\n| pixels | {} |\n| -log p(x) | {:.2}{spread} nats |\n",
            likelihood.images,
            String::from(likelihood.kind),
            likelihood.pixels.name(),
            likelihood.nats
        );
        if let Some(bits) = likelihood.bits_per_dimension {
            let _ = writeln!(text, "| bits per dimension | {bits:.4} |");
        }
        text.push('\n');
    }
    let Cost { parameters, bytes, flops_per_sample, memory, sample_ms, threads } = measures.cost;
    let _ = write!(text, "| cost | |\n|-|-|\n| parameters | {parameters} |\n| file | {bytes} bytes |\n");
    if let Some(flops) = flops_per_sample {
        let _ = writeln!(text, "| operations for one digit | {:.3} MFLOP |", flops as f64 / 1e6);
    }
    if let Some(memory) = memory {
        let _ = writeln!(text, "| memory for one digit | {:.2} MiB |", mebibytes(memory));
    }
    if let Some(ms) = sample_ms {
        let threads = threads.map(|count| format!(", threads: {count}")).unwrap_or_default();
        let _ = writeln!(text, "| time for one digit on the CPU{threads} | {} ms |", plain(ms));
    }
    text.push('\n');
    if !measures.extra.is_empty() {
        text.push_str("| also | |\n|-|-|\n");
        for (name, value) in &measures.extra {
            let _ = writeln!(text, "| {name} | {} |", plain(*value));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "    {}", measures.command);
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::measures::DEFINITION;
    use super::*;

    #[test]
    fn a_card_keeps_all_but_its_figures() {
        let cost =
            Cost { parameters: 7, bytes: 2, flops_per_sample: None, memory: None, sample_ms: None, threads: None };
        let measures = Measures {
            id: "tiny".into(),
            sha256: String::new(),
            definition: DEFINITION,
            command: "inkling eval".into(),
            samples: None,
            likelihood: None,
            cost,
            extra: BTreeMap::new(),
        };
        let fresh = with_section("# a card\n\n## Limits\n\nnone\n", &measures, &Beside::default());
        assert!(fresh.starts_with("# a card\n\n## Measures\n") && fresh.ends_with("## Limits\n\nnone\n"), "{fresh}");
        assert_eq!(with_section(&fresh, &measures, &Beside::default()), fresh, "once more changes nothing");
        let other =
            with_section(&fresh, &Measures { command: "inkling eval all".into(), ..measures }, &Beside::default());
        assert!(other.contains("inkling eval all") && other.matches("## Measures").count() == 1, "{other}");
    }
}
