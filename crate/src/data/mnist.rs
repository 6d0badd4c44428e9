//! The MNIST folder: four IDX files, checked against the published contents.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{PIXELS, SIDE, idx};
use crate::error::{Error, Result};

/// Which half of the data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// The 60,000 training images.
    Train,
    /// The 10,000 test images.
    Test,
}

/// The names of a split's files (images, labels) and the SHA-256 of their uncompressed contents as published.
struct Published {
    images: &'static str,
    images_sha256: &'static str,
    labels: &'static str,
    labels_sha256: &'static str,
}

const TRAIN: Published = Published {
    images: "train-images-idx3-ubyte",
    images_sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    labels: "train-labels-idx1-ubyte",
    labels_sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
};

const TEST: Published = Published {
    images: "t10k-images-idx3-ubyte",
    images_sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    labels: "t10k-labels-idx1-ubyte",
    labels_sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
};

impl Split {
    /// The names of the images' and the labels' files, without an ending of compression.
    pub fn file_names(self) -> [&'static str; 2] {
        [self.published().images, self.published().labels]
    }

    fn published(self) -> &'static Published {
        match self {
            Split::Train => &TRAIN,
            Split::Test => &TEST,
        }
    }
}

/// Labelled 28 x 28 digits.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// `len * 784` bytes, 0 (paper) to 255 (ink).
    pub images: Vec<u8>,
    /// `len` labels, 0 to 9.
    pub labels: Vec<u8>,
    /// Whether both files' contents are those of MNIST as published. Figures on other contents are not MNIST figures.
    pub is_published_mnist: bool,
}

impl Dataset {
    /// Reads one split from `folder`, which holds the IDX files under their published names, gzipped (`.gz`) or not.
    ///
    /// # Errors
    /// [`Error::Data`] for missing or unusable files; the message for a missing file says where to get it.
    pub fn load(folder: &Path, split: Split) -> Result<Dataset> {
        let published = split.published();
        let (images_path, images_bytes) = read(folder, published.images)?;
        let (labels_path, labels_bytes) = read(folder, published.labels)?;
        let images = idx::parse_images(&images_bytes, &images_path.display().to_string())?;
        let labels = idx::parse_labels(&labels_bytes, &labels_path.display().to_string())?;
        if (images.rows, images.columns) != (SIDE, SIDE) {
            return Err(Error::Data(format!(
                "{} holds images of {} x {} pixels; the models here read {SIDE} x {SIDE}",
                images_path.display(),
                images.rows,
                images.columns
            )));
        }
        if images.count != labels.len() {
            return Err(Error::Data(format!(
                "{} holds {} images, but {} holds {} labels: the two files do not belong together",
                images_path.display(),
                images.count,
                labels_path.display(),
                labels.len()
            )));
        }
        if let Some(label) = labels.iter().find(|label| **label > 9) {
            return Err(Error::Data(format!("{} holds the label {label}; digits are 0 to 9", labels_path.display())));
        }
        let is_published_mnist =
            images_sha256(&images) == published.images_sha256 && labels_sha256(&labels) == published.labels_sha256;
        Ok(Dataset { images: images.pixels, labels, is_published_mnist })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image; [`Dataset::load`] never returns such a set.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The 784 grey values of image `index`.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.images[index * PIXELS..(index + 1) * PIXELS]
    }
}

fn read(folder: &Path, name: &str) -> Result<(PathBuf, Vec<u8>)> {
    let candidates = [folder.join(format!("{name}.gz")), folder.join(name)];
    for path in candidates {
        match std::fs::read(&path) {
            Ok(bytes) => return Ok((path, bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::Data(format!("cannot read {}: {error}", path.display()))),
        }
    }
    Err(Error::Data(missing(folder, name)))
}

/// What to do when a file is not there.
fn missing(folder: &Path, name: &str) -> String {
    let mut message = format!(
        "{} has no {name}.gz.\nMNIST is four files, for instance from https://ossci-datasets.s3.amazonaws.com/mnist/ \
         or https://storage.googleapis.com/cvdf-datasets/mnist/. Put them in one folder (data/mnist is where this \
         program looks unless --data says otherwise):\n",
        folder.display()
    );
    for published in [&TRAIN, &TEST] {
        for (name, sha256) in [(published.images, published.images_sha256), (published.labels, published.labels_sha256)]
        {
            // writing to a String cannot fail
            let _ = writeln!(message, "  {name}.gz  (SHA-256 of the unpacked file: {sha256})");
        }
    }
    message.trim_end().to_string()
}

/// Lower-case hexadecimal SHA-256.
pub fn sha256_hex(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The digest of the uncompressed IDX file that `images` was read from.
fn images_sha256(images: &idx::IdxImages) -> String {
    let mut header = Vec::with_capacity(16);
    for word in [0x803, images.count as u32, images.rows as u32, images.columns as u32] {
        header.extend(word.to_be_bytes());
    }
    sha256_hex(&[&header, &images.pixels])
}

fn labels_sha256(labels: &[u8]) -> String {
    let mut header = Vec::with_capacity(8);
    for word in [0x801, labels.len() as u32] {
        header.extend(word.to_be_bytes());
    }
    sha256_hex(&[&header, labels])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_images(folder: &Path, name: &str, count: u32, side: u32) {
        let mut bytes = Vec::new();
        for word in [0x803, count, side, side] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.resize(16 + (count * side * side) as usize, 3);
        std::fs::write(folder.join(name), bytes).unwrap();
    }

    fn write_labels(folder: &Path, name: &str, labels: &[u8]) {
        let mut bytes = Vec::new();
        for word in [0x801, labels.len() as u32] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(labels);
        std::fs::write(folder.join(name), bytes).unwrap();
    }

    #[test]
    fn loads_and_says_that_it_is_not_mnist() {
        let folder = tempfile::tempdir().unwrap();
        write_images(folder.path(), TEST.images, 2, 28);
        write_labels(folder.path(), TEST.labels, &[4, 9]);
        let set = Dataset::load(folder.path(), Split::Test).unwrap();
        assert_eq!((set.len(), set.image(1).len(), set.is_published_mnist), (2, PIXELS, false));
    }

    #[test]
    fn says_where_to_get_what_is_missing_and_what_does_not_fit() {
        let folder = tempfile::tempdir().unwrap();
        let message = Dataset::load(folder.path(), Split::Train).unwrap_err().to_string();
        assert!(message.contains("https://") && message.contains(TRAIN.images_sha256), "{message}");
        write_images(folder.path(), TRAIN.images, 2, 28);
        write_labels(folder.path(), TRAIN.labels, &[1]);
        let message = Dataset::load(folder.path(), Split::Train).unwrap_err().to_string();
        assert!(message.contains("2 images") && message.contains("1 labels"), "{message}");
        write_labels(folder.path(), TRAIN.labels, &[1, 12]);
        assert!(Dataset::load(folder.path(), Split::Train).unwrap_err().to_string().contains("label 12"));
        write_images(folder.path(), TRAIN.images, 2, 32);
        assert!(Dataset::load(folder.path(), Split::Train).unwrap_err().to_string().contains("32 x 32"));
    }

    #[test]
    fn sha256_of_a_known_text() {
        assert_eq!(sha256_hex(&[b"a", b"bc"]), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
