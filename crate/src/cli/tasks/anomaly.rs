//! Does a model notice what is no digit?

use super::rows::{About, Anomaly, Told, rounded};
use super::score::{Scorer, scorers};
use super::{Setup, Subject};
use crate::data::foreign::Foreign;
use crate::error::Result;
use crate::metrics::roc::{Roc, quantiles};
use crate::models::family::Family;

/// Quantiles of the score on test digits.
const QUANTILES: usize = 101;
/// A flow is asked ten times for each picture, once for each class: it sees this part of the pictures.
const FLOW_PART: usize = 4;

/// A row for each way in which the model scores pictures.
///
/// # Errors
/// [`crate::Error::NonFinite`] for a score that is no number, those of running the model.
pub fn measure(setup: &mut Setup, subject: &Subject) -> Result<Vec<Anomaly>> {
    let Subject::Model(opened) = subject else { return Ok(Vec::new()) };
    let n = if opened.family == Family::Flow { setup.n.div_ceil(FLOW_PART) } else { setup.n };
    let (images, labels) = setup.digits(n);
    let row = |Scorer { score, pixels, mut of }: Scorer| {
        let own = of(images)?;
        let told = |kind: Foreign| {
            let Roc { auc, error, curve } = Roc::of(&own, &of(&kind.pictures(images, labels, setup.seed))?)?;
            let roc = curve.into_iter().map(rounded).collect();
            Ok(Told { kind, auc: rounded(auc), auc_error: rounded(error), roc })
        };
        let kinds = Foreign::ALL.into_iter().map(told).collect::<Result<_>>()?;
        let quantiles = quantiles(&own, QUANTILES)?.into_iter().map(rounded).collect();
        Ok(Anomaly { about: About::digits(labels.len()), score, pixels, quantiles, kinds })
    };
    scorers(opened, &setup.bench.backend, setup.seed)?.into_iter().map(row).collect()
}
