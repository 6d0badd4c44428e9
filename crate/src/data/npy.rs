//! NumPy's `.npy` files, the way in and out for Python: one array, C order.
//!
//! Layout: `\x93NUMPY`, version (two bytes), length of the header (u16 in version 1, u32 in 2 and 3), the header (a
//! Python dictionary of `descr`, `fortran_order` and `shape`), then the values.

use super::{PIXELS, SIDE};
use crate::error::{Error, Result};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Our headers are under 128 bytes; a longer one than this is no array of numbers.
const MAX_HEADER: usize = 65_536;
/// numpy allows 64 dimensions.
const MAX_DIMENSIONS: usize = 64;

/// An array of numbers, read as f32.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
    /// The values in C order; bytes (`|u1`) keep their value, 0 to 255.
    pub values: Vec<f32>,
    /// Whether the file held bytes: images of bytes are 0 to 255, images of floats 0 to 1.
    pub is_bytes: bool,
}

impl Array {
    /// An array of f32.
    pub fn new(shape: Vec<usize>, values: Vec<f32>) -> Array {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Array { shape, values, is_bytes: false }
    }

    /// Reads a `.npy` file: f16, f32, f64 or u8 in either byte order. `name` is the file's name for messages.
    ///
    /// # Errors
    /// [`Error::Data`] for anything else, and where the file's length is not what its shape says.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Array> {
        let wrong = |what: String| Error::Data(format!("{name} is not a usable .npy file: {what}"));
        let (header, body) = split(bytes).map_err(wrong)?;
        let header = Header::parse(header).map_err(wrong)?;
        if header.fortran_order {
            return Err(wrong("it is in Fortran order; save numpy.ascontiguousarray(array) instead".into()));
        }
        let kind = Kind::parse(&header.descr).ok_or_else(|| {
            wrong(format!(
                "its values are of type {:?}; save the array as float32 (array.astype('float32'))",
                header.descr
            ))
        })?;
        let count = header.shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
        let expected = count.and_then(|n| n.checked_mul(kind.width()));
        if expected != Some(body.len()) {
            return Err(wrong(format!(
                "its shape {} of {:?} needs {} bytes, but {} follow the header",
                shape_text(&header.shape),
                header.descr,
                expected.map_or("too many".to_string(), |n| n.to_string()),
                body.len()
            )));
        }
        Ok(Array { values: kind.read(body), shape: header.shape, is_bytes: matches!(kind, Kind::U8) })
    }

    /// The file's bytes: version 1.0, little-endian f32.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {}, }}", shape_text(&self.shape));
        // the values begin at a multiple of 64 bytes, as numpy writes them
        let unpadded = MAGIC.len() + 4 + header.len() + 1;
        header.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
        header.push('\n');
        let mut bytes = Vec::with_capacity(MAGIC.len() + 4 + header.len() + 4 * self.values.len());
        bytes.extend(MAGIC);
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        for value in &self.values {
            bytes.extend(value.to_le_bytes());
        }
        bytes
    }

    /// Takes the array as images: N x 28 x 28, N x 784, N x 1 x 28 x 28 or 28 x 28, floats in [0, 1] or bytes.
    /// Returns `(N, N * 784 values in [0, 1])`.
    ///
    /// # Errors
    /// [`Error::Data`] for other shapes and for values outside the range.
    pub fn into_images(mut self, name: &str) -> Result<(usize, Vec<f32>)> {
        let count = match self.shape[..] {
            [SIDE, SIDE] => 1,
            [n, PIXELS] | [n, SIDE, SIDE] | [n, 1, SIDE, SIDE] => n,
            _ => {
                return Err(Error::Data(format!(
                    "{name} has shape {}; images are N x {SIDE} x {SIDE} (or N x {PIXELS})",
                    shape_text(&self.shape)
                )));
            }
        };
        if count == 0 {
            return Err(Error::Data(format!("{name} holds no image")));
        }
        if self.is_bytes {
            self.values.iter_mut().for_each(|v| *v /= 255.0);
        }
        if let Some((i, v)) = self.values.iter().enumerate().find(|(_, v)| !(0.0..=1.0).contains(*v)) {
            return Err(Error::Data(format!(
                "{name} holds {v} in image {}; pixels are 0 (paper) to 1 (ink), or bytes 0 to 255",
                i / PIXELS
            )));
        }
        Ok((count, self.values))
    }

    /// Takes the array as latent codes: N x `width`, or `width` alone. Returns `(N, N * width values)`.
    ///
    /// # Errors
    /// [`Error::Data`] for other shapes, [`Error::NonFinite`] for NaN and infinities.
    pub fn into_codes(self, width: usize, name: &str) -> Result<(usize, Vec<f32>)> {
        let count = match self.shape[..] {
            [w] if w == width => 1,
            [n, w] if w == width => n,
            _ => {
                return Err(Error::Data(format!(
                    "{name} has shape {}; this model's codes are N x {width}",
                    shape_text(&self.shape)
                )));
            }
        };
        if count == 0 {
            return Err(Error::Data(format!("{name} holds no code")));
        }
        if let Some(i) = self.values.iter().position(|v| !v.is_finite()) {
            return Err(Error::NonFinite(format!("{name} holds {} in code {}", self.values[i], i / width)));
        }
        Ok((count, self.values))
    }
}

/// A shape as Python writes a tuple.
fn shape_text(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// The header's text and the values' bytes.
fn split(bytes: &[u8]) -> std::result::Result<(&str, &[u8]), String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin with \\x93NUMPY")?;
    let (length, rest) = match *rest {
        [1, _, a, b, ref rest @ ..] => (usize::from(u16::from_le_bytes([a, b])), rest),
        [2 | 3, _, a, b, c, d, ref rest @ ..] => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
        [major, ..] if major == 0 || major > 3 => {
            return Err(format!("its format version is {major}; 1 to 3 are known"));
        }
        _ => return Err("it ends within the header".into()),
    };
    if length > MAX_HEADER {
        return Err(format!("its header claims {length} bytes"));
    }
    if length > rest.len() {
        return Err("it ends within the header".into());
    }
    let (header, body) = rest.split_at(length);
    let header = std::str::from_utf8(header).map_err(|_| "its header is not text".to_string())?;
    Ok((header, body))
}

struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads the dictionary numpy writes: string keys; a string, a boolean and a tuple of whole numbers as values.
    fn parse(text: &str) -> std::result::Result<Header, String> {
        let malformed = || format!("its header is not understood: {:?}", text.chars().take(80).collect::<String>());
        let mut rest = text.trim().strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or_else(malformed)?.trim();
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        while !rest.is_empty() {
            let (key, after) = quoted(rest).ok_or_else(malformed)?;
            let value = after.trim_start().strip_prefix(':').ok_or_else(malformed)?.trim_start();
            rest = match key {
                "descr" => {
                    let (text, after) =
                        quoted(value).ok_or_else(|| "its values are records, not numbers".to_string())?;
                    descr = Some(text.to_string());
                    after
                }
                "fortran_order" => {
                    let (flag, after) = value
                        .strip_prefix("False")
                        .map(|after| (false, after))
                        .or_else(|| value.strip_prefix("True").map(|after| (true, after)))
                        .ok_or_else(malformed)?;
                    fortran_order = Some(flag);
                    after
                }
                "shape" => {
                    let (inside, after) =
                        value.strip_prefix('(').and_then(|v| v.split_once(')')).ok_or_else(malformed)?;
                    shape = Some(sizes(inside).ok_or_else(malformed)?);
                    after
                }
                other => return Err(format!("its header has the unknown entry {other:?}")),
            };
            rest = rest.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(after) => after.trim_start(),
                None if rest.is_empty() => rest,
                None => return Err(malformed()),
            };
        }
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) => Ok(Header { descr, fortran_order, shape }),
            _ => Err(malformed()),
        }
    }
}

/// A Python string without escapes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

fn sizes(text: &str) -> Option<Vec<usize>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    let text = text.strip_suffix(',').unwrap_or(text);
    let sizes: Vec<usize> = text.split(',').map(|size| size.trim().parse().ok()).collect::<Option<_>>()?;
    (sizes.len() <= MAX_DIMENSIONS).then_some(sizes)
}

/// How a value is stored.
enum Kind {
    U8,
    F16 { big: bool },
    F32 { big: bool },
    F64 { big: bool },
}

impl Kind {
    fn parse(descr: &str) -> Option<Kind> {
        let big = descr.starts_with('>');
        match descr.trim_start_matches(['<', '>', '|', '=']) {
            "u1" => Some(Kind::U8),
            "f2" => Some(Kind::F16 { big }),
            "f4" => Some(Kind::F32 { big }),
            "f8" => Some(Kind::F64 { big }),
            _ => None,
        }
    }

    fn width(&self) -> usize {
        match self {
            Kind::U8 => 1,
            Kind::F16 { .. } => 2,
            Kind::F32 { .. } => 4,
            Kind::F64 { .. } => 8,
        }
    }

    fn read(&self, body: &[u8]) -> Vec<f32> {
        fn each<const N: usize>(body: &[u8], big: bool, convert: impl Fn([u8; N]) -> f32) -> Vec<f32> {
            let (chunks, _) = body.as_chunks::<N>();
            chunks
                .iter()
                .map(|chunk| {
                    let mut bytes = *chunk;
                    if big {
                        bytes.reverse();
                    }
                    convert(bytes)
                })
                .collect()
        }
        match *self {
            Kind::U8 => body.iter().map(|b| f32::from(*b)).collect(),
            Kind::F16 { big } => each(body, big, |b| half::f16::from_le_bytes(b).to_f32()),
            Kind::F32 { big } => each(body, big, f32::from_le_bytes),
            Kind::F64 { big } => each(body, big, |b| f64::from_le_bytes(b) as f32),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(header: &str, body: &[u8]) -> Vec<u8> {
        [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), body].concat()
    }

    #[test]
    fn reads_what_numpy_writes() {
        // numpy.save of numpy.array([[0, 1, 2]], dtype) up to padding
        let body: Vec<u8> = [0f64, 1.0, 2.0].iter().flat_map(|v| v.to_be_bytes()).collect();
        let array =
            Array::parse(&file("{'descr': '>f8', 'fortran_order': False, 'shape': (1, 3), }  \n", &body), "a").unwrap();
        assert_eq!((array.shape, array.values), (vec![1, 3], vec![0.0, 1.0, 2.0]));
        let array =
            Array::parse(&file("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n", &[0, 255]), "a").unwrap();
        assert_eq!((array.values, array.is_bytes), (vec![0.0, 255.0], true));
        assert_eq!(Array::new(vec![2], vec![0.0; 2]).to_bytes().len() % 64, 8);
    }

    #[test]
    fn names_what_is_wrong() {
        let cases = [
            (b"PK\x03\x04".to_vec(), "\\x93NUMPY"),
            (b"\x93NUMPY\x09\x00\x00\x00".to_vec(), "version is 9"),
            (b"\x93NUMPY\x01\x00\xff\xff{}".to_vec(), "ends within"),
            (file("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", &[0; 8]), "astype('float32')"),
            (file("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", &[0; 4]), "Fortran"),
            (file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", &[0; 4]), "needs 8 bytes, but 4"),
            (
                file("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", &[0; 4]),
                "too many",
            ),
            (file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", &[0; 4]), "records"),
            (file("{'descr': '<f4', 'shape': (1,), }", &[0; 4]), "not understood"),
        ];
        for (bytes, part) in cases {
            let message = Array::parse(&bytes, "x.npy").unwrap_err().to_string();
            assert!(message.contains(part) && message.contains("x.npy"), "{message}");
        }
    }

    #[test]
    fn images_and_codes_are_checked() {
        let images = Array::new(vec![2, 28, 28], vec![0.25; 2 * PIXELS]).into_images("i").unwrap();
        assert_eq!((images.0, images.1[0]), (2, 0.25));
        assert!(Array::new(vec![2, 3], vec![0.0; 6]).into_images("i").unwrap_err().to_string().contains("(2, 3)"));
        assert!(Array::new(vec![0, 784], vec![]).into_images("i").unwrap_err().to_string().contains("no image"));
        let mut values = vec![0.0; PIXELS];
        values[3] = f32::NAN;
        assert!(Array::new(vec![28, 28], values).into_images("i").unwrap_err().to_string().contains("NaN in image 0"));
        assert_eq!(Array::new(vec![3, 2], vec![0.0; 6]).into_codes(2, "z").unwrap().0, 3);
        assert!(Array::new(vec![3, 2], vec![0.0; 6]).into_codes(20, "z").unwrap_err().to_string().contains("N x 20"));
        assert_eq!(Array::new(vec![2], vec![f32::INFINITY; 2]).into_codes(2, "z").unwrap_err().kind(), "non-finite");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(shape in proptest::collection::vec(0usize..5, 0..4), seed in any::<u32>()) {
            let len = shape.iter().product::<usize>();
            let values = (0..len).map(|i| f32::from_bits(seed.wrapping_mul(i as u32 + 1) & 0xbfff_ffff)).collect();
            let array = Array::new(shape, values);
            prop_assert_eq!(Array::parse(&array.to_bytes(), "x").unwrap(), array);
        }

        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
            let _ = Array::parse(&bytes, "random");
            let _ = Array::parse(&[MAGIC, &bytes].concat(), "random");
            let _ = Array::parse(&file(&text, &bytes), "random");
            let _ = Array::parse(&file(&format!("{{'descr': '{text}', 'shape': ({text}), 'fortran_order': False}}"), &bytes), "random");
        }
    }
}
