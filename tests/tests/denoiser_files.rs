//! A denoiser's file that is cut short, damaged, forged or of another family is refused with a message that says why;
//! no content makes the loader panic.

use inkling::backend::Backend;
use inkling::checkpoint::{Checkpoint, Precision};
use inkling::error::{Error, Result};
use inkling::models::denoiser_config::DenoiserConfig;
use inkling::models::family::Family;
use inkling::rng::Philox;
use inkling::samplers::trajectory::DenoiserRunner;
use serde_json::{Value, json};

fn bytes(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    std::fs::read(path).expect("the golden file")
}

fn load(bytes: &[u8]) -> Result<DenoiserRunner> {
    DenoiserRunner::new(&Backend::Cpu, &Checkpoint::from_bytes(bytes)?)
}

fn refusal(bytes: &[u8]) -> Error {
    load(bytes).err().expect("the file is to be refused")
}

#[test]
fn the_whole_file_is_a_denoiser() {
    for name in ["denoiser-unet.safetensors", "denoiser-mlp.safetensors"] {
        let file = bytes(name);
        assert!(load(&file).is_ok(), "{name}");
        assert_eq!(Family::of(&Checkpoint::from_bytes(&file).expect("a file")).expect("a family"), Family::Denoiser);
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let file = bytes("denoiser-unet.safetensors");
    let header = 8 + u64::from_le_bytes(file[..8].try_into().expect("eight bytes")) as usize;
    // every cut in the header, and many in the tensors
    for len in (0..header + 64).chain((header + 64..file.len()).step_by(97)).chain([file.len() - 1]) {
        let error = refusal(&file[..len]);
        let message = error.to_string();
        assert_eq!(error.kind(), "checkpoint", "{len} bytes: {message}");
        assert!(message.contains("only") || message.contains("incomplete"), "{len} bytes: {message}");
    }
    assert!(refusal(&[&file[..], b"more"].concat()).to_string().contains("follow"));
}

#[test]
fn no_damage_panics() {
    let file = bytes("denoiser-unet.safetensors");
    let header = 8 + u64::from_le_bytes(file[..8].try_into().expect("eight bytes")) as usize;
    let mut rng = Philox::new(11, 0);
    for round in 0..2000 {
        let mut damaged = file.clone();
        // most of them in the header: the tensors are only numbers
        let end = if round % 4 == 0 { file.len() } else { header };
        for _ in 0..=rng.below(3) {
            damaged[rng.below(end as u32) as usize] = rng.next_u32() as u8;
        }
        if let Err(error) = load(&damaged) {
            assert!(["checkpoint", "non-finite"].contains(&error.kind()), "{error}");
            assert!(error.to_string().len() > 20, "{error}");
        }
    }
}

/// The U-Net's file with another config.
fn with_config(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut checkpoint = Checkpoint::from_bytes(&bytes("denoiser-unet.safetensors")).expect("a file");
    let mut config: Value = checkpoint.config().expect("JSON").expect("a config");
    change(&mut config);
    checkpoint.set_config(&config).expect("a config");
    checkpoint.to_bytes(Precision::Half).expect("bytes")
}

#[test]
fn a_forged_config_is_refused_by_what_is_wrong_with_it() {
    let network = |name: &'static str, value: Value| with_config(move |config| config["network"]["unet"][name] = value);
    let cases = [
        (with_config(|config| config["family"] = json!("vae")), "its family is another"),
        (with_config(|config| config["family"] = json!("sorcery")), "unknown variant `sorcery`"),
        (with_config(|config| config["prediction"] = json!("score")), "unknown variant `score`"),
        (with_config(|config| config["path"] = json!("crooked")), "unknown variant `crooked`"),
        (with_config(|config| config["conditional"] = json!("yes")), "expected a boolean"),
        (with_config(|config| config["temperature"] = json!(1)), "unknown field `temperature`"),
        (with_config(|config| drop(config.as_object_mut().expect("an object").remove("path"))), "missing field `path`"),
        (with_config(|config| *config = json!([1, 2])), "not understood"),
        (with_config(|config| config["network"] = json!({ "transformer": {} })), "unknown variant `transformer`"),
        (with_config(|config| config["network"] = json!({ "mlp": { "hidden": [] } })), "hidden widths"),
        (with_config(|config| config["network"] = json!({ "mlp": { "hidden": [1u64 << 40] } })), "hidden widths"),
        (with_config(|config| config["network"] = json!({ "mlp": { "hidden": [16] } })), "is not told the class"),
        (network("channels", json!([8])), "invalid length 1"),
        (network("channels", json!([0, 16])), "a size of 0"),
        (network("channels", json!([8, 1u64 << 30])), "a size of 1073741824"),
        (network("channels", json!([8, -16])), "invalid value"),
        (network("channels", json!([6, 16])), "do not fall into 4 groups"),
        (network("groups", json!(0)), "a size of 0"),
        (network("heads", json!(3)), "do not fall into 3 heads"),
        (network("embedding", json!(8)), "where [8, 64] is needed"),
        // well-formed and much larger than the file: refused before anything is made for it
        (network("channels", json!([1024, 1024])), "is needed"),
        (with_config(|config| config["conditional"] = json!(false)), "label.weight [11, 16] has no place in it"),
    ];
    for (file, part) in cases {
        let error = refusal(&file);
        let message = error.to_string();
        assert_eq!(error.kind(), "checkpoint", "{message}");
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn weights_that_are_not_this_network_s_are_named() {
    let changed = |change: &dyn Fn(&mut Checkpoint)| {
        let mut checkpoint = Checkpoint::from_bytes(&bytes("denoiser-unet.safetensors")).expect("a file");
        change(&mut checkpoint);
        refusal(&checkpoint.to_bytes(Precision::Half).expect("bytes")).to_string()
    };
    let message = changed(&|checkpoint| drop(checkpoint.tensors.remove("attention.in_proj_weight")));
    assert!(message.contains("attention.in_proj_weight [48, 16] is missing"), "{message}");
    let message = changed(&|checkpoint| checkpoint.insert("up.2.conv1.bias", vec![3], vec![0.0; 3]));
    assert!(message.contains("up.2.conv1.bias [3] has no place in it"), "{message}");
    let message = changed(&|checkpoint| checkpoint.insert("stem.weight", vec![8, 4], vec![0.0; 32]));
    assert!(message.contains("stem.weight has shape [8, 4] where [8, 1, 2, 2] is needed"), "{message}");
    let mut file = bytes("denoiser-unet.safetensors");
    let len = file.len();
    // NaN in f16
    file[len - 2..].copy_from_slice(&[0x00, 0x7e]);
    let error = refusal(&file);
    assert!(error.kind() == "non-finite" && error.to_string().contains("NaN"), "{error}");
}

#[test]
fn files_of_others_say_what_they_are() {
    // a PyTorch VAE, without a config
    let message = refusal(&bytes("vae-torch.safetensors")).to_string();
    assert!(message.contains("does not say which denoiser it holds"), "{message}");
    let mut vae = Checkpoint::from_bytes(&bytes("vae-torch.safetensors")).expect("a file");
    vae.set_config(&json!({ "family": "vae", "z_dim": 4 })).expect("a config");
    let message = refusal(&vae.to_bytes(Precision::Half).expect("bytes")).to_string();
    assert!(message.contains("config"), "{message}");
    assert!(vae.config::<DenoiserConfig>().is_err());
    for (file, part) in [(&b"PK\x03\x04 what torch.save writes"[..], "save_file"), (b"", "only 0 bytes")] {
        assert!(refusal(file).to_string().contains(part));
    }
}
