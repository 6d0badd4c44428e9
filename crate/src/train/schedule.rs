//! How the learning rate, the weight of the KL term and the EMA's decay change over a run.

/// A linear warm-up to 1 over `warm_up` steps, then half a cosine down to 0 at `total`; `step` counts from 0.
pub fn cosine(step: u64, warm_up: u64, total: u64) -> f64 {
    if step < warm_up {
        return (step + 1) as f64 / warm_up as f64;
    }
    let progress = (step - warm_up) as f64 / total.saturating_sub(warm_up).max(1) as f64;
    0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos())
}

/// From 0 to 1 over `over` steps, then 1.
pub fn ramp(step: u64, over: u64) -> f64 {
    if over == 0 { 1.0 } else { ((step + 1) as f64 / over as f64).min(1.0) }
}

/// The EMA's decay at `step`: `decay` in the long run, less at the start, so that the average forgets the first weights.
pub fn ema_decay(step: u64, decay: f64) -> f64 {
    decay.min((1 + step) as f64 / (10 + step) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_rises_then_falls_to_zero() {
        assert_eq!((cosine(0, 10, 110), cosine(9, 10, 110), cosine(10, 10, 110)), (0.1, 1.0, 1.0));
        assert!((cosine(60, 10, 110) - 0.5).abs() < 1e-12);
        assert!(cosine(110, 10, 110).abs() < 1e-12 && cosine(1_000, 10, 110).abs() < 1e-12);
        assert_eq!(cosine(0, 0, 0), 1.0, "a run of no steps divides by nothing");
    }

    #[test]
    fn ramp_and_decay() {
        assert_eq!((ramp(0, 4), ramp(3, 4), ramp(9, 4), ramp(0, 0)), (0.25, 1.0, 1.0, 1.0));
        assert_eq!((ema_decay(0, 0.999), ema_decay(1_000_000, 0.999)), (0.1, 0.999));
    }
}
