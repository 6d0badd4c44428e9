//! The registry's cases for layers and losses.

use super::functional::{
    Affine, attention, batch_norm, channel_moments, group_norm, instance_norm, layer_norm, linear,
    multi_head_attention, one_hot,
};
use super::layers::{self, BatchNormMode};
use super::{Activation, NORM_EPS, loss};
use crate::Result;
use crate::graph::{Graph, ParamLayout, Shape, Tensor};
use crate::nn::functional::ChannelMoments;
use crate::ops::registry::{Case, Row};

/// The registry's row.
pub(crate) fn row() -> Row {
    Row {
        name: "nn",
        shaders: &[],
        cases: || {
            let mut cases = norm_cases();
            cases.extend(layer_cases());
            cases.extend(loss_cases());
            cases
        },
    }
}

fn affine(x: &[Tensor]) -> Affine {
    Affine { weight: x[0].clone(), bias: x[1].clone() }
}

fn norm_cases() -> Vec<Case> {
    let trained = |_: &Graph, x: &[Tensor]| {
        let moments = channel_moments(&x[0])?;
        batch_norm(&x[0], &moments, Some(&affine(&x[1..])), NORM_EPS)
    };
    vec![
        Case::new("group norm, affine and silu", &[&[2, 6, 3, 5], &[6], &[6]], |_, x| {
            Ok(group_norm(&x[0], 3, Some(&affine(&x[1..])), NORM_EPS)?.silu())
        })
        .finite_at_extremes(),
        Case::new("group norm of one group", &[&[3, 2, 7, 5], &[2], &[2]], |_, x| {
            group_norm(&x[0], 1, Some(&affine(&x[1..])), NORM_EPS)
        }),
        Case::new("instance norm", &[&[2, 3, 5, 7]], |_, x| instance_norm(&x[0], None, NORM_EPS)),
        Case::new("layer norm", &[&[3, 5, 11], &[11], &[11]], |_, x| {
            layer_norm(&x[0], Some(&affine(&x[1..])), NORM_EPS)
        })
        .finite_at_extremes(),
        Case::new("batch norm of images", &[&[4, 3, 5, 7], &[3], &[3]], trained).finite_at_extremes(),
        Case::new("batch norm of vectors", &[&[7, 13], &[13], &[13]], trained),
        Case::new("batch norm by running moments", &[&[4, 3, 5, 2], &[3], &[3], &[3], &[3]], |_, x| {
            let running = ChannelMoments { mean: x[3].clone(), variance: x[4].clone() };
            batch_norm(&x[0], &running, Some(&affine(&x[1..])), NORM_EPS)
        })
        .input_range(4, (0.5, 2.0)),
        running_moments("running mean", "norm.running_mean"),
        running_moments("running variance", "norm.running_var"),
    ]
}

fn running_moments(name: &str, entry: &'static str) -> Case {
    Case::new(name, &[&[3, 2, 4, 5]], move |graph, x| {
        let vector = Shape::new(&[2]);
        let layout = |names: [&str; 2]| ParamLayout::new(&names.map(|name| (format!("norm.{name}"), vector.clone())));
        let params = graph.slab("params", &layout(["weight", "bias"])?)?;
        let statistics = graph.slab("statistics", &layout(["running_mean", "running_var"])?)?;
        layers::batch_norm(&x[0], &params, &statistics, "norm", BatchNormMode::Train { momentum: 0.25 })?;
        statistics.get(entry)
    })
    .forward_only()
}

fn layer_cases() -> Vec<Case> {
    let heads = |heads: usize, causal: bool| {
        move |_: &Graph, x: &[Tensor]| multi_head_attention(&x[0], &affine(&x[1..]), &affine(&x[3..]), heads, causal)
    };
    let attention_inputs: &[&[usize]] = &[&[2, 5, 6], &[18, 6], &[18], &[6, 6], &[6]];
    let mut cases = vec![
        Case::new("linear without a bias", &[&[3, 7], &[5, 7]], |_, x| linear(&x[0], &x[1], None)),
        Case::new("linear over several axes", &[&[2, 3, 7], &[5, 7], &[5]], |_, x| linear(&x[0], &x[1], Some(&x[2]))),
        Case::new("attention with another number of keys", &[&[2, 3, 4], &[2, 5, 4], &[2, 5, 7]], |_, x| {
            attention(&x[0], &x[1], &x[2], false)
        }),
        Case::new("three heads", attention_inputs, heads(3, false)).finite_at_extremes(),
        Case::new("two causal heads", attention_inputs, heads(2, true)),
        Case::new("one hot", &[&[2, 3], &[2, 3, 5]], |graph, x| {
            one_hot(&graph.constant(&[0.0, 4.0, 2.0, 2.0, 7.0, 1.0], [2, 3])?.add(&x[0].floor())?, 5)?.mul(&x[1])
        })
        .input_range(0, (0.1, 0.9)),
    ];
    for activation in [
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Silu,
        Activation::Gelu,
        Activation::Tanh,
        Activation::Sigmoid,
    ] {
        cases.push(Case::new(format!("linear and {activation:?}"), &[&[3, 7], &[5, 7], &[5]], move |_, x| {
            Ok(activation.apply(&linear(&x[0], &x[1], Some(&x[2]))?))
        }));
    }
    cases
}

fn loss_cases() -> Vec<Case> {
    let classes = |graph: &Graph| graph.constant(&[3.0, 0.0, 6.0, 3.0, 1.0], [5]);
    let case = |name: &str, shapes: &[&[usize]], build: fn(&Graph, &[Tensor]) -> Result<Tensor>| {
        Case::new(name, shapes, build).finite_at_extremes()
    };
    let pair: &[&[usize]] = &[&[5, 13], &[5, 13]];
    let triple: &[&[usize]] = &[&[5, 13], &[5, 13], &[5, 13]];
    vec![
        case("binary cross-entropy", pair, |_, x| Ok(loss::bce_with_logits(&x[0], &x[1])?.mean_all()))
            .input_range(0, (-9.0, 9.0)),
        case("binary cross-entropy of each image", &[&[4, 1, 7, 5], &[4, 1, 7, 5]], |_, x| {
            loss::per_example(&loss::bce_with_logits(&x[0], &x[1])?)
        }),
        case("Bernoulli log-likelihood", pair, |_, x| loss::bernoulli_log_likelihood(&x[0], &x[1])),
        case("mean squared error", pair, |_, x| loss::mse(&x[0], &x[1])),
        case("Gaussian divergence", pair, |_, x| Ok(loss::gaussian_kl(&x[0], &x[1])?.sum_all()))
            .input_range(1, (-3.0, 2.0)),
        case("normal log-density", triple, |_, x| loss::normal_log_density(&x[0], &x[1], &x[2]))
            .input_range(2, (-3.0, 2.0)),
        case("standard normal log-density", &[&[3, 7]], |_, x| {
            loss::per_example(&loss::standard_normal_log_density(&x[0]))
        }),
        case("cross-entropy", pair, |_, x| loss::cross_entropy(&x[0], &x[1])),
        Case::new("cross-entropy of classes", &[&[5, 7]], move |graph, x| {
            Ok(loss::cross_entropy_of_classes(&x[0], &classes(graph)?)?.mean_all())
        })
        .range((-5.0, 5.0))
        .finite_at_extremes(),
        Case::new("importance-weighted bound", &[&[3, 11], &[3, 11], &[3, 11]], |_, x| {
            let weights = loss::normal_log_density(&x[0], &x[1], &x[2])?;
            Ok(weights.logsumexp_keep(&[1])?.mean_all())
        }),
    ]
}
