//! What a plan promises: few steps, few slots, effects in program order, nothing moved across them.

use inkling::backend::{Backend, Executable};
use inkling::graph::{BufferKind, Graph, ParamLayout, ParamStore, Plan, Shape, Tensor};
use inkling::models::layers::Activation;
use inkling::models::vae::Vae;
use inkling::models::vae_config::{Naming, VaeConfig};
use inkling::ops::AdamConfig;
use inkling_tests::{gpu, read};

fn slots(plan: &Plan) -> usize {
    plan.buffers.iter().filter(|(kind, _)| *kind == BufferKind::Slot).count()
}

/// Runs on both backends what `build` makes, and compares an output named `y`.
fn expect_on_both(build: impl Fn(&Graph) -> Tensor, expected: &[f32]) {
    for backend in [Backend::Cpu, gpu()] {
        let graph = Graph::new();
        let y = build(&graph);
        let mut executable: Executable =
            backend.compile(graph.compile(&[("y", &y)]).expect("a plan"), &[]).expect("an executable");
        executable.run().expect("a run");
        let result = read(&executable, "y");
        assert_eq!(result.len(), expected.len());
        for (value, expected) in result.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{result:?} on {}", backend.name());
        }
    }
}

#[test]
fn a_chain_of_layers_lives_in_two_slots() {
    let graph = Graph::new();
    let mut x = graph.input("x", [4, 8]).expect("an input");
    let w = graph.input("w", [8, 8]).expect("an input");
    for _ in 0..20 {
        x = x.matmul(&w).expect("a product").tanh();
    }
    let plan = graph.compile(&[("y", &x)]).expect("a plan");
    assert_eq!(plan.steps.len(), 20, "each tanh belongs into its product");
    assert_eq!(slots(&plan), 2);
}

#[test]
fn a_textbook_decoder_is_two_dispatches_and_its_training_step_under_forty() {
    let vae = Vae::new(VaeConfig::dense(&[400], 20, Activation::Relu, Naming::Textbook)).expect("a VAE");
    let gpu = gpu();
    let decoder = gpu.compile(vae.decode_plan(64).expect("a plan"), &[]).expect("an executable");
    assert_eq!(decoder.dispatches(), 2);
    let adam = AdamConfig { clip_norm: Some(1.0), ..AdamConfig::default() };
    let training = gpu.compile(vae.train_plan(128, true, &adam).expect("a plan"), &[]).expect("an executable");
    assert!(training.dispatches() <= 40, "{} dispatches", training.dispatches());
}

#[test]
fn what_is_not_needed_is_not_run() {
    let graph = Graph::new();
    let x = graph.input("x", [4]).expect("an input");
    let unused = graph.input("unused", [4]).expect("an input");
    unused.exp().sum_all();
    let plan = graph.compile(&[("y", &x.exp())]).expect("a plan");
    assert_eq!((plan.steps.len(), plan.inputs.len()), (1, 1));
}

/// A slab `p` of one entry `v` of two elements, and a moving average that sets it to (3, 5).
fn slab_and_update(graph: &Graph) -> (Tensor, impl Fn() -> Tensor) {
    let layout = ParamLayout::new(&[("v".into(), Shape::new(&[2]))]).expect("a layout");
    let slab = graph.slab("p", &layout).expect("a slab");
    let first = slab.get("v").expect("the entry");
    let graph = graph.clone();
    let update = move || {
        let target = slab.get("v").expect("the entry");
        let value = graph.constant(&[3.0, 5.0], [2]).expect("a constant");
        graph.moving_average(&target, &value, &graph.scalar(1.0)).expect("an update");
        slab.get("v").expect("the entry")
    };
    (first, update)
}

#[test]
fn what_is_built_before_an_update_sees_the_old_value() {
    let before_and_after = |graph: &Graph| {
        let (before, update) = slab_and_update(graph);
        // read before the update, used by a pointwise chain that ends behind it
        let old = before.add_scalar(1.0);
        let new = update();
        old.mul_scalar(10.0).add(&new).expect("a sum")
    };
    expect_on_both(before_and_after, &[13.0, 15.0]);
}

#[test]
fn a_product_is_not_moved_across_an_update_either() {
    let build = |graph: &Graph| {
        let (before, update) = slab_and_update(graph);
        let ones = graph.constant(&[1.0; 4], [2, 2]).expect("a constant");
        let old = before.reshape([1, 2]).expect("a row").matmul(&ones).expect("a product");
        old.add(&update()).expect("a sum")
    };
    expect_on_both(build, &[3.0, 5.0]);
}

#[test]
fn a_product_sees_weights_that_were_changed_between_runs() {
    for backend in [Backend::Cpu, gpu()] {
        let layout = ParamLayout::new(&[("w".into(), Shape::new(&[2, 2]))]).expect("a layout");
        let weights = backend.slab(ParamStore::zeros(layout.clone()).slab()).expect("a slab");
        let multiply = Graph::new();
        let x = multiply.input("x", [2, 2]).expect("an input");
        let w = multiply.slab("p", &layout).expect("a slab").get("w").expect("the entry");
        let y = x.matmul(&w).expect("a product");
        let plan = multiply.compile(&[("y", &y)]).expect("a plan");
        let mut product = backend.compile(plan, &[("p", &weights)]).expect("an executable");
        let x = product.input("x").expect("the input");
        product.write(x, &[1.0, 0.0, 0.0, 1.0]).expect("the input");
        let mut run = |expected: [f32; 4]| {
            product.run().expect("a run");
            assert_eq!(read(&product, "y"), expected, "on {}", backend.name());
        };
        run([0.0; 4]);
        let mut store = ParamStore::zeros(layout.clone());
        store.set("w", &[1.0, 2.0, 3.0, 4.0]).expect("the weights");
        weights.write(store.slab()).expect("the weights");
        run([1.0, 2.0, 3.0, 4.0]);
        // another plan changes them in place
        let update = Graph::new();
        let target = update.slab("p", &layout).expect("a slab").get("w").expect("the entry");
        let value = update.constant(&[5.0; 4], [2, 2]).expect("a constant");
        update.moving_average(&target, &value, &update.scalar(0.5)).expect("an update");
        let plan = update.compile(&[]).expect("a plan");
        backend.compile(plan, &[("p", &weights)]).expect("an executable").run().expect("a run");
        run([3.0, 3.5, 4.0, 4.5]);
    }
}

#[test]
fn one_gradient_may_fill_two_places_of_a_pack() {
    let build = |graph: &Graph| {
        let x = graph.constant(&[1.0, 2.0, 3.0], [3]).expect("a constant").mul_scalar(2.0);
        let shapes: Vec<(String, Shape)> = ["a", "b", "c"].map(|name| (name.to_string(), Shape::new(&[3]))).to_vec();
        let layout = ParamLayout::new(&shapes).expect("a layout");
        let packed = graph.pack(&[Some(x.clone()), None, Some(x)], &layout).expect("a pack");
        let part = |start: usize| packed.slice(0, start, 3).expect("a part");
        graph.concat(&[&part(0), &part(64), &part(128)], 0).expect("the parts")
    };
    expect_on_both(build, &[2.0, 4.0, 6.0, 0.0, 0.0, 0.0, 2.0, 4.0, 6.0]);
}

#[test]
fn weights_used_twice_get_both_gradients() {
    let build = |graph: &Graph| {
        let layout = ParamLayout::new(&[("v".into(), Shape::new(&[2]))]).expect("a layout");
        let slab = graph.slab("p", &layout).expect("a slab");
        let (once, again) = (slab.get("v").expect("the entry"), slab.get("v").expect("the entry"));
        let c = graph.constant(&[7.0, 11.0], [2]).expect("a constant");
        let loss = once.add_scalar(1.0).mul(&c).expect("a product").sum_all().add(&again.sum_all()).expect("a sum");
        graph.grad(&loss, &slab.tensors()).expect("gradients")[0].clone().expect("a gradient")
    };
    expect_on_both(build, &[8.0, 12.0]);
}

#[test]
fn names_and_shapes_that_do_not_fit_are_errors() {
    let graph = Graph::new();
    let x = graph.input("x", [2, 3]).expect("an input");
    for error in [
        graph.input("x", [1]).err(),
        graph.input("empty", [0]).err(),
        graph.constant(&[1.0], [2]).err(),
        x.matmul(&x).err(),
        x.add(&graph.scalar(1.0).broadcast_to([5]).expect("a vector")).err(),
        x.sum(&[2]).err(),
        x.permute(&[0, 0]).err(),
        x.slice(0, 1, 2).err(),
        x.reshape([7]).err(),
        graph.grad(&x, std::slice::from_ref(&x)).err(),
        graph.compile(&[("y", &x), ("y", &x)]).err(),
    ] {
        assert_eq!(error.expect("an error").kind(), "shape");
    }
}

#[test]
fn values_of_another_length_are_refused() {
    for backend in [Backend::Cpu, gpu()] {
        let graph = Graph::new();
        let x = graph.input("x", [3]).expect("an input");
        let mut executable =
            backend.compile(graph.compile(&[("y", &x.exp())]).expect("a plan"), &[]).expect("an executable");
        let input = executable.input("x").expect("the input");
        assert!(executable.write(input, &[0.0; 2]).is_err());
        assert!(executable.input("z").is_err());
        assert!(executable.output("z").is_err());
    }
}

#[test]
fn a_lost_device_is_an_error_and_not_a_panic() {
    let backend = gpu();
    let Backend::Gpu(device) = &backend else { panic!("the GPU backend") };
    let graph = Graph::new();
    let x = graph.input("x", [3]).expect("an input");
    let plan = graph.compile(&[("y", &x.exp())]).expect("a plan");
    let mut executable = backend.compile(plan.clone(), &[]).expect("an executable");
    device.destroy();
    let _ = device.wait();
    assert_eq!(executable.run().err().map(|error| error.kind()), Some("device-lost"));
    assert_eq!(backend.slab(&[0.0]).err().map(|error| error.kind()), Some("device-lost"));
    assert_eq!(backend.compile(plan, &[]).err().map(|error| error.kind()), Some("device-lost"));
}
