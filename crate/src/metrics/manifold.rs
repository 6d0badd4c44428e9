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

/// What the measures are the means of: one number for each generated image or for each real one.
struct Marks {
    /// Of generated images: 1 where it lies in the ball of a real one.
    precise: Vec<f64>,
    /// Of real images: 1 where it lies in the ball of a generated one.
    recalled: Vec<f64>,
    /// Of generated images: balls of real ones that it lies in, over k.
    inside: Vec<f64>,
    /// Of real images: 1 where a generated one lies in its ball.
    covered: Vec<f64>,
}

impl Marks {
    fn of(real: &Manifold, generated: &Manifold) -> Marks {
        let columns = real.points.len();
        let (mut precise, mut inside) = (Vec::new(), Vec::new());
        let (mut recalled, mut covered) = (vec![0.0; columns], vec![0.0; columns]);
        let mut distances = Distances::new(&generated.points, &real.points);
        while let Some((first, block)) = distances.next_rows() {
            for (row, values) in block.chunks_exact(columns).enumerate() {
                let own_radius = generated.precision_radii[first + row];
                let (mut is_precise, mut balls) = (false, 0usize);
                let radii = real.precision_radii.iter().zip(&real.density_radii);
                let flags = covered.iter_mut().zip(&mut recalled);
                for ((distance, (precision_radius, density_radius)), (covered, recalled)) in
                    values.iter().zip(radii).zip(flags)
                {
                    is_precise |= distance <= precision_radius;
                    if distance < density_radius {
                        balls += 1;
                        *covered = 1.0;
                    }
                    if *distance <= own_radius {
                        *recalled = 1.0;
                    }
                }
                precise.push(f64::from(u8::from(is_precise)));
                inside.push(balls as f64 / DENSITY_NEIGHBOURS as f64);
            }
        }
        Marks { precise, recalled, inside, covered }
    }

    fn measured(&self, mut by: impl FnMut(&[f64]) -> f64) -> Overlap {
        Overlap {
            precision: by(&self.precise),
            recall: by(&self.recalled),
            density: by(&self.inside),
            coverage: by(&self.covered),
        }
    }

    fn means(&self) -> Overlap {
        self.measured(|marks| marks.iter().sum::<f64>() / marks.len() as f64)
    }
}

/// The overlap of two sets of images.
pub fn overlap(real: &Manifold, generated: &Manifold) -> Overlap {
    Marks::of(real, generated).means()
}

/// The overlap of two sets of images, and its standard errors by bootstrap over the images that each measure is a mean over:
/// the generated ones for precision and density, the real ones for recall and coverage. The balls stay as they are, for an
/// image drawn twice would have none.
#[cfg(feature = "measures")]
pub fn overlap_with_errors(real: &Manifold, generated: &Manifold, rng: &mut crate::rng::Philox) -> (Overlap, Overlap) {
    let marks = Marks::of(real, generated);
    (marks.means(), marks.measured(|marks| super::bootstrap_error_of_mean(marks, rng)))
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
    fn errors_tell_the_spread_of_fresh_samples() {
        let real = manifold(1, 400, 0.0, 1.0);
        let fresh: Vec<Overlap> = (0..40).map(|seed| overlap(&real, &manifold(50 + seed, 400, 1.0, 0.8))).collect();
        let (_, errors) = overlap_with_errors(&real, &manifold(99, 400, 1.0, 0.8), &mut Philox::new(3, 0));
        let spread =
            |by: fn(&Overlap) -> f64| super::super::mean_and_deviation(&fresh.iter().map(by).collect::<Vec<_>>()).1;
        for (error, spread) in
            [(errors.precision, spread(|one| one.precision)), (errors.density, spread(|one| one.density))]
        {
            assert!(error > 0.5 * spread && error < 1.7 * spread, "{error} {spread}");
        }
        assert!(errors.recall > 0.0 && errors.recall < 0.05 && errors.coverage > 0.0 && errors.coverage < 0.05);
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
