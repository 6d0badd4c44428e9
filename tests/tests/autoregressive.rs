//! The autoregressive networks: PyTorch's values and gradients (tests/golden/make_autoregressive.py), no look ahead,
//! probabilities that add up to 1, and pictures written place by place as the whole picture is read.

use inkling::backend::{Backend, DeviceSlab, Executable};
use inkling::checkpoint::Checkpoint;
use inkling::graph::Graph;
use inkling::models::autoregressive::{Architecture, Autoregressive, AutoregressiveConfig};
use inkling::models::family::Family;
use inkling::models::network::Network;
use inkling::models::plans::PARAMS;
use inkling::ops::key_values;
use inkling_tests::{gpu, read, relative_error};

const SIDE: usize = 8;
const PIXELS: usize = SIDE * SIDE;

/// The networks of the golden file.
const NETWORKS: [(&str, Architecture); 3] = [
    ("pixel_cnn", Architecture::PixelCnn { channels: 6, blocks: 2 }),
    ("row_lstm", Architecture::RowLstm { units: 5, layers: 2 }),
    ("transformer", Architecture::Transformer { width: 8, layers: 2, heads: 2 }),
];

fn model(side: usize, network: Architecture) -> Autoregressive {
    let window = [2, 3];
    let config = AutoregressiveConfig { family: Family::Autoregressive, side, window, network, training: None };
    Autoregressive::new(config).expect("a network")
}

fn networks() -> [(&'static str, Autoregressive); 3] {
    NETWORKS.map(|(name, network)| (name, model(SIDE, network)))
}

fn golden() -> Checkpoint {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/autoregressive-golden.safetensors");
    Checkpoint::from_bytes(&std::fs::read(path).expect("the golden file")).expect("a safetensors file")
}

fn check(name: &str, found: &[f32], expected: &[f32], tolerance: f64) {
    let expected: Vec<f64> = expected.iter().map(|value| f64::from(*value)).collect();
    let error = relative_error(found.iter().map(|value| f64::from(*value)), &expected);
    assert!(error < tolerance, "{name} is off by {error:.1e}");
}

/// First weights.
fn weights(backend: &Backend, model: &Autoregressive) -> DeviceSlab {
    let store = model.declarations().initialize(7).expect("weights");
    backend.slab(store.slab()).expect("a slab")
}

fn compile(backend: &Backend, model: &Autoregressive, job: &str, batch: usize) -> Executable {
    let plan = model.plan(job, batch).expect("a plan");
    backend.compile(plan, &[(PARAMS, &weights(backend, model))]).expect("an executable")
}

fn set(executable: &mut Executable, name: &str, values: &[f32]) {
    executable.write(executable.input(name).expect("the input"), values).expect("its values");
}

/// Pictures of pixels that are ink with probability one half.
fn pictures(count: usize, pixels: usize) -> Vec<f32> {
    let mut stream = inkling::rng::Philox::new(11, 12);
    (0..count * pixels).map(|_| f32::from(u8::from(stream.uniform() < 0.5))).collect()
}

#[test]
fn logits_likelihoods_and_gradients_are_pytorchs() {
    let golden = golden();
    let get = |name: String| &golden.tensors.get(&name).unwrap_or_else(|| panic!("{name} in the golden file")).values;
    for backend in [Backend::Cpu, gpu()] {
        for (name, model) in networks() {
            let mut store = model.declarations().initialize(0).expect("weights");
            for entry in model.layout().entries() {
                store.set(&entry.name, get(format!("{name}.weight.{}", entry.name))).expect("a weight");
            }
            let slab = backend.slab(store.slab()).expect("a slab");

            let graph = Graph::new();
            let params = graph.slab(PARAMS, model.layout()).expect("a slab");
            let x = graph.input("x", [2, PIXELS]).expect("an input");
            let logits = model.logits(&x, &params).expect("the logits");
            let plan = graph.compile(&[("logits", &logits)]).expect("a plan");
            let mut executable = backend.compile(plan, &[(PARAMS, &slab)]).expect("an executable");
            set(&mut executable, "x", get("x".into()));
            executable.run().expect("a run");
            // the reference has channels first; only the transformer has more than one
            check(&format!("{name}.logits"), &read(&executable, "logits"), get(format!("{name}.logits")), 2e-5);

            let plan = model.plan("predict", 2).expect("a plan");
            let mut executable = backend.compile(plan, &[(PARAMS, &slab)]).expect("an executable");
            set(&mut executable, "x", get("x".into()));
            executable.run().expect("a run");
            let nats: Vec<f32> = read(&executable, "log_likelihood").iter().map(|value| -value).collect();
            check(&format!("{name}.nats"), &nats, get(format!("{name}.nats")), 2e-5);

            let graph = Graph::new();
            let params = graph.slab(PARAMS, model.layout()).expect("a slab");
            let x = graph.input("x", [2, PIXELS]).expect("an input");
            let loss = model.loss(&x, &params).expect("the loss");
            let gradients = graph.grad(&loss, &params.tensors()).expect("gradients");
            let gradients: Vec<_> =
                model.layout().entries().iter().map(|entry| entry.name.as_str()).zip(gradients).collect();
            let outputs: Vec<_> =
                gradients.iter().map(|(name, tensor)| (*name, tensor.as_ref().expect("a gradient"))).collect();
            let plan = graph.compile(&outputs).expect("a plan");
            let mut executable = backend.compile(plan, &[(PARAMS, &slab)]).expect("an executable");
            set(&mut executable, "x", get("x".into()));
            executable.run().expect("a run");
            for entry in model.layout().entries() {
                let expected = get(format!("{name}.gradient.{}", entry.name));
                check(&format!("{name}, gradient of {}", entry.name), &read(&executable, &entry.name), expected, 5e-5);
            }
        }
    }
}

/// A pixel's probability stays what it is, whatever it and those after it are.
#[test]
fn nothing_depends_on_a_pixel_at_or_after_its_own_place() {
    for (name, model) in networks() {
        let mut executable = compile(&Backend::Cpu, &model, "predict", PIXELS);
        // in the transformer's order a pixel of a patch comes before those of the patches behind
        let order: Vec<usize> = (0..PIXELS)
            .map(|pixel| match name {
                "transformer" => {
                    let (y, x) = (pixel / SIDE, pixel % SIDE);
                    (y / 2 * (SIDE / 2) + x / 2) * 4 + y % 2 * 2 + x % 2
                }
                _ => pixel,
            })
            .collect();
        let picture = pictures(1, PIXELS);
        let mut probabilities = |pictures: &[f32]| {
            set(&mut executable, "x", pictures);
            executable.run().expect("a run");
            read(&executable, "probabilities")
        };
        let unchanged = probabilities(&picture.repeat(PIXELS));
        // picture i has pixel i turned over
        let mut changed = picture.repeat(PIXELS);
        for pixel in 0..PIXELS {
            changed[pixel * PIXELS + pixel] = 1.0 - picture[pixel];
        }
        let found = probabilities(&changed);
        for turned in 0..PIXELS {
            let row = turned * PIXELS..(turned + 1) * PIXELS;
            let differs: Vec<usize> =
                (0..PIXELS).filter(|&pixel| found[row.clone()][pixel] != unchanged[row.clone()][pixel]).collect();
            let early: Vec<&usize> = differs.iter().filter(|&&pixel| order[pixel] <= order[turned]).collect();
            assert!(early.is_empty(), "{name}: pixels {early:?} depend on {turned}");
            assert!(!differs.is_empty() || order[turned] + 1 == PIXELS, "{name}: nothing depends on {turned}");
        }
    }
}

#[test]
fn the_probabilities_of_all_small_pictures_add_up_to_one() {
    for ((name, network), side) in NETWORKS.into_iter().zip([3, 3, 4]) {
        let model = model(side, network);
        let (pixels, batch) = (side * side, 512);
        let mut executable = compile(&Backend::Cpu, &model, "predict", batch);
        let mut sum = 0.0;
        for first in (0..1usize << pixels).step_by(batch) {
            let ink = |index: usize| f32::from(u8::from((first + index / pixels) >> (index % pixels) & 1 == 1));
            set(&mut executable, "x", &(0..batch * pixels).map(ink).collect::<Vec<_>>());
            executable.run().expect("a run");
            sum += read(&executable, "log_likelihood").iter().map(|nats| f64::from(*nats).exp()).sum::<f64>();
        }
        assert!((sum - 1.0).abs() < 1e-5, "{name}: {sum}");
    }
}

/// What a run finds for the next place is what reading the whole picture finds for it.
#[test]
fn writing_place_by_place_is_reading_the_whole_picture() {
    let batch = 3;
    for backend in [Backend::Cpu, gpu()] {
        for (name, model) in networks() {
            let mut write = compile(&backend, &model, "write", batch);
            let mut predict = compile(&backend, &model, "predict", batch);
            set(&mut write, "temperature", &[1.0]);
            let given = pictures(batch, PIXELS);
            set(&mut write, "given", &given);
            // a second picture begins afresh, whatever the first one left
            for keep in [0.0, model.places() as f32 / 2.0] {
                set(&mut write, "keep", &[keep]);
                let mut first_pixels = vec![];
                for place in 0..model.places() {
                    set(&mut write, "key", &key_values(5, place as u32));
                    set(&mut write, "step", &[place as f32]);
                    write.run().expect("a run");
                    let distribution = read(&write, "distribution");
                    for of_one in distribution.chunks(distribution.len() / batch) {
                        assert!((of_one.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{name}: {of_one:?}");
                        // the probability of ink of the place's first pixel
                        first_pixels.push(of_one[of_one.len() / 2..].iter().sum::<f32>());
                    }
                }
                let pixels = read(&write, "pixels");
                set(&mut predict, "x", &pixels);
                predict.run().expect("a run");
                let probabilities = read(&predict, "probabilities");
                if name != "transformer" {
                    check(name, &read(&write, "probabilities"), &probabilities, 1e-5);
                }
                let (cell, row) = if name == "transformer" { (2, SIDE / 2) } else { (1, SIDE) };
                for place in 0..model.places() {
                    let pixel = place / row * cell * SIDE + place % row * cell;
                    for image in 0..batch {
                        let (found, expected) =
                            (first_pixels[place * batch + image], probabilities[image * PIXELS + pixel]);
                        assert!((found - expected).abs() < 1e-5, "{name}, place {place}: {found} against {expected}");
                    }
                }
                let kept = |pixel: usize| (pixel / SIDE / cell * row + pixel % SIDE / cell) < keep as usize;
                for (index, (found, given)) in pixels.iter().zip(&given).enumerate() {
                    assert!(*found == 0.0 || *found == 1.0);
                    assert!(!kept(index % PIXELS) || found == given, "{name}: pixel {index} was given");
                }
                assert_ne!(pixels[..PIXELS], pixels[PIXELS..2 * PIXELS], "{name}: digits of one batch differ");
            }
        }
    }
}

/// As cold as it gets, only the most probable outcome is drawn.
#[test]
fn cold_pictures_hold_no_chance() {
    for (name, model) in networks() {
        let mut write = compile(&Backend::Cpu, &model, "write", 2);
        set(&mut write, "temperature", &[0.0]);
        for place in 0..model.places() {
            set(&mut write, "key", &key_values(9, place as u32));
            set(&mut write, "step", &[place as f32]);
            write.run().expect("a run");
        }
        let pixels = read(&write, "pixels");
        assert_eq!(pixels[..PIXELS], pixels[PIXELS..], "{name}");
    }
}
