//! Every recipe trains, and every model that is shipped is described, sampled and, where that is quick, measured from the
//! command line.

mod place;

use inkling::catalog::Catalog;
use place::{Place, classifier};

/// Digits that are measured.
const DIGITS: usize = 20;

fn models() -> String {
    format!("{}/../www/models", env!("CARGO_MANIFEST_DIR"))
}

/// Ids and families of the models that are shipped.
fn shipped() -> Vec<(String, String)> {
    let bytes = std::fs::read(format!("{}/catalog.json", models())).expect("the catalog");
    let models = Catalog::parse(&bytes).expect("a catalog").models;
    models.into_iter().map(|entry| (entry.id, entry.family)).collect()
}

#[test]
fn every_recipe_trains() {
    let place = Place::new();
    for (id, family) in shipped() {
        let classical = ["mixture", "gaussian_mixture", "naive_bayes", "markov_field"].contains(&family.as_str());
        // of fifty ways to write a digit there are fewer images here
        if id == "mixture" {
            place.fail(&format!("train {id} --data mnist --backend cpu --out x.safetensors"), "too few");
            continue;
        }
        let steps = if classical { "" } else { "--steps 1" };
        let data = if id == "few-step" { "pairs" } else { "mnist" };
        if data == "pairs" {
            let source = format!("{}/diffusion.safetensors", models());
            place.succeed(&format!("pairs {source} --n 128 --sampler euler --steps 1 --backend cpu --out pairs"));
        }
        place.succeed(&format!("train {id} --data {data} {steps} --backend cpu --out {id}.safetensors"));
        assert!(place.succeed(&format!("info {id}.safetensors --backend cpu")).contains(&format!("the recipe {id}")));
    }
    let other =
        "train dcgan --data mnist --steps 1 --backend cpu --loss hinge --regulariser spectral-norm --out o.safetensors";
    place.succeed(other);
    assert!(place.succeed("info o.safetensors --backend cpu").contains("the recipe dcgan-hinge-spectral-norm"));
    place.fail("train flow --data mnist --steps 1 --loss hinge --out x.safetensors", "flow is none");
}

#[test]
fn every_model_is_sampled_in_its_ways() {
    let place = Place::new();
    for (id, family) in shipped() {
        let flags = match family.as_str() {
            "denoiser" => "--steps 2 --sampler ddim",
            "autoregressive" | "flow" => "--temperature 0.8",
            "rbm" | "energy" | "markov_field" => "--chain-steps 8 --temperature 1.5",
            "mixture" | "naive_bayes" => "--class 3",
            _ => "",
        };
        let line = format!("sample {}/{id}.safetensors --n 2 --seed 5 --backend cpu {flags} --out {id}.npy", models());
        if family == "classifier" {
            place.fail(&line, "draws nothing");
            continue;
        }
        place.succeed(&line);
        let drawn = place.npy(&format!("{id}.npy"));
        assert_eq!(drawn.shape, [2, 28, 28], "{id}");
        assert!(drawn.values.iter().all(|value| (0.0..=1.0).contains(value)), "{id}");
        // naive Bayes knows one picture of a digit
        let different = drawn.values[..784] != drawn.values[784..];
        assert_eq!(different, family != "naive_bayes", "{id}");
    }
    let vae = format!("sample {}/vae-dense.safetensors --n 1 --temperature 0.5 --out x.npy", models());
    place.fail(&vae, "--temperature for those");
    place.fail(&vae.replace("--temperature 0.5", "--class 3"), "are told which digit");
    place.fail(&vae.replace("--temperature 0.5", "--steps 3"), "denoise step by step");
    let gaussians = format!("sample {}/gaussian-mixture.safetensors --n 1 --class 3 --out x.npy", models());
    place.fail(&gaussians, "is not told which digit");
    // what a field cleans has fewer pixels of the other colour alone among paper or ink
    place
        .succeed(&format!("sample {}/naive-bayes.safetensors --n 2 --class 0 --backend cpu --out given.npy", models()));
    let field = format!("sample {}/markov-field.safetensors --backend cpu --temperature 0", models());
    place.succeed(&format!("{field} --n 2 --from given.npy --out clean.npy"));
    let (given, clean) = (place.npy("given.npy"), place.npy("clean.npy"));
    let ink = |value: &f32| *value > 0.5;
    let same = given.values.iter().zip(&clean.values).filter(|(a, b)| ink(a) == ink(b)).count();
    assert!(same > 9 * given.values.len() / 10, "{same} pixels stay");
    assert!(clean.values.iter().all(|value| [0.0, 1.0].contains(value)));
    place.fail(&format!("{field} --n 3 --from given.npy --out x.npy"), "fewer than the 3 chains");
}

#[test]
fn models_are_measured_by_the_command_that_their_figures_tell() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("www/models")).expect("a folder");
    place.write("www/models/classifier.safetensors", &classifier());
    let (mut rows, mut ids) = (Vec::new(), Vec::new());
    let bytes = std::fs::read(format!("{}/catalog.json", models())).expect("the catalog");
    for entry in Catalog::parse(&bytes).expect("a catalog").models {
        // the others draw or anneal for minutes
        if ["vae-textbook", "ddpm-x0", "wgan", "flow", "gaussian-mixture", "naive-bayes"].contains(&entry.id.as_str()) {
            let weights = std::fs::read(format!("{}/{}", models(), entry.file)).expect("weights");
            place.write(&format!("www/models/{}", entry.file), &weights);
            ids.push(entry.id.clone());
            rows.push(serde_json::to_value(&entry).expect("JSON"));
        }
    }
    place.write("www/models/catalog.json", serde_json::json!({ "models": rows }).to_string().as_bytes());
    let more = "--backend cpu --classifier www/models/classifier.safetensors --images 4 --samples 5";
    place.succeed(&format!("eval all --data mnist --n {DIGITS} --seed 3 {more}"));
    let read = |name: &str| -> serde_json::Value { serde_json::from_slice(&place.read(name)).expect("JSON") };
    for id in ids {
        let name = format!("www/models/{id}.measures.json");
        let mut first = read(&name);
        let command = first["command"].as_str().expect("a command").to_string();
        assert!(command.contains(&format!("--model {id} ")), "{command}");
        assert!(first["samples"]["errors"]["recall"].is_number() && first["cost"]["memory"].is_number(), "{first}");
        let command = command.strip_prefix("inkling ").expect("the program").replace("data/mnist", "mnist");
        place.succeed(&format!("{command} {more}"));
        let mut again = read(&name);
        // the clock is never the same
        for figures in [&mut first, &mut again] {
            figures["cost"]["sample_ms"].take();
        }
        assert_eq!(first, again, "{id}");
    }
    assert!(String::from_utf8(place.read("MEASURES.md")).expect("text").contains("\n| flow | 3 | "));
    place.fail(&format!("eval all --data mnist --model nobody {more}"), "there is no model nobody");
    place.succeed(&format!("eval all --data mnist --n {DIGITS} --seed 3 --times {more}"));
    place.fail(&format!("eval tasks --data mnist --times {more}"), "--times is for `inkling eval all`");
}

/// Digits of each model that [`every_model_draws_as_well_as_its_figures_say`] draws: of those that take long for one, fewer.
const DRAWN: [usize; 2] = [200, 100];
/// Milliseconds for one digit from which that is long.
const LONG: f64 = 5.0;
/// Standard errors that few digits may be off by.
const ERRORS: f64 = 4.0;

#[test]
fn every_model_draws_as_well_as_its_figures_say() {
    let place = Place::new();
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    for (id, _) in shipped() {
        let text = std::fs::read(format!("{}/{id}.measures.json", models())).expect("its figures");
        let measures: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let samples = &measures["samples"];
        if samples.is_null() {
            continue;
        }
        let n = DRAWN[usize::from(number(&measures["cost"]["sample_ms"]) > LONG)];
        // that of a denoiser: `8 steps of midpoint`
        let setting = samples["setting"].as_str().expect("a setting");
        let flags = match setting.split_once(" steps of ") {
            Some((steps, sampler)) => format!("--steps {steps} --sampler {sampler}"),
            None => String::new(),
        };
        place.succeed(&format!(
            "sample {0}/{id}.safetensors --n {n} --seed 11 --backend cpu {flags} --out {id}.npy",
            models()
        ));
        // without MNIST: against what is shipped of it
        let words = place
            .succeed(&format!("eval {id}.npy --classifier {}/classifier.safetensors --backend cpu --json", models()));
        let found: serde_json::Value = serde_json::from_str(&words).expect("JSON");
        // unlike the Frechet distance the kernel distance is the same on average however few digits there are
        let (here, shipped) = (number(&found["kid"]), number(&samples["kid"]));
        let error = number(&found["errors"]["kid"]).hypot(number(&samples["errors"]["kid"]));
        assert!((here - shipped).abs() < ERRORS * error, "{id}: {here} +- {error}, not {shipped}");
        assert!(number(&found["fid"]) > number(&samples["fid"]), "{id}: few digits are further off");
    }
}
