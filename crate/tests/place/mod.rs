//! A folder that the program is run in, and small files to run it on.

// each test program uses a part of it
#![allow(dead_code)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use inkling::checkpoint::{Checkpoint, Precision};
use inkling::data::npy::Array;
use inkling::models::classifier::ClassifierConfig;
use inkling::models::layers::Activation;
use inkling::models::vae_config::{Naming, VaeConfig};
use inkling::rng::Philox;

/// A folder with a small data set under MNIST's names and a small model; gone at the end of the test.
pub struct Place(tempfile::TempDir);

pub const TRAIN_IMAGES: usize = 300;
pub const TEST_IMAGES: usize = 40;

impl Place {
    pub fn new() -> Place {
        let place = Place(tempfile::tempdir().expect("a folder"));
        std::fs::create_dir(place.path("mnist")).expect("a folder");
        for (prefix, count) in [("train", TRAIN_IMAGES), ("t10k", TEST_IMAGES)] {
            place.write(&format!("mnist/{prefix}-images-idx3-ubyte.gz"), &gzip(&images(count)));
            place.write(&format!("mnist/{prefix}-labels-idx1-ubyte.gz"), &gzip(&labels(count)));
        }
        place.write("model.safetensors", &model());
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("a file");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn npy(&self, name: &str) -> Array {
        Array::parse(&self.read(name), name).expect("a .npy file")
    }

    /// The program in the folder with the words of `line`.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkling"));
        command.current_dir(self.0.path()).args(line.split_whitespace());
        command
    }

    pub fn run(&self, line: &str) -> Output {
        self.command(line).output().expect("the program")
    }

    /// Runs the program, which must succeed, and returns what it printed.
    pub fn succeed(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    pub fn json(&self, line: &str) -> serde_json::Value {
        serde_json::from_str(&self.succeed(&format!("{line} --json"))).expect("JSON")
    }

    /// Runs the program, which must leave with code 2, say `part` on standard error and change no file.
    pub fn fail(&self, line: &str, part: &str) {
        let before = self.files();
        let output = self.run(line);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {message}");
        assert!(message.contains(part), "{line} should say {part:?} and says: {message}");
        assert!(output.stdout.is_empty(), "{line} prints {}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(self.files(), before, "{line} changed files");
    }

    /// Every file below the folder with its content.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    collect(&path, files);
                } else {
                    let bytes = std::fs::read(&path).expect("a file");
                    files.push((path, bytes));
                }
            }
        }
        let mut files = Vec::new();
        collect(self.0.path(), &mut files);
        files.sort();
        files
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// An IDX file of images of bars; the paper's grey tells one set from another.
pub fn images(count: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = [0x803, count as u32, 28, 28].iter().flat_map(|word| word.to_be_bytes()).collect();
    for i in 0..count {
        bytes.extend((0..784).map(|p| if (p / 28 + i) % 9 < 2 { 230 } else { 10 + (count % 7) as u8 }));
    }
    bytes
}

pub fn labels(count: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = [0x801, count as u32].iter().flat_map(|word| word.to_be_bytes()).collect();
    bytes.extend((0..count).map(|i| (i % 10) as u8));
    bytes
}

/// A weights file of a small VAE with random weights.
pub fn model() -> Vec<u8> {
    model_of(3)
}

/// The same with so many latents.
pub fn model_of(z_dim: usize) -> Vec<u8> {
    let config = VaeConfig::dense(&[12], z_dim, Activation::Silu, Naming::Sequential);
    let mut checkpoint = Checkpoint::default();
    let mut rng = Philox::new(1, 1);
    for (name, shape) in config.layout().expect("a layout") {
        let values = (0..shape.iter().product()).map(|_| rng.uniform() - 0.5).collect();
        checkpoint.insert(name, shape, values);
    }
    checkpoint.set_config(&config).expect("a config");
    checkpoint.to_bytes(Precision::Single).expect("bytes")
}

/// A weights file of a small classifier that was never trained.
pub fn classifier() -> Vec<u8> {
    let config = ClassifierConfig { channels: [3, 4], features: 6, ..ClassifierConfig::standard() };
    let mut checkpoint = Checkpoint::from_store(&config.declarations().initialize(3).expect("weights"));
    checkpoint.set_config(&config).expect("a config");
    checkpoint.to_bytes(Precision::Single).expect("bytes")
}
