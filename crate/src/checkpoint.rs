//! Weights files: safetensors with PyTorch's names and layouts, f16 or bytes on disk, the model's config in the metadata.

mod quantised;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata, TensorInfo, TensorView};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::graph::{ParamLayout, ParamStore};

/// The metadata entry that holds a model's config as JSON. It is the only entry we write: safetensors writes several
/// in random order, and equal weights should be equal files.
const CONFIG_KEY: &str = "inkling";
/// A header names tensors; 8 MiB is some 80,000 of them.
const MAX_HEADER: u64 = 8 << 20;
/// Much larger than any model of digits, small enough for a browser tab.
const MAX_FILE: usize = 512 << 20;

/// One tensor, widened to f32.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// The values in C order.
    pub values: Vec<f32>,
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// f16: shipped weights.
    Half,
    /// 8 bits and a scale for each row in large matrices, f16 elsewhere: shipped weights of large dense networks.
    Byte,
    /// f32: training state, which must come back bit for bit.
    Single,
}

/// The content of a weights file: named tensors and, if we wrote it, a config.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checkpoint {
    /// By name.
    pub tensors: BTreeMap<String, Weights>,
    config: Option<String>,
}

impl Checkpoint {
    /// Reads a safetensors file. Floats of any width become f32; PyTorch's integer step counters
    /// (`num_batches_tracked`) are left out.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for a malformed or truncated file or a type that no weight has, and
    /// [`Error::NonFinite`] naming the tensor for a NaN or an infinity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Checkpoint> {
        if bytes.len() > MAX_FILE {
            return Err(malformed(format!("it has {} MiB; models of digits have a few", bytes.len() >> 20)));
        }
        let (metadata, data) = header(bytes)?;
        let mut tensors = BTreeMap::new();
        for (name, info) in metadata.tensors() {
            if name.ends_with("num_batches_tracked") || quantised::is_scales(&metadata, &name) {
                continue;
            }
            let raw = place(data, &name, info)?;
            let values = match info.dtype {
                Dtype::I8 => quantised::restore(&metadata, data, &name, info, raw)?,
                other => widen(&name, other, raw)?,
            };
            tensors.insert(name, Weights { shape: info.shape.clone(), values });
        }
        let config = metadata.metadata().as_ref().and_then(|entries| entries.get(CONFIG_KEY).cloned());
        let checkpoint = Checkpoint { tensors, config };
        checkpoint.check_finite("the weights file")?;
        Ok(checkpoint)
    }

    /// The file's bytes: the same content always gives the same bytes.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for a value that is NaN or infinite, or beyond f16's 65,504 where it is stored so.
    pub fn to_bytes(&self, precision: Precision) -> Result<Vec<u8>> {
        self.check_finite("the model")?;
        let mut stored: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::with_capacity(self.tensors.len());
        for (name, weights) in &self.tensors {
            let mut push =
                |name: String, dtype, shape: &[usize], bytes| stored.push((name, dtype, shape.to_vec(), bytes));
            match precision {
                Precision::Single => push(name.clone(), Dtype::F32, &weights.shape, single(&weights.values)),
                Precision::Byte if quantised::pays(&weights.shape) => {
                    let (bytes, scales) = quantised::quantise(weights);
                    push(name.clone(), Dtype::I8, &weights.shape, bytes);
                    push(quantised::scales_of(name), Dtype::F32, &[scales.len()], single(&scales));
                }
                Precision::Half | Precision::Byte => {
                    if let Some(value) = weights.values.iter().find(|v| !f16::from_f32(**v).is_finite()) {
                        return Err(Error::NonFinite(format!(
                            "{name} holds {value}, too large for a 16-bit weights file"
                        )));
                    }
                    let bytes = weights.values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
                    push(name.clone(), Dtype::F16, &weights.shape, bytes);
                }
            }
        }
        let views = stored
            .iter()
            .map(|(name, dtype, shape, bytes)| Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>();
        let metadata = self.config.clone().map(|config| HashMap::from([(CONFIG_KEY.to_string(), config)]));
        views
            .and_then(|views| safetensors::serialize(views, metadata))
            .map_err(|error| Error::Checkpoint(format!("the weights cannot be written: {error}")))
    }

    /// The config in the metadata, if there is one (a file from elsewhere has none).
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is not a `T`.
    pub fn config<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let Some(text) = &self.config else { return Ok(None) };
        // as bytes, like the header: the parser is compiled once
        serde_json::from_slice(text.as_bytes()).map(Some).map_err(|error| {
            Error::Checkpoint(format!("the config in the weights file's metadata is not understood: {error}"))
        })
    }

    /// Puts a config into the metadata.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it cannot be written as JSON.
    pub fn set_config<T: Serialize>(&mut self, config: &T) -> Result<()> {
        let text = serde_json::to_string(config)
            .map_err(|error| Error::Checkpoint(format!("the config cannot be written: {error}")))?;
        self.config = Some(text);
        Ok(())
    }

    /// Adds a tensor; a later one of the same name replaces it.
    pub fn insert(&mut self, name: impl Into<String>, shape: Vec<usize>, values: Vec<f32>) {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        self.tensors.insert(name.into(), Weights { shape, values });
    }

    /// The tensors of `store` by their names.
    pub fn from_store(store: &ParamStore) -> Checkpoint {
        let mut checkpoint = Checkpoint::default();
        for entry in store.layout().entries() {
            let values = store.get(&entry.name).unwrap_or_default().to_vec();
            checkpoint.insert(entry.name.as_str(), entry.shape.dims().to_vec(), values);
        }
        checkpoint
    }

    /// The tensors as host values for `layout`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] as [`Checkpoint::expect`].
    pub fn to_store(&self, layout: &Rc<ParamLayout>) -> Result<ParamStore> {
        let wanted: Vec<(String, Vec<usize>)> =
            layout.entries().iter().map(|entry| (entry.name.clone(), entry.shape.dims().to_vec())).collect();
        self.expect(&wanted)?;
        let mut store = ParamStore::zeros(layout.clone());
        for (name, weights) in &self.tensors {
            store.set(name, &weights.values)?;
        }
        Ok(store)
    }

    /// Checks that the tensors are exactly those of `layout` (name and shape).
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what is missing, what is too much and what has another shape.
    pub fn expect(&self, layout: &[(String, Vec<usize>)]) -> Result<()> {
        let mut problems = Vec::new();
        for (name, shape) in layout {
            match self.tensors.get(name) {
                None => problems.push(format!("{name} {shape:?} is missing")),
                Some(found) if found.shape != *shape => {
                    problems.push(format!("{name} has shape {:?} where {shape:?} is needed", found.shape));
                }
                Some(_) => {}
            }
        }
        let known: std::collections::HashSet<&str> = layout.iter().map(|(name, _)| name.as_str()).collect();
        for (name, found) in &self.tensors {
            if !known.contains(name.as_str()) {
                problems.push(format!("{name} {:?} has no place in it", found.shape));
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        let more = problems.len().saturating_sub(6);
        problems.truncate(6);
        let tail = if more > 0 { format!("; and {more} more") } else { String::new() };
        Err(Error::Checkpoint(format!("the weights do not fit the model: {}{tail}", problems.join("; "))))
    }

    /// Number of values in all tensors.
    pub fn parameters(&self) -> usize {
        self.tensors.values().map(|weights| weights.values.len()).sum()
    }

    fn check_finite(&self, what: &str) -> Result<()> {
        for (name, weights) in &self.tensors {
            if let Some(i) = weights.values.iter().position(|v| !v.is_finite()) {
                let value = weights.values[i];
                return Err(Error::NonFinite(format!(
                    "{what} holds {value} in {name} (value {i}): it was saved from a training run that had diverged, or it is damaged"
                )));
            }
        }
        Ok(())
    }
}

fn malformed(what: String) -> Error {
    Error::Checkpoint(format!("this is not a usable safetensors file: {what}"))
}

/// The header and the bytes that follow it. Sizes are checked here with checked arithmetic, since the file's claims
/// may overflow a 32-bit address space.
fn header(bytes: &[u8]) -> Result<(Metadata, &[u8])> {
    let (length, rest) =
        bytes.split_first_chunk::<8>().ok_or_else(|| malformed(format!("it has only {} bytes", bytes.len())))?;
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER {
        // a pickle, a zip or text read as a length gives a huge number
        return Err(malformed(format!(
            "its first eight bytes claim a header of {length} bytes; a .pt or .pth file must be saved with safetensors.torch.save_file instead"
        )));
    }
    if length > rest.len() as u64 {
        return Err(malformed("it ends within its header: the download may be incomplete".into()));
    }
    let (header, data) = rest.split_at(length as usize);
    let metadata: Metadata =
        serde_json::from_slice(header).map_err(|error| malformed(format!("its header is not understood ({error})")))?;
    if metadata.data_len() != data.len() {
        return Err(malformed(format!(
            "its header claims {} bytes of tensors, but {} follow: the download may be incomplete",
            metadata.data_len(),
            data.len()
        )));
    }
    Ok((metadata, data))
}

/// The bytes of a tensor.
fn place<'a>(data: &'a [u8], name: &str, info: &TensorInfo) -> Result<&'a [u8]> {
    let range = info.data_offsets.0..info.data_offsets.1;
    data.get(range).ok_or_else(|| malformed(format!("tensor {name} lies beyond its end")))
}

fn single(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn widen(name: &str, dtype: Dtype, raw: &[u8]) -> Result<Vec<f32>> {
    fn each<const N: usize>(raw: &[u8], convert: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        raw.as_chunks::<N>().0.iter().map(|chunk| convert(*chunk)).collect()
    }
    match dtype {
        Dtype::F16 => Ok(each(raw, |b| f16::from_le_bytes(b).to_f32())),
        Dtype::BF16 => Ok(each(raw, |b| bf16::from_le_bytes(b).to_f32())),
        Dtype::F32 => Ok(each(raw, f32::from_le_bytes)),
        Dtype::F64 => Ok(each(raw, |b| f64::from_le_bytes(b) as f32)),
        other => Err(Error::Checkpoint(format!(
            "tensor {name} is of type {other:?}; weights are F16, BF16, F32 or F64, or I8 with scales"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn small() -> Checkpoint {
        let mut checkpoint = Checkpoint::default();
        checkpoint.insert("fc.weight", vec![2, 3], vec![0.0, 1.0, -2.0, 0.5, 1e-3, 7.0]);
        checkpoint.insert("fc.bias", vec![2], vec![0.25, -0.125]);
        checkpoint.set_config(&serde_json::json!({ "family": "vae" })).unwrap();
        checkpoint
    }

    /// A file with the given header text and data.
    pub(super) fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
    }

    #[test]
    fn single_precision_comes_back_bit_for_bit_and_half_within_its_rounding() {
        let checkpoint = small();
        let single = checkpoint.to_bytes(Precision::Single).unwrap();
        assert_eq!(Checkpoint::from_bytes(&single).unwrap(), checkpoint);
        assert_eq!(single, checkpoint.to_bytes(Precision::Single).unwrap(), "the same content, the same bytes");
        let half = Checkpoint::from_bytes(&checkpoint.to_bytes(Precision::Half).unwrap()).unwrap();
        for (a, b) in half.tensors["fc.weight"].values.iter().zip(&checkpoint.tensors["fc.weight"].values) {
            assert!((a - b).abs() <= b.abs() / 2048.0, "{a} against {b}");
        }
        assert_eq!(half.config::<serde_json::Value>().unwrap().unwrap()["family"], "vae");
    }

    #[test]
    fn every_float_width_is_read_and_counters_are_left_out() {
        let header = r#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[8,10]},
            "bn.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[10,18]}}"#;
        let data = [&1.5f64.to_le_bytes()[..], &bf16::from_f32(-3.0).to_le_bytes(), &9i64.to_le_bytes()].concat();
        let checkpoint = Checkpoint::from_bytes(&file(header, &data)).unwrap();
        assert_eq!(checkpoint.tensors.len(), 2);
        assert_eq!((checkpoint.tensors["a"].values[0], checkpoint.tensors["b"].values[0]), (1.5, -3.0));
    }

    #[test]
    fn names_what_is_wrong_with_a_file() {
        let good = small().to_bytes(Precision::Half).unwrap();
        let cases = [
            (b"abc".to_vec(), "only 3 bytes"),
            (b"PK\x03\x04 a zip, which .pt files are".to_vec(), "save_file"),
            (good[..20].to_vec(), "ends within its header"),
            (good[..good.len() - 1].to_vec(), "incomplete"),
            ([&good[..], &[0]].concat(), "follow"),
            (file("not json", &[]), "not understood"),
            (file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, &[0; 4]), "not understood"),
            (
                file(r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#, &[0; 4]),
                "not understood",
            ),
            (
                file(
                    r#"{"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}}"#,
                    &[],
                ),
                "usable",
            ),
            (file(r#"{"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}"#, &[0; 4]), "type I32"),
        ];
        for (bytes, part) in cases {
            let message = Checkpoint::from_bytes(&bytes).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn nan_and_overflow_are_refused_both_ways() {
        let mut checkpoint = small();
        checkpoint.tensors.get_mut("fc.bias").unwrap().values[1] = 70_000.0;
        let error = checkpoint.to_bytes(Precision::Half).unwrap_err();
        assert!(error.kind() == "non-finite" && error.to_string().contains("fc.bias"), "{error}");
        assert!(checkpoint.to_bytes(Precision::Single).is_ok());
        checkpoint.tensors.get_mut("fc.bias").unwrap().values[1] = f32::NAN;
        assert_eq!(checkpoint.to_bytes(Precision::Single).unwrap_err().kind(), "non-finite");
        let bytes = file(r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, &f32::NAN.to_le_bytes());
        let error = Checkpoint::from_bytes(&bytes).unwrap_err();
        assert!(error.kind() == "non-finite" && error.to_string().contains("in w"), "{error}");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let layout = [("fc.weight".to_string(), vec![3, 2]), ("out.bias".to_string(), vec![2])];
        let message = small().expect(&layout).unwrap_err().to_string();
        for part in ["fc.weight has shape [2, 3] where [3, 2]", "out.bias [2] is missing", "fc.bias [2] has no place"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(small().expect(&[("fc.weight".into(), vec![2, 3]), ("fc.bias".into(), vec![2])]).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Checkpoint::from_bytes(&bytes);
            let _ = Checkpoint::from_bytes(&file(&String::from_utf8_lossy(&bytes), &bytes));
        }

        #[test]
        fn a_changed_byte_gives_an_answer(position in 0usize..200, value in any::<u8>()) {
            let mut bytes = small().to_bytes(Precision::Single).unwrap();
            let position = position % bytes.len();
            bytes[position] = value;
            if let Ok(checkpoint) = Checkpoint::from_bytes(&bytes) {
                for weights in checkpoint.tensors.values() {
                    prop_assert_eq!(weights.shape.iter().product::<usize>(), weights.values.len());
                }
            }
        }

        #[test]
        fn any_claim_of_shape_and_place_gives_an_answer(shape in proptest::collection::vec(any::<u64>(), 0..4), begin in any::<u64>(), end in any::<u64>()) {
            let header = format!(r#"{{"a":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{begin},{end}]}}}}"#);
            let _ = Checkpoint::from_bytes(&file(&header, &[0; 16]));
        }
    }
}
