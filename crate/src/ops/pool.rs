//! Means over windows that do not overlap, composed of a reshape and a reduction; the checks of these and of the maxima.

use super::registry::{Case, Row};
use crate::graph::Tensor;
use crate::{Error, Result};

impl Tensor {
    /// `[.., height, width]` as `[planes * rows, kernel, columns, kernel]`, and the pooled shape.
    fn windows(&self, kernel: usize) -> Result<(Tensor, Vec<usize>)> {
        let shape = self.shape();
        let [lead @ .., height, width] = shape.dims() else {
            return Err(Error::Shape(format!("{shape:?} is not an image")));
        };
        if kernel == 0 || *height < kernel || *width < kernel {
            return Err(Error::Shape(format!("windows of {kernel} x {kernel} do not fit {shape:?}")));
        }
        let (rows, columns) = (height / kernel, width / kernel);
        let rank = shape.rank();
        let mut image = self.clone();
        if rows * kernel != *height {
            image = image.slice(rank - 2, 0, rows * kernel)?;
        }
        if columns * kernel != *width {
            image = image.slice(rank - 1, 0, columns * kernel)?;
        }
        let planes: usize = lead.iter().product();
        let mut target = lead.to_vec();
        target.extend([rows, columns]);
        Ok((image.reshape([planes * rows, kernel, columns, kernel])?, target))
    }

    /// The means of the `kernel x kernel` windows of `[.., height, width]`, side by side; what is left over at the
    /// right and at the bottom is dropped, as in PyTorch.
    ///
    /// # Errors
    /// [`Error::Shape`] when no window fits.
    pub fn avg_pool2d(&self, kernel: usize) -> Result<Tensor> {
        let (windows, target) = self.windows(kernel)?;
        windows.mean_keep(&[1, 3])?.reshape(target.as_slice())
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "pool", shaders: super::max_pool::SHADERS, cases }
}

fn cases() -> Vec<Case> {
    vec![
        Case::new("mean of one pixel", &[&[1, 1, 1, 1]], |_, x| x[0].avg_pool2d(1)),
        Case::new("mean", &[&[2, 3, 6, 4]], |_, x| x[0].avg_pool2d(2)),
        Case::new("mean with a rest", &[&[2, 3, 7, 11]], |_, x| x[0].avg_pool2d(3)),
        Case::new("maximum of one pixel", &[&[1, 1, 1, 1]], |_, x| x[0].max_pool2d(1)),
        Case::new("maximum", &[&[2, 3, 6, 4]], |_, x| x[0].max_pool2d(2)),
        Case::new("maximum with a rest", &[&[3, 5, 13, 7]], |_, x| x[0].max_pool2d(2)),
        Case::new("derivative of the maximum", &[&[3, 5, 13, 7], &[3, 5, 6, 3]], |graph, x| {
            let y = x[0].max_pool2d(2)?;
            let gradients = graph.vector_jacobian(&y, &x[1], &x[..1])?;
            gradients.into_iter().flatten().next().ok_or_else(|| Error::Shape("no gradient".into()))
        })
        .forward_only(),
        Case::new("maximum of larger windows", &[&[2, 11, 8]], |_, x| x[0].max_pool2d(3)),
        Case::new("maximum over many planes", &[&[40, 32, 6, 6]], |_, x| x[0].max_pool2d(2)).finite_at_extremes(),
    ]
}
