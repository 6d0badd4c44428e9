//! The program `inkling` from outside: what it writes, what it says, how it leaves.

mod place;

use std::process::Command;

use inkling::checkpoint::{Checkpoint, Precision};
use inkling::data::npy::Array;
use inkling::models::denoiser::Denoiser;
use inkling::models::denoiser_config::{DenoiserConfig, Network, Prediction};
use inkling::models::family::Family;
use inkling::samplers::path::Path as DiffusionPath;
use place::{Place, TEST_IMAGES, TRAIN_IMAGES, classifier, gzip, images, labels, model, model_of};

/// A weights file of a small denoiser that was never trained.
fn denoiser(conditional: bool) -> Vec<u8> {
    let (network, prediction, path) = match conditional {
        true => {
            let network = Network::Unet { channels: [8, 8], embedding: 8, heads: 2, groups: 4 };
            (network, Prediction::Velocity, DiffusionPath::Straight)
        }
        false => (Network::Mlp { hidden: vec![12] }, Prediction::Eps, DiffusionPath::Linear),
    };
    let config = DenoiserConfig { family: Family::Denoiser, network, prediction, path, conditional, training: None };
    let weights = Denoiser::new(config.clone()).expect("a denoiser").initialize(1).expect("weights");
    let mut checkpoint = Checkpoint::from_store(&weights);
    checkpoint.set_config(&config).expect("a config");
    checkpoint.to_bytes(Precision::Single).expect("bytes")
}

#[test]
fn a_denoiser_is_sampled_by_the_flags_of_its_sampler() {
    let place = Place::new();
    place.write("unet.safetensors", &denoiser(true));
    place.write("mlp.safetensors", &denoiser(false));
    let line = "sample unet.safetensors --backend cpu --sampler heun --steps 2 --spacing log-snr --guidance 1.5";
    place.succeed(&format!("{line} --n 2 --seed 4 --out a.npy"));
    place.succeed(&format!("{line} --n 1 --seed 5 --class 1 --out b.npy"));
    let (both, second) = (place.npy("a.npy"), place.npy("b.npy"));
    assert_eq!((both.shape, second.shape), (vec![2, 28, 28], vec![1, 28, 28]));
    for (one, other) in both.values[784..].iter().zip(&second.values) {
        assert!((one - other).abs() < 1e-4, "a digit is its seed and its class");
    }
    place.succeed("sample mlp.safetensors --steps 3 --n 2 --out c.png --backend cpu");
    place.fail("sample mlp.safetensors --class 3 --steps 3 --n 2 --out c.png", "knows none");
    place.fail("sample unet.safetensors --steps 0 --n 2 --out c.png", "steps is 0");
    place.fail("sample unet.safetensors --sampler runge --n 2 --out c.png", "dpm-solver");
    place.fail("sample model.safetensors --steps 3 --out c.png", "denoise step by step");
    place.fail("encode unet.safetensors a.npy --out z.npy", "holds a denoiser");
    assert!(place.succeed("info unet.safetensors --backend cpu").contains("U-Net"));
}

#[test]
fn a_denoiser_is_measured_by_a_setting_and_by_a_table_that_grows() {
    let place = Place::new();
    place.write("mlp.safetensors", &denoiser(false));
    place.write("features.safetensors", &classifier());
    let line = "eval mlp.safetensors --data mnist --classifier features.safetensors --n 20 --backend cpu";
    assert!(place.succeed(&format!("{line} --sampler ddim --steps 2")).contains("2 evaluations a digit, 20 digits"));
    let row = place.json(&format!("{line} --sampler ddim --steps 2"));
    assert_eq!((&row["sampler"], &row["n"]), (&"ddim".into(), &20.into()));
    let table = format!("{line} --table table.json --settings");
    place.succeed(&format!("{table} ddim:2"));
    let first: serde_json::Value = serde_json::from_slice(&place.read("table.json")).expect("JSON");
    place.succeed(&format!("{table} ddim:2,heun:2"));
    let rows: serde_json::Value = serde_json::from_slice(&place.read("table.json")).expect("JSON");
    assert_eq!(rows[0], first[0], "what is measured stays");
    assert_eq!((&rows[1]["sampler"], &rows[1]["evaluations"]), (&"heun".into(), &4.into()));
    place.fail(&format!("{table} ddim:0"), "steps is 0");
    place.fail(&format!("{table} ddim"), "no setting");
    place.write("table.json", b"{}");
    place.fail(&format!("{table} ddim:2"), "no table of measurements");
}

#[test]
fn samples_are_the_same_for_the_same_seed() {
    let place = Place::new();
    place.succeed("sample model.safetensors --n 5 --seed 3 --out a.npy --backend cpu");
    place.succeed("sample model.safetensors --n 5 --seed 3 --out b.npy --backend cpu");
    place.succeed("sample model.safetensors --n 5 --seed 4 --out c.npy --backend cpu");
    assert_eq!(place.read("a.npy"), place.read("b.npy"));
    assert_ne!(place.read("a.npy"), place.read("c.npy"));
    let samples = place.npy("a.npy");
    assert_eq!(samples.shape, [5, 28, 28]);
    assert!(samples.values.iter().all(|value| (0.0..=1.0).contains(value)));
    place.succeed("sample model.safetensors --n 300 --out grid.png --backend cpu");
    assert!(place.read("grid.png").starts_with(b"\x89PNG"));
}

#[test]
fn codes_and_images_go_round() {
    let place = Place::new();
    place.write("images.npy", &Array::new(vec![2, 784], vec![0.25; 2 * 784]).to_bytes());
    place.succeed("encode model.safetensors images.npy --out mu.npy --logvar-out logvar.npy --backend cpu");
    assert_eq!((place.npy("mu.npy").shape, place.npy("logvar.npy").shape), (vec![2, 3], vec![2, 3]));
    place.succeed("decode model.safetensors mu.npy --out decoded.npy --backend cpu");
    assert_eq!(place.npy("decoded.npy").shape, [2, 28, 28]);
}

#[test]
fn info_and_eval_print_text_and_json() {
    let place = Place::new();
    let line = "info model.safetensors --backend cpu";
    let text = place.succeed(line);
    assert!(text.contains("784-12-3-12-784, silu") && text.contains("dispatches"), "{text}");
    let info = place.json(line);
    assert_eq!(info["parameters"], 784 * 12 + 12 + 2 * (12 * 3 + 3) + 3 * 12 + 12 + 12 * 784 + 784);
    assert!(info["steps"][0]["flops"].as_u64() > Some(0));

    let line = "eval model.safetensors --data mnist --images 2 --samples 10 --backend cpu";
    assert!(place.succeed(line).contains("-IWAE-10"));
    let report = place.json(line);
    let number = |name: &str| report[name].as_f64().unwrap_or_else(|| panic!("{name} in {report}"));
    assert!((number("negative_elbo") - number("reconstruction") - number("kl")).abs() < 1e-9);
    assert!(number("negative_iwae") > 0.0 && report["test_images"] == TEST_IMAGES);
    assert_eq!(report["is_published_mnist"], false);
    assert_eq!(report["units"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_run_that_is_resumed_ends_bit_for_bit_where_one_in_a_piece_does() {
    let place = Place::new();
    let line = "train vae-map --data mnist --backend cpu --out";
    place.succeed(&format!("{line} whole.safetensors --seed 5 --steps 6"));
    place.succeed(&format!("{line} saved.safetensors --seed 5 --steps 6 --save-every 2"));
    assert_eq!(place.read("whole.safetensors"), place.read("saved.safetensors"), "saving on the way changes nothing");

    interrupt(&place, &format!("{line} part.safetensors --seed 5 --steps 6 --save-every 1"));
    let resume = format!("{line} part.safetensors --resume");
    place.fail(&format!("{resume} --seed 6 --steps 6"), "the seed 5, not 6");
    place.fail(&format!("{resume} --seed 5 --steps 7"), "in steps of 6, not 7");
    place.fail(&resume.replace("vae-map", "vae-dense"), "the recipe vae-map");
    place.succeed(&format!("{resume} --seed 5 --steps 6"));
    assert_eq!(place.read("whole.safetensors"), place.read("part.safetensors"));
    assert_eq!(place.read("whole.ckpt"), place.read("part.ckpt"));
}

/// Starts a run and stops it with Ctrl-C as soon as it has saved a state.
fn interrupt(place: &Place, line: &str) {
    let mut child = place.command(line).stderr(std::process::Stdio::null()).spawn().expect("the program");
    while !place.path("part.ckpt").exists() && child.try_wait().expect("its state").is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    if cfg!(unix) {
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    }
    let code = child.wait().expect("its end").code();
    // on a fast machine the run may be over before the signal comes
    assert!(matches!(code, Some(0 | 130)), "{code:?}");
    assert!(place.path("part.safetensors").exists(), "Ctrl-C saves the weights");
}

#[test]
fn wrong_flags_leave_with_code_2_and_the_usage() {
    let place = Place::new();
    place.fail("", "Usage");
    place.fail("paint", "unrecognized subcommand");
    place.fail("sample model.safetensors", "--out");
    place.fail("sample model.safetensors --n 0 --out a.npy", "0 is not in 1..=1000000");
    place.fail("sample model.safetensors --n many --out a.npy", "invalid digit");
    place.fail("train vae-map --out a.safetensors --steps 0", "is not in 1..");
    place.fail("train vae-map --out a.safetensors --backend tpu", "possible values: cpu, gpu, auto");
    place.fail("train nothing --out a.safetensors", "vae-map, vae-textbook");
    assert!(place.succeed("--help").contains("train"));
    assert!(place.succeed("train --help").contains("--resume"));
}

#[test]
fn unwritable_outputs_are_found_before_the_work() {
    let place = Place::new();
    place.fail("sample model.safetensors --out no/such/folder/a.npy", "no folder");
    place.fail("sample model.safetensors --out mnist", "must end in .png or .npy");
    place.fail("sample model.safetensors --out a.gif", ".png or .npy");
    place.fail("encode model.safetensors x.npy --out codes.png", "must end in .npy");
    place.fail("train vae-map --data mnist --out mnist", "is a folder");
    place.fail("train vae-map --data mnist --out run.ckpt", "another ending");
    place.write("file", b"");
    place.fail("train vae-map --data mnist --out file/a.safetensors", "cannot write");
    if cfg!(unix) {
        place.fail("train vae-map --data mnist --out /dev/null", "not an ordinary file");
    }
}

#[test]
fn missing_and_corrupt_data_are_named() {
    let place = Place::new();
    let train = "train vae-map --steps 1 --backend cpu --out a.safetensors --data";
    place.fail(&format!("{train} nowhere"), "https://");
    place.fail("eval model.safetensors --data nowhere", "t10k-images-idx3-ubyte.gz");
    let good = place.read("mnist/train-images-idx3-ubyte.gz");
    place.write("mnist/train-images-idx3-ubyte.gz", &good[..good.len() / 2]);
    place.fail(&format!("{train} mnist"), "incomplete");
    place.write("mnist/train-images-idx3-ubyte.gz", &gzip(&labels(TRAIN_IMAGES)));
    place.fail(&format!("{train} mnist"), "begins with 0x00000803");
    place.write("mnist/train-images-idx3-ubyte.gz", &gzip(&images(TRAIN_IMAGES + 1)));
    place.fail(&format!("{train} mnist"), "do not belong together");
    place.write("mnist/train-images-idx3-ubyte.gz", &gzip(&images(20)));
    place.write("mnist/train-labels-idx1-ubyte.gz", &gzip(&labels(20)));
    place.fail(&format!("{train} mnist"), "fewer than one batch of 128");
    place.fail(&format!("{train} mnist --resume"), "to resume from");
    place.write("a.ckpt", &model());
    place.fail(&format!("{train} mnist --resume"), "no training state");
}

#[test]
fn unusable_weights_are_named() {
    let place = Place::new();
    let sample = |weights: &str| format!("sample {weights} --out a.npy --backend cpu");
    place.fail(&sample("missing.safetensors"), "cannot read missing.safetensors");
    place.fail(&sample("vae-unknown"), "vae-unknown");
    place.write("zip.pt", b"PK\x03\x04 what torch.save writes");
    place.fail(&sample("zip.pt"), "save_file");
    let good = model();
    place.write("cut.safetensors", &good[..good.len() - 100]);
    place.fail(&sample("cut.safetensors"), "incomplete");
    place.write("nan.safetensors", &[&good[..good.len() - 4], &f32::NAN.to_le_bytes()].concat());
    place.fail(&sample("nan.safetensors"), "NaN");
    let mut other = Checkpoint::from_bytes(&good).expect("a file");
    other.tensors.remove("decoder.0.bias");
    place.write("less.safetensors", &other.to_bytes(Precision::Half).expect("bytes"));
    place.fail(&sample("less.safetensors"), "decoder.0.bias [12] is missing");
}

#[test]
fn unusable_arrays_are_named() {
    let place = Place::new();
    place.write("images.npy", &Array::new(vec![2, 14, 14], vec![0.0; 2 * 196]).to_bytes());
    place.fail("encode model.safetensors images.npy --out z.npy", "(2, 14, 14)");
    place.write("images.npy", &Array::new(vec![1, 784], vec![7.0; 784]).to_bytes());
    place.fail("encode model.safetensors images.npy --out z.npy", "holds 7 in image 0");
    place.write("codes.npy", &Array::new(vec![4, 2], vec![0.0; 8]).to_bytes());
    place.fail("decode model.safetensors codes.npy --out a.npy", "N x 3");
    place.write("codes.npy", b"no array");
    place.fail("decode model.safetensors codes.npy --out a.npy", "NUMPY");
}

#[test]
fn publishing_makes_a_model_that_its_id_finds() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("www/models")).expect("a folder");
    place.write("www/models/catalog.json", b"{\"models\": []}");
    place.fail("publish model.safetensors --data mnist --backend cpu", "how it was trained");
    place.succeed("train vae-map --data mnist --steps 2 --backend cpu --out map.safetensors");
    place.succeed("publish map.safetensors --data mnist --images 2 --samples 4 --backend cpu");
    let card = String::from_utf8(place.read("www/models/vae-map.md")).expect("text");
    assert!(card.contains("--steps 2") && card.contains("-IWAE, 4 draws") && card.contains("not MNIST"), "{card}");
    let page: serde_json::Value = serde_json::from_slice(&place.read("www/models/vae-map.page.json")).expect("JSON");
    assert_eq!(page["class_means"].as_array().map(Vec::len), Some(10));
    assert_eq!(place.read("www/models/vae-map.codes.bin").len(), 5 * TEST_IMAGES);
    assert!(place.succeed("info vae-map --backend cpu").contains("784-512-256-2"));
    place.fail("info vae-nothing", "shipped are: vae-map");
    place.write("www/models/vae-map.safetensors", &model());
    place.fail("info vae-map", "SHA-256 differs");
}

/// The catalog's row of a weights file under `www/models`.
fn shipped(place: &Place, id: &str, family: &str, bytes: &[u8]) -> serde_json::Value {
    let file = format!("{id}.safetensors");
    place.write(&format!("www/models/{file}"), bytes);
    let sha256 = inkling::data::mnist::sha256_hex(&[bytes]);
    serde_json::json!({ "id": id, "family": family, "title": id, "file": file, "bytes": bytes.len(), "sha256": sha256,
        "card": format!("{id}.md") })
}

/// Every task of every model that can do it, measured once for the same weights.
#[test]
fn tasks_are_measured_once_for_the_same_weights() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("www/models")).expect("a folder");
    let rows = [
        shipped(&place, "classifier", "classifier", &classifier()),
        shipped(&place, "small-vae", "vae", &model()),
        shipped(&place, "small-unet", "denoiser", &denoiser(true)),
    ];
    place.write("www/models/catalog.json", serde_json::json!({ "models": rows }).to_string().as_bytes());
    place.write("MEASURES.md", b"# Measures\n");
    place.fail("eval tasks --data mnist --model nobody", "no model nobody");
    place.fail("eval classifier --data mnist --only style", "inkling eval tasks");

    let read = |name: &str| -> serde_json::Value { serde_json::from_slice(&place.read(name)).expect("JSON") };
    let command = "eval tasks --data mnist --backend cpu --n 20";
    place.succeed(&format!("{command} --only anomaly --model small-vae"));
    let first = read("www/models/tasks.json");
    let ids = |task: &serde_json::Value| -> Vec<String> {
        let rows = task.as_array().expect("rows").iter();
        rows.map(|row| row["id"].as_str().expect("an id").to_string()).collect()
    };
    assert_eq!(ids(&first["anomaly"]), ["small-vae", "small-vae"], "the bound and the reconstruction");
    assert_eq!(first["anomaly"][0]["quantiles"].as_array().map(Vec::len), Some(101));
    assert_eq!(first["anomaly"][0]["kinds"][0]["roc"].as_array().map(Vec::len), Some(33));

    place.succeed(command);
    let all = read("www/models/tasks.json");
    assert_eq!(ids(&all["anomaly"]), ["classifier", "small-vae", "small-vae"]);
    assert_eq!(all["anomaly"][1], first["anomaly"][0], "what is there is kept, with the seconds that it took");
    assert_eq!(ids(&all["complete"]), ["truth", "none", "small-vae", "small-unet"]);
    assert_eq!(ids(&all["style"]), ["real", "small-vae", "small-unet"]);
    let learned = ids(&all["augment"]);
    assert_eq!(learned[5..], ["small-vae", "small-vae", "small-unet", "small-unet"], "and real digits in five numbers");
    let text = String::from_utf8(place.read("MEASURES.md")).expect("text");
    assert!(text.starts_with("# Measures\n\n## Tasks\n") && text.contains("| small-vae | elbo | 20 |"), "{text}");

    // other weights: the rows of the old ones are gone, and those of the others stay
    let rows = [rows[0].clone(), shipped(&place, "small-vae", "vae", &model_of(4)), rows[2].clone()];
    place.write("www/models/catalog.json", serde_json::json!({ "models": rows }).to_string().as_bytes());
    place.succeed(&format!("{command} --only complete"));
    let newer = read("www/models/tasks.json");
    assert_eq!(ids(&newer["anomaly"]), ["classifier"]);
    assert_eq!(newer["complete"][3], all["complete"][3]);
    assert_ne!(newer["complete"][2]["sha256"], all["complete"][2]["sha256"]);
}

/// Fitted in whole passes, measured, shipped, and then in the tables of all models.
#[test]
fn classical_models_are_fitted_measured_and_shipped() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("www/models")).expect("a folder");
    place.write("www/models/catalog.json", br#"{"models": []}"#);
    place.write("classifier.safetensors", &classifier());
    place.succeed("train naive-bayes --data mnist --backend cpu --out naive-bayes.safetensors");
    place.fail("train naive-bayes --data mnist --steps 3 --out x.safetensors", "do not apply");
    place.fail("publish naive-bayes.safetensors", "inkling eval");

    let eval = "--data mnist --backend cpu --n 20 --classifier classifier.safetensors";
    let figures = place.json(&format!("eval naive-bayes.safetensors {eval}"));
    let accuracy = figures["extra"]["test accuracy, %"].as_f64().expect("a number");
    assert!((0.0..=100.0).contains(&accuracy), "{figures}");
    assert_eq!(figures["likelihood"]["kind"], "exact");
    assert_eq!(figures["samples"]["n"], 20);
    place.succeed("publish naive-bayes.safetensors");
    let shipped: serde_json::Value =
        serde_json::from_slice(&place.read("www/models/naive-bayes.measures.json")).expect("JSON");
    assert_eq!(shipped, figures, "what was measured is what is shipped");
    assert!(String::from_utf8_lossy(&place.read("www/models/naive-bayes.md")).contains("Laplace"));

    // nothing is missing, so that nothing is measured anew
    place.succeed(&format!("eval all {eval}"));
    let all: serde_json::Value = serde_json::from_slice(&place.read("www/models/measures.json")).expect("JSON");
    assert_eq!(all, serde_json::json!([figures]));
    let tables = String::from_utf8(place.read("MEASURES.md")).expect("text");
    assert!(tables.contains("\n20 digits of each model") && tables.contains("\n| naive-bayes | 0 | "), "{tables}");
    std::fs::remove_file(place.path("www/models/naive-bayes.measures.json")).expect("a file");
    place.succeed(&format!("eval all {eval}"));
    assert!(place.path("www/models/naive-bayes.measures.json").is_file(), "what is missing is measured");

    place.succeed("sample naive-bayes --n 3 --backend cpu --out drawn.npy");
    assert_eq!(place.npy("drawn.npy").shape, [3, 28, 28]);
}
