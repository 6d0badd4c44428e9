//! A weights file of any family that is cut, damaged, short of a tensor or called another family's is refused in words;
//! no content makes a loader panic. The files are those that are shipped, the smallest of each family.

use std::collections::BTreeMap;

use inkling::backend::Backend;
use inkling::checkpoint::{Checkpoint, Precision};
use inkling::error::{Error, Result};
use inkling::models::family::Family;
use inkling::models::network::Runner;
use inkling::models::vae_adopt::adopt;
use inkling::models::vae_run::VaeRunner;
use inkling::rng::Philox;
use inkling::samplers::trajectory::DenoiserRunner;
use inkling_tests::{catalog, weights_bytes};

/// Bytes of damage that are tried for each family.
const ROUNDS: usize = 120;

/// The smallest file of each family.
fn files() -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for entry in catalog() {
        let bytes = weights_bytes(&entry);
        let smallest = files.entry(entry.family).or_insert_with(|| bytes.clone());
        if bytes.len() < smallest.len() {
            *smallest = bytes;
        }
    }
    assert_eq!(files.len(), 12, "every family has a model that is shipped");
    files
}

/// What the page and the command line do with a file.
fn load(bytes: &[u8]) -> Result<()> {
    let checkpoint = Checkpoint::from_bytes(bytes)?;
    match Family::of(&checkpoint)? {
        Family::Vae => VaeRunner::new(&Backend::Cpu, &adopt(checkpoint)?).map(|_| ()),
        Family::Denoiser => DenoiserRunner::new(&Backend::Cpu, &checkpoint).map(|_| ()),
        _ => Runner::new(&Backend::Cpu, &checkpoint).map(|_| ()),
    }
}

fn refusal(what: &str, bytes: &[u8]) -> Error {
    let error = load(bytes).err().unwrap_or_else(|| panic!("{what} is to be refused"));
    assert!(error.to_string().len() > 20, "{what}: {error}");
    error
}

fn header(file: &[u8]) -> usize {
    8 + u64::from_le_bytes(file[..8].try_into().expect("eight bytes")) as usize
}

#[test]
fn whole_files_load_and_cut_ones_do_not() {
    for (family, file) in files() {
        load(&file).unwrap_or_else(|error| panic!("{family}: {error}"));
        let header = header(&file);
        let cuts = [0, 1, 7, 8, 9, header / 2, header - 1, header, header + 1, file.len() / 2, file.len() - 1];
        for len in cuts {
            let error = refusal(&format!("{family} of {len} bytes"), &file[..len]);
            assert_eq!(error.kind(), "checkpoint", "{family} of {len} bytes: {error}");
        }
        refusal(&family, &[&file[..], b"more"].concat());
    }
}

#[test]
fn damage_never_panics() {
    for (family, file) in files() {
        let header = header(&file);
        let mut rng = Philox::new(5, 0);
        for round in 0..ROUNDS {
            let mut damaged = file.clone();
            // most of it in the header: tensors are only numbers
            let end = if round % 8 == 0 { damaged.len() } else { header };
            for _ in 0..=rng.below(3) {
                damaged[rng.below(end as u32) as usize] = rng.next_u32() as u8;
            }
            if let Err(error) = load(&damaged) {
                assert!(!error.to_string().is_empty(), "{family}");
            }
        }
    }
}

#[test]
fn a_missing_tensor_is_named() {
    for (family, file) in files() {
        let whole = Checkpoint::from_bytes(&file).expect("a file");
        for name in whole.tensors.keys() {
            // a discriminator may be left out as a whole; then no part of it is missed
            if name.starts_with("discriminator") {
                continue;
            }
            let mut short = whole.clone();
            short.tensors.remove(name);
            let bytes = short.to_bytes(Precision::Half).expect("bytes");
            let error = refusal(&format!("{family} without {name}"), &bytes);
            assert!(error.to_string().contains(name.as_str()), "{family} without {name}: {error}");
        }
    }
}

#[test]
fn a_file_of_another_family_is_refused() {
    let files = files();
    for (family, file) in &files {
        let whole = Checkpoint::from_bytes(file).expect("a file");
        let own: serde_json::Value = whole.config().expect("a config").expect("one");
        for other in files.keys().filter(|other| *other != family) {
            // a mixture of one component is what naive Bayes is
            if ["mixture", "naive_bayes"].contains(&family.as_str())
                && ["mixture", "naive_bayes"].contains(&other.as_str())
            {
                continue;
            }
            let mut config = own.clone();
            config["family"] = serde_json::Value::String(other.clone());
            let mut forged = whole.clone();
            forged.set_config(&config).expect("a config");
            refusal(&format!("{family} that says {other}"), &forged.to_bytes(Precision::Half).expect("bytes"));
        }
    }
}
