//! `www/models/catalog.json`: the models that are shipped, read by the CLI and the page.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One shipped model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Stable, in URLs: lower-case letters, digits and hyphens.
    pub id: String,
    /// What kind of model: `vae`.
    pub family: String,
    /// A short name for people.
    pub title: String,
    /// The weights file, beside the catalog.
    pub file: String,
    /// The weights file's size.
    pub bytes: u64,
    /// The weights file's SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// The model card (Markdown), beside the catalog.
    pub card: String,
}

/// All shipped models, in the order the page shows them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// The rows.
    pub models: Vec<Entry>,
}

impl Catalog {
    /// Reads and checks a catalog.
    ///
    /// # Errors
    /// [`Error::Data`] naming the row and the field.
    pub fn parse(text: &[u8]) -> Result<Catalog> {
        let catalog: Catalog = serde_json::from_slice(text)
            .map_err(|error| Error::Data(format!("the model catalog is not understood: {error}")))?;
        let mut ids = HashSet::new();
        for entry in &catalog.models {
            let wrong =
                |what: String| Error::Data(format!("the model catalog's entry {:?} is not usable: {what}", entry.id));
            if !is_id(&entry.id) {
                return Err(wrong("an id is lower-case letters, digits and hyphens".into()));
            }
            if !ids.insert(&entry.id) {
                return Err(wrong("the id stands there twice".into()));
            }
            for name in [&entry.file, &entry.card] {
                if !is_file_name(name) {
                    return Err(wrong(format!("{name:?} is not the name of a file beside the catalog")));
                }
            }
            if entry.sha256.len() != 64 || !entry.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(wrong("sha256 is 64 lower-case hexadecimal digits".into()));
            }
            if entry.bytes == 0 {
                return Err(wrong("bytes is 0".into()));
            }
        }
        Ok(catalog)
    }

    /// The file's text.
    ///
    /// # Errors
    /// [`Error::Data`] if it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::Data(format!("the model catalog cannot be written: {error}")))?;
        Ok(text + "\n")
    }

    /// The entry with this id.
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.models.iter().find(|entry| entry.id == id)
    }
}

/// Whether `text` could be a model's id (and not a path).
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// A name that stays in the catalog's folder and needs no escaping in a URL.
fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry() -> Entry {
        Entry {
            id: "vae-map".into(),
            family: "vae".into(),
            title: "VAE, two latents".into(),
            file: "vae-map.safetensors".into(),
            bytes: 12,
            sha256: "0".repeat(64),
            card: "vae-map.md".into(),
        }
    }

    #[test]
    fn a_catalog_comes_back_and_finds_its_ids() {
        let catalog = Catalog { models: vec![entry()] };
        let read = Catalog::parse(catalog.to_json().unwrap().as_bytes()).unwrap();
        assert_eq!(read, catalog);
        assert_eq!(read.get("vae-map").unwrap().bytes, 12);
        assert!(read.get("vae").is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |change: fn(&mut Entry)| {
            let mut changed = entry();
            change(&mut changed);
            Catalog::parse(Catalog { models: vec![changed] }.to_json().unwrap().as_bytes()).unwrap_err().to_string()
        };
        assert!(with(|e| e.id = "VAE".into()).contains("lower-case"));
        assert!(with(|e| e.file = "../secrets".into()).contains("beside the catalog"));
        assert!(with(|e| e.sha256 = "F".repeat(64)).contains("sha256"));
        assert!(with(|e| e.bytes = 0).contains("bytes"));
        let twice = Catalog { models: vec![entry(), entry()] }.to_json().unwrap();
        assert!(Catalog::parse(twice.as_bytes()).unwrap_err().to_string().contains("twice"));
        assert!(Catalog::parse(b"{\"models\":[{\"id\":\"a\"}]}").unwrap_err().to_string().contains("family"));
    }

    /// The catalog in the repository is usable, and so is every file it names.
    #[test]
    fn the_shipped_catalog_is_usable() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/models");
        let catalog = Catalog::parse(&std::fs::read(folder.join("catalog.json")).unwrap()).unwrap();
        for entry in &catalog.models {
            assert_eq!(std::fs::metadata(folder.join(&entry.file)).unwrap().len(), entry.bytes, "{}", entry.id);
            assert!(folder.join(&entry.card).is_file(), "{} has no card", entry.id);
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in ".{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Catalog::parse(text.as_bytes());
            let _ = Catalog::parse(&bytes);
            let _ = is_id(&text);
        }
    }
}
