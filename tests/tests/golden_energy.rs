//! Energy-based models against an independent implementation in PyTorch and f64 (tests/golden/make_energy.py), on every
//! backend; the RBM's log Z and the gradient of its likelihood against a sum over all its states.

use inkling::backend::{Backend, Executable};
use inkling::checkpoint::Checkpoint;
use inkling::data::PIXELS;
use inkling::graph::{Graph, Plan, Tensor};
use inkling::models::chain::{FROM_GIVEN, FROM_NOISE, GO_ON};
use inkling::models::energy::{EnergyModel, StepSize};
use inkling::models::network::{Network, Runner};
use inkling::models::plans::PARAMS;
use inkling::models::rbm::{Rbm, centred};
use inkling::ops::key_values;
use inkling_tests::{golden_file as file, gpu, read, relative_error};

const IMAGES: usize = 3;
/// The largest difference of f32 from f64, relative to the largest value of a tensor.
const TOLERANCE: f64 = 1e-5;
/// The same where probabilities of states are made of differences of energies, which are hundreds of nats.
const LIKELIHOOD_TOLERANCE: f64 = 1e-4;

fn backends() -> [Backend; 2] {
    [Backend::Cpu, gpu()]
}

struct Golden(Checkpoint);

impl Golden {
    fn load() -> Golden {
        Golden(file("energy-golden.safetensors"))
    }

    fn get(&self, name: &str) -> &[f32] {
        &self.0.tensors.get(name).unwrap_or_else(|| panic!("{name} in the golden file")).values
    }

    fn check(&self, name: &str, found: &[f32]) {
        self.compare(name, found, TOLERANCE);
    }

    fn compare(&self, name: &str, found: &[f32], tolerance: f64) {
        let expected: Vec<f64> = self.get(name).iter().map(|value| f64::from(*value)).collect();
        assert_eq!(found.len(), expected.len(), "{name}");
        let error = relative_error(found.iter().map(|value| f64::from(*value)), &expected);
        assert!(error < tolerance, "{name} is off by {error:.1e}");
    }
}

fn write(executable: &mut Executable, inputs: &[(&str, &[f32])]) {
    for (name, values) in inputs {
        let input = executable.input(name).expect("an input");
        executable.write(input, values).expect("its values");
    }
}

fn run(executable: &mut Executable, inputs: &[(&str, &[f32])]) {
    write(executable, inputs);
    executable.run().expect("a run");
}

#[test]
fn the_rbm_s_energies_and_probabilities_are_the_reference_s() {
    let (golden, weights) = (Golden::load(), file("energy-rbm.safetensors"));
    for backend in backends() {
        let runner = Runner::new(&backend, &weights).expect("an RBM");
        for (job, output, name) in [("free_energy", "energy", "rbm.energy"), ("hidden", "hidden", "rbm.hidden")] {
            let executable = runner.job(job, IMAGES).expect("a job");
            run(&mut executable.borrow_mut(), &[("x", golden.get("rbm.x"))]);
            golden.check(name, &read(&executable.borrow(), output));
        }
    }
}

/// The reference's log Z in a graph: a sum over all states of the hidden units.
fn log_z(rbm: &Rbm, graph: &Graph, params: &inkling::graph::Slab) -> Tensor {
    let units = rbm.config().hidden;
    let states: Vec<f32> = (0..1usize << units)
        .flat_map(|state| (0..units).map(move |unit| (state >> (units - 1 - unit) & 1) as f32))
        .collect();
    let h = graph.constant(&states, [1 << units, units]).expect("a constant");
    let visible = rbm.visible_logits(&h, params).and_then(|logits| logits.softplus().sum(&[1])).expect("a sum");
    let hidden = h.mul(&params.get("hidden_bias").expect("a bias")).and_then(|terms| terms.sum(&[1])).expect("a sum");
    visible.add(&hidden).and_then(|terms| terms.logsumexp_keep(&[0])).and_then(|sum| sum.reshape([1])).expect("a sum")
}

/// Means of the visible units given `h`, log Z, the gradient of -log p(x) and its centred form.
fn likelihood_plan(rbm: &Rbm) -> Plan {
    let graph = Graph::new();
    let params = graph.slab(PARAMS, rbm.layout()).expect("a slab");
    let units = rbm.config().hidden;
    let input = |name: &str, shape: &[usize]| graph.input(name, shape).expect("an input");
    let (x, h) = (input("x", &[IMAGES, PIXELS]), input("h", &[IMAGES, units]));
    let (mu, lambda) = (input("mu", &[PIXELS]), input("lambda", &[units]));
    let visible = rbm.visible_logits(&h, &params).expect("logits").sigmoid();
    let logits = rbm.hidden_logits(&x, &params).expect("logits");
    let energy = rbm.free_energy(&x, &logits, &params).expect("energies").mean_all();
    let log_z = log_z(rbm, &graph, &params);
    let loss = energy.add(&log_z).expect("two numbers");
    let gradients = graph.grad(&loss, &params.tensors()).expect("gradients");
    let [weight, of_visible, of_hidden] = [0, 1, 2].map(|index| gradients[index].clone().expect("a gradient"));
    let moves = centred([&weight, &of_visible, &of_hidden], [&mu, &lambda]).expect("the centred form");
    let outputs = [
        ("visible", &visible),
        ("log_z", &log_z),
        ("gradient.weight", &weight),
        ("gradient.visible_bias", &of_visible),
        ("gradient.hidden_bias", &of_hidden),
        ("centred.weight", &moves[0]),
        ("centred.visible_bias", &moves[1]),
        ("centred.hidden_bias", &moves[2]),
    ];
    graph.compile(&outputs).expect("a plan")
}

#[test]
fn the_rbm_s_likelihood_and_its_centred_gradient_are_those_of_all_states() {
    let (golden, weights) = (Golden::load(), file("energy-rbm.safetensors"));
    let rbm = Rbm::new(weights.config().expect("a config").expect("an RBM's")).expect("an RBM");
    let store = weights.to_store(rbm.layout()).expect("weights that fit");
    for backend in backends() {
        let params = backend.slab(store.slab()).expect("a slab");
        let mut executable = backend.compile(likelihood_plan(&rbm), &[(PARAMS, &params)]).expect("an executable");
        let inputs = ["x", "h", "mu", "lambda"].map(|name| (name, golden.get(&format!("rbm.{name}"))));
        run(&mut executable, &inputs);
        for port in executable.plan().outputs.iter().map(|port| port.name.clone()).collect::<Vec<_>>() {
            golden.compare(&format!("rbm.{port}"), &read(&executable, &port), LIKELIHOOD_TOLERANCE);
        }
    }
}

#[test]
fn the_convolutional_energy_its_gradient_and_a_step_are_the_reference_s() {
    let (golden, weights) = (Golden::load(), file("energy-conv.safetensors"));
    let model = EnergyModel::new(weights.config().expect("a config").expect("a model's")).expect("a model");
    let store = weights.to_store(model.layout()).expect("weights that fit");
    let grey: Vec<f32> = golden.get("conv.x").iter().map(|value| 0.5 * (value + 1.0)).collect();
    for backend in backends() {
        let params = backend.slab(store.slab()).expect("a slab");
        let plan = model.plan("energy", IMAGES).expect("a plan");
        let mut energy = backend.compile(plan, &[(PARAMS, &params)]).expect("an executable");
        run(&mut energy, &[("x", &grey), ("label", golden.get("conv.labels"))]);
        for name in ["energy", "gradient", "logits"] {
            golden.check(&format!("conv.{name}"), &read(&energy, name));
        }
        let mut step = backend.compile(step_plan(&model), &[(PARAMS, &params)]).expect("an executable");
        let inputs = ["x", "labels", "eps"].map(|name| (name, golden.get(&format!("conv.{name}"))));
        run(&mut step, &inputs);
        golden.check("conv.step", &read(&step, "step"));
    }
}

fn step_plan(model: &EnergyModel) -> Plan {
    let graph = Graph::new();
    let params = graph.slab(PARAMS, model.layout()).expect("a slab");
    let input = |name: &str, shape: &[usize]| graph.input(name, shape).expect("an input");
    let (x, eps) = (input("x", &[IMAGES, PIXELS]), input("eps", &[IMAGES, PIXELS]));
    let (step_size, noise) = (graph.scalar(model.config().step_size), graph.scalar(model.config().noise));
    let size = StepSize { step_size: &step_size, noise: &noise };
    let step = model.langevin_step(&x, &input("labels", &[IMAGES]), &eps, &size, &params).expect("a step").0;
    graph.compile(&[("step", &step)]).expect("a plan")
}

/// Chains of a golden model: `job`, its extra inputs, and whether a picture's held pixels come back unchanged.
fn chains(backend: &Backend, name: &str, job: &str, extra: &[(&str, &[f32])]) {
    let runner = Runner::new(backend, &file(name)).expect("a model");
    let chains = runner.job(job, IMAGES).expect("a job");
    let mut chains = chains.borrow_mut();
    let picture: Vec<f32> = (0..IMAGES * PIXELS).map(|index| (index % 5) as f32 / 4.0).collect();
    let held: Vec<f32> = (0..IMAGES * PIXELS).map(|index| f32::from(u8::from(index % PIXELS < 392))).collect();
    let free = vec![0.0; IMAGES * PIXELS];
    let mut go = |begin: f32, mask: &[f32], step: u32| -> Vec<f32> {
        write(&mut chains, extra);
        let key = key_values(7, step);
        run(&mut chains, &[("begin", &[begin; IMAGES]), ("mask", mask), ("given", &picture), ("key", &key)]);
        read(&chains, "pixels")
    };
    let begun = go(FROM_NOISE, &free, 0);
    assert!(begun.iter().all(|value| (0.0..=1.0).contains(value)), "{name}");
    let next = go(GO_ON, &free, 1);
    assert_ne!(begun, next, "{name}: a chain moves");
    assert_eq!(begun, go(FROM_NOISE, &free, 0), "{name}: a key decides a beginning, whatever was before");
    assert_eq!(next, go(GO_ON, &free, 1), "{name}: and what comes after it");
    let repaired = go(FROM_GIVEN, &held, 2);
    for ((found, given), held) in repaired.iter().zip(&picture).zip(&held) {
        assert!(*held == 0.0 || (found - given).abs() < 1e-6, "{name}: what is held stays");
    }
    assert_ne!(go(GO_ON, &held, 3), repaired, "{name}: the rest moves");
}

#[test]
fn chains_begin_where_they_are_told_to_and_keep_what_is_held() {
    for backend in backends() {
        chains(&backend, "energy-rbm.safetensors", "gibbs", &[("temperature", &[1.0])]);
        let labels = [3.0, 10.0, 0.0];
        let extra: [(&str, &[f32]); 3] = [("label", &labels), ("step_size", &[2.0]), ("noise", &[0.05])];
        chains(&backend, "energy-conv.safetensors", "langevin", &extra);
    }
}

#[test]
fn files_and_jobs_that_do_not_fit_are_named() {
    for (name, key, value) in [
        ("energy-rbm.safetensors", "hidden", serde_json::json!(0)),
        ("energy-rbm.safetensors", "hidden", serde_json::json!(1_000_000_000)),
        ("energy-conv.safetensors", "channels", serde_json::json!([3, 0, 5])),
        ("energy-conv.safetensors", "step_size", serde_json::json!(-1.0)),
        ("energy-conv.safetensors", "hidden", serde_json::json!(7)),
    ] {
        let mut weights = file(name);
        let mut config: serde_json::Value = weights.config().expect("JSON").expect("a config");
        config[key] = value;
        weights.set_config(&config).expect("a config");
        let error = Runner::new(&Backend::Cpu, &weights).err().unwrap_or_else(|| panic!("{name} with another {key}"));
        assert_eq!(error.kind(), "checkpoint", "{error}");
    }
    let runner = Runner::new(&Backend::Cpu, &file("energy-rbm.safetensors")).expect("an RBM");
    assert!(runner.job("langevin", 1).err().expect("no such job").to_string().contains("gibbs"));
    assert!(runner.job("gibbs", 0).is_err());
}
