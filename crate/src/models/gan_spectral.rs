//! The spectral norm of a discriminator's weights (Miyato et al. 2018, algorithm 1): each weight as a matrix
//! `[outputs, the rest]`, divided by its largest singular value, which one step of power iteration a training step keeps
//! up with.

use std::collections::HashMap;
use std::rc::Rc;

use super::gan::Gan;
use crate::data::streams;
use crate::error::Result;
use crate::graph::{ParamLayout, ParamStore, Shape, Slab, Tensor};
use crate::rng::Philox;

/// The slab of the left singular vectors.
pub const SPECTRAL: &str = "discriminator.spectral";
/// Added to a norm that something is divided by.
const EPS: f64 = 1e-12;
/// Steps of the power iteration for weights that are shipped.
const ITERATIONS: usize = 200;

/// The weights that have a spectral norm, and their vectors' places.
pub struct Spectral {
    names: Vec<String>,
    layout: Rc<ParamLayout>,
}

impl Spectral {
    /// Those of a discriminator.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] never, for a checked config.
    pub fn new(gan: &Gan) -> Result<Spectral> {
        let shapes = gan.discriminator().iter().filter_map(|stage| {
            let (shape, _) = stage.weight_shape()?;
            Some((format!("{}.weight", stage.name), Shape::new(&[1, shape[0]])))
        });
        let shapes: Vec<(String, Shape)> = shapes.collect();
        let names = shapes.iter().map(|(name, _)| name.clone()).collect();
        Ok(Spectral { names, layout: ParamLayout::new(&shapes)? })
    }

    /// First vectors.
    pub fn initialize(&self, seed: u32) -> ParamStore {
        let mut store = ParamStore::zeros(self.layout.clone());
        for (index, name) in self.names.iter().enumerate() {
            let stream = streams::stream(streams::SPECTRAL, index as u64);
            if let Some(values) = store.get_mut(name) {
                Philox::new(u64::from(seed), stream).fill_normal(values);
            }
        }
        store
    }

    /// The weights of `slab` divided by u W v, where u and v follow the power iteration; no gradient flows through
    /// them. With `iterate` the step is kept for the next run.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when the slab is another network's.
    pub fn normalise(&self, slab: &Slab, iterate: bool) -> Result<HashMap<String, Tensor>> {
        let mut normalised = HashMap::new();
        for name in &self.names {
            let weight = slab.get(name)?;
            let graph = weight.graph();
            let kept = graph.slab(SPECTRAL, &self.layout)?.get(name)?;
            let shape = weight.shape();
            let rows = shape.dims()[0];
            let matrix = weight.reshape([rows, shape.numel() / rows])?;
            let fixed = matrix.stop_gradient();
            let mut u = unit(&kept)?;
            let v = unit(&u.matmul(&fixed)?)?;
            if iterate {
                u = unit(&v.matmul_with(&fixed, false, true)?)?;
                graph.moving_average(&kept, &u, &graph.scalar(1.0))?;
            }
            let (u, v) = (u.stop_gradient(), v.stop_gradient());
            let sigma = u.matmul(&matrix)?.mul(&v)?.sum_all();
            normalised.insert(name.clone(), weight.div(&sigma)?);
        }
        Ok(normalised)
    }

    /// The weights of `store` divided by their largest singular values, for good.
    pub fn apply(&self, store: &mut ParamStore) {
        for name in &self.names {
            let rows = self.layout.find(name).map_or(0, |index| self.layout.entries()[index].shape.numel());
            if let Some(values) = store.get_mut(name) {
                let sigma = largest_singular_value(values, rows).max(EPS);
                values.iter_mut().for_each(|value| *value = (f64::from(*value) / sigma) as f32);
            }
        }
    }
}

fn unit(x: &Tensor) -> Result<Tensor> {
    x.mul(&x.square().sum_all().add_scalar(EPS).rsqrt())
}

/// Of a matrix of `rows` rows, by power iteration in f64.
pub fn largest_singular_value(matrix: &[f32], rows: usize) -> f64 {
    let columns = matrix.len() / rows.max(1);
    let mut v = vec![1.0f64; columns];
    let mut sigma = 0.0;
    for _ in 0..ITERATIONS {
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt().max(EPS);
        v.iter_mut().for_each(|x| *x /= norm);
        let mut next = vec![0.0f64; columns];
        let mut square = 0.0;
        for row in matrix.chunks_exact(columns.max(1)) {
            let dot: f64 = row.iter().zip(&v).map(|(w, x)| f64::from(*w) * x).sum();
            square += dot * dot;
            next.iter_mut().zip(row).for_each(|(x, w)| *x += dot * f64::from(*w));
        }
        sigma = square.sqrt();
        v = next;
    }
    sigma
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_singular_value_of_known_matrices() {
        assert!((largest_singular_value(&[3.0, 0.0, 0.0, 0.0, -5.0, 0.0], 2) - 5.0).abs() < 1e-9);
        // a rotation by 45 degrees of a stretched plane: singular values 4 and 1
        let r = std::f32::consts::FRAC_1_SQRT_2;
        assert!((largest_singular_value(&[4.0 * r, -r, 4.0 * r, r], 2) - 4.0).abs() < 1e-6);
    }
}
