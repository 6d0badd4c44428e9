//! What the checks run on: each geometry forward and as both gradients, which are then differentiated again.

use crate::graph::{Graph, Tensor};
use crate::ops::registry::Case;
use crate::{Error, Result};

/// Image, weight and how they meet.
struct Geometry {
    name: &'static str,
    image: [usize; 4],
    weight: [usize; 4],
    stride: usize,
    padding: usize,
    factor: usize,
}

const GEOMETRIES: &[Geometry] = &[
    Geometry { name: "one pixel", image: [1, 1, 1, 1], weight: [1, 1, 1, 1], stride: 1, padding: 0, factor: 1 },
    Geometry { name: "3x3", image: [2, 3, 9, 7], weight: [5, 3, 3, 3], stride: 1, padding: 1, factor: 1 },
    Geometry { name: "1x1", image: [2, 5, 3, 7], weight: [11, 5, 1, 1], stride: 1, padding: 0, factor: 1 },
    Geometry { name: "4x4 by 2", image: [2, 3, 8, 10], weight: [2, 3, 4, 4], stride: 2, padding: 1, factor: 1 },
    Geometry { name: "5x5 by 3", image: [1, 2, 11, 13], weight: [3, 2, 5, 5], stride: 3, padding: 2, factor: 1 },
    Geometry { name: "a rest unseen", image: [2, 2, 8, 9], weight: [3, 2, 3, 3], stride: 2, padding: 0, factor: 1 },
    Geometry { name: "2x3", image: [2, 2, 5, 7], weight: [3, 2, 2, 3], stride: 1, padding: 1, factor: 1 },
    Geometry { name: "wide padding", image: [1, 2, 3, 4], weight: [2, 2, 2, 2], stride: 2, padding: 3, factor: 1 },
    Geometry { name: "channels", image: [1, 19, 4, 5], weight: [37, 19, 3, 3], stride: 1, padding: 1, factor: 1 },
    Geometry { name: "long sums", image: [5, 2, 16, 15], weight: [2, 2, 3, 3], stride: 1, padding: 1, factor: 1 },
    Geometry { name: "upsampled by 2", image: [2, 3, 4, 5], weight: [4, 3, 3, 3], stride: 1, padding: 1, factor: 2 },
    Geometry {
        name: "upsampled by 3 by 2",
        image: [1, 2, 3, 2],
        weight: [3, 2, 2, 3],
        stride: 2,
        padding: 1,
        factor: 3,
    },
];

fn convolution(g: &Geometry, image: &Tensor, weight: &Tensor) -> Result<Tensor> {
    image.conv2d_upsampled(weight, g.factor, g.stride, g.padding)
}

/// The gradient of `output` with respect to `wrt` for the upstream gradient `upstream`.
fn gradient(output: &Tensor, upstream: &Tensor, wrt: &Tensor) -> Result<Tensor> {
    let gradients = output.graph().vector_jacobian(output, upstream, std::slice::from_ref(wrt))?;
    gradients.into_iter().flatten().next().ok_or_else(|| Error::Shape("no gradient".into()))
}

fn output_shape(g: &Geometry) -> Vec<usize> {
    let graph = Graph::new();
    let zeros = |shape: [usize; 4]| graph.constant(&vec![0.0; shape.iter().product()], shape);
    let output = zeros(g.image).and_then(|image| convolution(g, &image, &zeros(g.weight)?));
    output.map(|output| output.shape().dims().to_vec()).unwrap_or_default()
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![];
    for g in GEOMETRIES {
        let upstream = output_shape(g);
        cases.extend([
            Case::new(g.name, &[&g.image, &g.weight], move |_, x| convolution(g, &x[0], &x[1])),
            Case::new(format!("{}, gradient of the image", g.name), &[&g.image, &g.weight, &upstream], move |_, x| {
                gradient(&convolution(g, &x[0], &x[1])?, &x[2], &x[0])
            }),
            Case::new(format!("{}, gradient of the weight", g.name), &[&g.image, &g.weight, &upstream], move |_, x| {
                gradient(&convolution(g, &x[0], &x[1])?, &x[2], &x[1])
            }),
        ]);
    }
    cases.extend([
        Case::new("transposed 4x4 by 2", &[&[2, 3, 5, 4], &[3, 5, 4, 4]], |_, x| x[0].conv_transpose2d(&x[1], 2, 1, 0)),
        Case::new("transposed 3x3 by 2 with output padding", &[&[2, 3, 3, 4], &[3, 2, 3, 3]], |_, x| {
            x[0].conv_transpose2d(&x[1], 2, 1, 1)
        }),
        Case::new("transposed 2x2 by 3 with gaps", &[&[1, 2, 3, 3], &[2, 3, 2, 2]], |_, x| {
            x[0].conv_transpose2d(&x[1], 3, 0, 2)
        }),
        Case::new("transposed from one pixel", &[&[3, 7, 1, 1], &[7, 5, 7, 7]], |_, x| {
            x[0].conv_transpose2d(&x[1], 1, 0, 0)
        }),
        Case::new("upsampling folded in", &[&[2, 3, 4, 5], &[4, 3, 3, 3]], |_, x| {
            let folded = x[0].conv2d_upsampled(&x[1], 2, 1, 1)?;
            folded.sub(&x[0].upsample_nearest(2)?.conv2d(&x[1], 1, 1)?)
        }),
        Case::new("bias and silu fused", &[&[2, 3, 6, 5], &[4, 3, 3, 3], &[4, 1, 1]], |_, x| {
            Ok(x[0].conv2d(&x[1], 1, 1)?.add(&x[2])?.silu())
        }),
        Case::new("residual fused", &[&[2, 3, 6, 5], &[3, 3, 3, 3], &[2, 3, 6, 5]], |_, x| {
            x[0].conv2d(&x[1], 1, 1)?.add(&x[2])
        }),
        Case::new("transposed, bias and tanh fused", &[&[2, 3, 3, 5], &[3, 4, 4, 4], &[4, 1, 1]], |_, x| {
            Ok(x[0].conv_transpose2d(&x[1], 2, 1, 0)?.add(&x[2])?.tanh())
        }),
        Case::new("decay fused with the gradient of the weight", &[&[3, 2, 16, 17], &[2, 2, 3, 3]], |graph, x| {
            let y = x[0].conv2d(&x[1], 1, 1)?;
            let upstream = graph.constant(&vec![0.5; y.shape().numel()], y.shape())?;
            gradient(&y, &upstream, &x[1])?.mul_scalar(0.1).add(&x[1])
        }),
    ]);
    cases
}
