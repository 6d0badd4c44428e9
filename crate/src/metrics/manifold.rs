//! How generated images and real ones cover each other in feature space: improved precision and recall (Kynkaanniemi et
//! al. 2019), density and coverage (Naeem et al. 2020).

use serde::Serialize;

use super::neighbours::{Distances, Points, nearest_others};
use crate::error::{Error, Result};

/// Neighbours that precision and recall go by.
const PRECISION_NEIGHBOURS: usize = 3;
/// Neighbours that density and coverage go by.
const DENSITY_NEIGHBOURS: usize = 5;

/// A set of points, each with a ball that reaches to one of its nearest neighbours.
#[derive(Debug, Clone)]
pub struct Manifold {
    points: Points,
    /// Squared radii to the third neighbour.
    precision_radii: Vec<f64>,
    /// Squared radii to the fifth neighbour.
    density_radii: Vec<f64>,
}

impl Manifold {
    /// The balls of `points`.
    ///
    /// # Errors
    /// [`Error::Data`] for too few points to have such neighbours.
    pub fn new(points: Points) -> Result<Manifold> {
        if points.len() <= DENSITY_NEIGHBOURS {
            return Err(Error::Data(format!(
                "{} images are too few: precision and recall, density and coverage go by {DENSITY_NEIGHBOURS} neighbours",
                points.len()
            )));
        }
        let nearest = nearest_others(&points, DENSITY_NEIGHBOURS);
        let radii = |k: usize| nearest.iter().skip(k - 1).step_by(DENSITY_NEIGHBOURS).copied().collect();
        let (precision_radii, density_radii) = (radii(PRECISION_NEIGHBOURS), radii(DENSITY_NEIGHBOURS));
        Ok(Manifold { points, precision_radii, density_radii })
    }

    /// The points.
    pub fn points(&self) -> &Points {
        &self.points
    }
}

/// How two sets cover each other; each of 0 to 1 but the density, which may be above.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Overlap {
    /// Part of the generated images that lie in the ball of a real one (k = 3, at most the radius).
    pub precision: f64,
    /// Part of the real images that lie in the ball of a generated one (k = 3, at most the radius).
    pub recall: f64,
    /// Balls of real images that a generated one lies in, over k (k = 5, less than the radius).
    pub density: f64,
    /// Part of the real images with a generated one in their ball (k = 5, less than the radius).
    pub coverage: f64,
}

/// The overlap of two sets of images.
pub fn overlap(real: &Manifold, generated: &Manifold) -> Overlap {
    let columns = real.points.len();
    let (mut precise, mut inside) = (0usize, 0usize);
    let mut recalled = vec![false; columns];
    let mut covered = vec![false; columns];
    let mut distances = Distances::new(&generated.points, &real.points);
    while let Some((first, block)) = distances.next_rows() {
        for (row, values) in block.chunks_exact(columns).enumerate() {
            let own_radius = generated.precision_radii[first + row];
            let mut is_precise = false;
            let radii = real.precision_radii.iter().zip(&real.density_radii);
            let flags = covered.iter_mut().zip(&mut recalled);
            for ((distance, (precision_radius, density_radius)), (covered, recalled)) in
                values.iter().zip(radii).zip(flags)
            {
                let in_density_ball = distance < density_radius;
                is_precise |= distance <= precision_radius;
                inside += usize::from(in_density_ball);
                *covered |= in_density_ball;
                *recalled |= *distance <= own_radius;
            }
            precise += usize::from(is_precise);
        }
    }
    let part = |flags: &[bool]| flags.iter().filter(|flag| **flag).count() as f64 / columns as f64;
    let generated_count = generated.points.len() as f64;
    Overlap {
        precision: precise as f64 / generated_count,
        recall: part(&recalled),
        density: inside as f64 / (DENSITY_NEIGHBOURS as f64 * generated_count),
        coverage: part(&covered),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Philox;

    fn manifold(seed: u64, count: usize, shift: f64, scale: f64) -> Manifold {
        let mut values = vec![0.0f32; count * 3];
        Philox::new(seed, 0).fill_normal(&mut values);
        Manifold::new(Points::new(values.into_iter().map(|v| scale * f64::from(v) + shift).collect(), 3)).unwrap()
    }

    #[test]
    fn a_set_covers_itself_and_nothing_far_away() {
        let real = manifold(1, 300, 0.0, 1.0);
        let Overlap { precision, recall, coverage, .. } = overlap(&real, &real);
        assert_eq!((precision, recall, coverage), (1.0, 1.0, 1.0));
        let Overlap { precision, recall, density, coverage } = overlap(&real, &manifold(2, 300, 100.0, 1.0));
        assert_eq!((precision, recall, density, coverage), (0.0, 0.0, 0.0, 0.0));
    }

    #[test]
    fn a_narrow_generator_is_precise_and_forgets_and_a_wide_one_the_other_way() {
        let real = manifold(1, 400, 0.0, 1.0);
        let narrow = overlap(&real, &manifold(2, 400, 0.0, 0.2));
        assert!(narrow.precision > 0.95 && narrow.recall < 0.3 && narrow.coverage < 0.3, "{narrow:?}");
        assert!(narrow.density > 1.0, "{narrow:?}");
        let wide = overlap(&real, &manifold(2, 400, 0.0, 4.0));
        assert!(wide.precision < 0.5 && wide.recall > 0.9, "{wide:?}");
    }

    #[test]
    fn exchanging_the_sets_exchanges_precision_and_recall() {
        let (a, b) = (manifold(1, 200, 0.0, 1.0), manifold(2, 150, 0.4, 0.8));
        let (there, back) = (overlap(&a, &b), overlap(&b, &a));
        assert!((there.precision - back.recall).abs() < 1e-12 && (there.recall - back.precision).abs() < 1e-12);
    }

    #[test]
    fn too_few_images_are_refused() {
        assert!(Manifold::new(Points::new(vec![0.0; 5], 1)).unwrap_err().to_string().contains("too few"));
    }
}
