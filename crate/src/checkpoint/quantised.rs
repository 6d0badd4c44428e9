//! Large matrices in 8 bits: each number a whole multiple, from -127 to 127, of its row's scale. A matrix `NAME` of type
//! I8 has its scales, one for each row, in the tensor `NAME.scale`; nobody but this file sees the difference.

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::{Weights, place, widen};
use crate::error::{Error, Result};

/// What a matrix's scales are called: its name and this.
const SUFFIX: &str = ".scale";
/// Smaller matrices stay in 16 bits: there is nothing to gain.
const FROM: usize = 4096;
/// The largest multiple.
const LIMIT: f32 = 127.0;

/// The name of a matrix's scales.
pub(super) fn scales_of(name: &str) -> String {
    format!("{name}{SUFFIX}")
}

/// Whether a tensor of this shape is stored in bytes.
pub(super) fn pays(shape: &[usize]) -> bool {
    matches!(shape, [rows, columns] if rows * columns >= FROM)
}

/// Whether the tensor `name` of a file holds the scales of another.
pub(super) fn is_scales(metadata: &Metadata, name: &str) -> bool {
    let matrix = name.strip_suffix(SUFFIX).and_then(|matrix| metadata.info(matrix));
    matrix.is_some_and(|info| info.dtype == Dtype::I8)
}

/// A matrix as bytes, and the scale of each row: the nearest multiple of a 127th of the row's largest number, so that no
/// number is off by more than half a scale.
pub(super) fn quantise(weights: &Weights) -> (Vec<u8>, Vec<f32>) {
    let columns = weights.shape.last().map_or(1, |&columns| columns.max(1));
    let rows = weights.values.chunks_exact(columns);
    let scales: Vec<f32> =
        rows.clone().map(|row| row.iter().fold(0.0f32, |largest, value| largest.max(value.abs())) / LIMIT).collect();
    let multiple =
        |value: &f32, scale: f32| if scale > 0.0 { (value / scale).round().clamp(-LIMIT, LIMIT) } else { 0.0 };
    let bytes = rows
        .zip(&scales)
        .flat_map(|(row, &scale)| row.iter().map(move |value| (multiple(value, scale) as i8).cast_unsigned()))
        .collect();
    (bytes, scales)
}

/// The numbers of the matrix `name`, whose bytes are `raw`, by the scales that the file has for it.
///
/// # Errors
/// [`Error::Checkpoint`] when the tensor is no matrix, or its scales are missing, of another number or not positive.
pub(super) fn restore(metadata: &Metadata, data: &[u8], name: &str, info: &TensorInfo, raw: &[u8]) -> Result<Vec<f32>> {
    let problem = |what: String| Error::Checkpoint(format!("tensor {name} is stored in bytes, but {what}"));
    let &[rows, columns] = info.shape.as_slice() else {
        return Err(problem(format!("has the shape {:?}: only matrices can be", info.shape)));
    };
    let scales = scales_of(name);
    let found = metadata.info(&scales).filter(|found| found.shape == [rows]);
    let found = found.ok_or_else(|| problem(format!("{scales} does not hold a scale for each of its {rows} rows")))?;
    let scales = widen(&scales, found.dtype, place(data, &scales, found)?)?;
    if let Some((row, scale)) = scales.iter().enumerate().find(|(_, scale)| !(scale.is_finite() && **scale >= 0.0)) {
        return Err(problem(format!("the scale of row {row} is {scale}, which is no positive number")));
    }
    let rows = raw.chunks_exact(columns.max(1)).zip(scales);
    Ok(rows.flat_map(|(row, scale)| row.iter().map(move |byte| scale * f32::from(byte.cast_signed()))).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::file;
    use super::super::{Checkpoint, Precision, single};
    use super::*;

    /// A large matrix, a small one and a vector; the rows differ in size by orders of magnitude, one is 0.
    fn network() -> Checkpoint {
        let mut checkpoint = Checkpoint::default();
        let row = |row: i32| (0..90).map(move |column| ((row * 31 + column * 17) % 101 - 50) as f32 * 0.7f32.powi(row));
        checkpoint.insert("fc.weight", vec![50, 90], (0..50).flat_map(|r| row(r % 49)).collect());
        checkpoint.tensors.get_mut("fc.weight").unwrap().values[90..180].fill(0.0);
        checkpoint.insert("out.weight", vec![2, 90], (0..2).flat_map(row).collect());
        checkpoint.insert("fc.bias", vec![50], vec![0.25; 50]);
        checkpoint
    }

    #[test]
    fn no_weight_is_off_by_more_than_half_a_scale_and_the_rest_is_half_precision() {
        let network = network();
        let bytes = network.to_bytes(Precision::Byte).unwrap();
        assert_eq!(bytes, network.to_bytes(Precision::Byte).unwrap(), "the same content, the same bytes");
        let read = Checkpoint::from_bytes(&bytes).unwrap();
        let half = Checkpoint::from_bytes(&network.to_bytes(Precision::Half).unwrap()).unwrap();
        assert_eq!(read.tensors.keys().collect::<Vec<_>>(), network.tensors.keys().collect::<Vec<_>>());
        assert_eq!(read.tensors["out.weight"], half.tensors["out.weight"]);
        let (given, got) = (&network.tensors["fc.weight"], &read.tensors["fc.weight"]);
        assert_eq!(given.shape, got.shape);
        for (given, got) in given.values.chunks_exact(90).zip(got.values.chunks_exact(90)) {
            let scale = given.iter().fold(0.0f32, |largest, value| largest.max(value.abs())) / LIMIT;
            for (given, got) in given.iter().zip(got) {
                // the product itself is rounded too
                assert!((given - got).abs() <= scale * 0.5 + given.abs() * f32::EPSILON, "{given} became {got}");
            }
        }
        assert!(bytes.len() < 50 * 90 + 50 * 4 + 2 * (2 * 90 + 50) + 512);
    }

    #[test]
    fn what_was_read_is_written_as_it_was() {
        let first = network().to_bytes(Precision::Byte).unwrap();
        assert_eq!(Checkpoint::from_bytes(&first).unwrap().to_bytes(Precision::Byte).unwrap(), first);
    }

    #[test]
    fn names_what_is_wrong_with_the_scales() {
        let matrix =
            |scale: &str| format!(r#"{{"w":{{"dtype":"I8","shape":[2,2],"data_offsets":[0,4]}}{scale}}}"#).into_bytes();
        let scales = |shape: &str, end: usize| {
            format!(r#","w.scale":{{"dtype":"F32","shape":{shape},"data_offsets":[4,{end}]}}"#)
        };
        let numbers = |values: &[f32]| [&[1u8, 2, 254, 3][..], &single(values)].concat();
        let vector = br#"{"w":{"dtype":"I8","shape":[4],"data_offsets":[0,4]}}"#.to_vec();
        let cases = [
            (matrix(""), numbers(&[]), "a scale for each of its 2 rows"),
            (matrix(&scales("[1]", 8)), numbers(&[1.0]), "a scale for each of its 2 rows"),
            (matrix(&scales("[1,2]", 12)), numbers(&[1.0, 1.0]), "a scale for each of its 2 rows"),
            (matrix(&scales("[2]", 12)), numbers(&[1.0, f32::NAN]), "row 1 is NaN"),
            (matrix(&scales("[2]", 12)), numbers(&[-1.0, 1.0]), "row 0 is -1"),
            (vector, numbers(&[]), "only matrices"),
        ];
        for (header, data, part) in cases {
            let message = Checkpoint::from_bytes(&file(&String::from_utf8(header).unwrap(), &data)).unwrap_err();
            assert!(message.to_string().contains(part), "{message}");
        }
        let good = file(&String::from_utf8(matrix(&scales("[2]", 12))).unwrap(), &numbers(&[0.5, 2.0]));
        assert_eq!(Checkpoint::from_bytes(&good).unwrap().tensors["w"].values, [0.5, 1.0, -4.0, 6.0]);
    }

    proptest! {
        #[test]
        fn a_changed_byte_gives_an_answer(position in 0usize..700, value in any::<u8>()) {
            let mut bytes = network().to_bytes(Precision::Byte).unwrap();
            let position = position % bytes.len();
            bytes[position] = value;
            if let Ok(checkpoint) = Checkpoint::from_bytes(&bytes) {
                for weights in checkpoint.tensors.values() {
                    prop_assert_eq!(weights.shape.iter().product::<usize>(), weights.values.len());
                }
            }
        }
    }
}
