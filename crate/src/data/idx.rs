//! IDX, the format of the MNIST files: a big-endian header and bytes, usually gzipped.
//!
//! The header of images is `0x00000803, count, rows, columns`; that of labels `0x00000801, count`. Both readers are
//! strict: a header that claims more or fewer bytes than the file holds is an error, and memory grows with what is
//! really there, never with what is claimed.

use std::io::Read;

use flate2::bufread::GzDecoder;

use crate::error::{Error, Result};

const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;
/// More than any digit data set has (EMNIST, the largest, has 814,255).
const MAX_COUNT: u64 = 4_000_000;
/// 1 GiB of pixels.
const MAX_BYTES: u64 = 1 << 30;

/// Grey images of one size, row by row, 0 to 255.
#[derive(Debug, Clone, PartialEq)]
pub struct IdxImages {
    /// Number of images.
    pub count: usize,
    /// Height in pixels.
    pub rows: usize,
    /// Width in pixels.
    pub columns: usize,
    /// `count * rows * columns` bytes.
    pub pixels: Vec<u8>,
}

/// Reads an IDX file of images, gzipped or plain.
///
/// # Errors
/// [`Error::Data`] for anything but a well-formed file: other magic, truncated or damaged gzip, too few or too many
/// bytes, sizes of zero or beyond reason. `name` is the file's name for the message.
pub fn parse_images(bytes: &[u8], name: &str) -> Result<IdxImages> {
    with_content(bytes, name, |content| {
        let [magic, count, rows, columns] = header::<4>(content, name)?;
        check_magic(magic, IMAGES_MAGIC, "images", name)?;
        if count == 0 || rows == 0 || columns == 0 {
            return Err(data(
                name,
                format!("its header claims {count} images of {rows} x {columns} pixels: there is nothing in it"),
            ));
        }
        let (count, rows, columns) = (u64::from(count), u64::from(rows), u64::from(columns));
        let total = rows
            .checked_mul(columns)
            .and_then(|n| n.checked_mul(count))
            .filter(|n| *n <= MAX_BYTES && count <= MAX_COUNT);
        let Some(total) = total else {
            return Err(data(
                name,
                format!("its header claims {count} images of {rows} x {columns} pixels, more than this program reads"),
            ));
        };
        let pixels = body(content, total, name)?;
        Ok(IdxImages { count: count as usize, rows: rows as usize, columns: columns as usize, pixels })
    })
}

/// Reads an IDX file of labels, gzipped or plain: one byte each.
///
/// # Errors
/// [`Error::Data`] as [`parse_images`].
pub fn parse_labels(bytes: &[u8], name: &str) -> Result<Vec<u8>> {
    with_content(bytes, name, |content| {
        let [magic, count] = header::<2>(content, name)?;
        check_magic(magic, LABELS_MAGIC, "labels", name)?;
        let count = u64::from(count);
        if count == 0 || count > MAX_COUNT {
            return Err(data(name, format!("its header claims {count} labels")));
        }
        body(content, count, name)
    })
}

fn data(name: &str, what: String) -> Error {
    Error::Data(format!("{name} is not usable: {what}"))
}

/// Runs `parse` over the file's content, unpacked if it is gzip, and refuses bytes behind the gzip stream.
fn with_content<T>(bytes: &[u8], name: &str, parse: impl FnOnce(&mut dyn Read) -> Result<T>) -> Result<T> {
    if bytes.is_empty() {
        return Err(data(name, "the file is empty".into()));
    }
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return parse(&mut &bytes[..]);
    }
    let mut decoder = GzDecoder::new(bytes);
    let parsed = parse(&mut decoder)?;
    let behind = decoder.into_inner().len();
    if behind > 0 {
        return Err(data(name, format!("{behind} bytes follow the end of the gzip stream")));
    }
    Ok(parsed)
}

fn header<const N: usize>(content: &mut dyn Read, name: &str) -> Result<[u32; N]> {
    let mut words = [0; N];
    for word in &mut words {
        let mut bytes = [0; 4];
        content.read_exact(&mut bytes).map_err(|error| unreadable(name, &error))?;
        *word = u32::from_be_bytes(bytes);
    }
    Ok(words)
}

fn check_magic(found: u32, expected: u32, kind: &str, name: &str) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(data(name, format!("an IDX file of {kind} begins with 0x{expected:08x}, this one with 0x{found:08x}")))
}

/// Exactly `total` bytes, to the end of the content.
fn body(content: &mut dyn Read, total: u64, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // one more than claimed, to see bytes that should not be there; reading to the end also checks gzip's checksum
    content.take(total + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    let found = bytes.len() as u64;
    if found < total {
        return Err(data(
            name,
            format!("its header claims {total} bytes of data, but it holds {found}: the download may be incomplete"),
        ));
    }
    if found > total {
        return Err(data(name, format!("it holds more than the {total} bytes of data that its header claims")));
    }
    Ok(bytes)
}

fn unreadable(name: &str, error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        return data(name, "it ends too early: the download may be incomplete".into());
    }
    data(name, format!("the gzip stream is damaged ({error})"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn images(count: u32, rows: u32, columns: u32, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [IMAGES_MAGIC, count, rows, columns] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(pixels);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn reads_plain_and_gzipped_images_and_labels() {
        let plain = images(2, 1, 3, &[1, 2, 3, 4, 5, 6]);
        let expected = IdxImages { count: 2, rows: 1, columns: 3, pixels: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(parse_images(&plain, "plain").unwrap(), expected);
        assert_eq!(parse_images(&gzip(&plain), "gz").unwrap(), expected);
        let labels = [&LABELS_MAGIC.to_be_bytes()[..], &3u32.to_be_bytes(), &[7, 2, 1]].concat();
        assert_eq!(parse_labels(&gzip(&labels), "labels").unwrap(), vec![7, 2, 1]);
    }

    #[test]
    fn names_what_is_wrong() {
        let good = images(1, 2, 2, &[1, 2, 3, 4]);
        let cases: [(Vec<u8>, &str); 8] = [
            (vec![], "empty"),
            (vec![0, 0, 8], "ends too early"),
            (images(1, 2, 2, &[1, 2, 3]), "holds 3"),
            (images(1, 2, 2, &[1, 2, 3, 4, 5]), "more than the 4 bytes"),
            (images(0, 2, 2, &[]), "nothing in it"),
            (images(u32::MAX, u32::MAX, u32::MAX, &[0]), "more than this program reads"),
            ([&LABELS_MAGIC.to_be_bytes()[..], &good[4..]].concat(), "begins with 0x00000803"),
            ([gzip(&good), vec![0; 3]].concat(), "3 bytes follow"),
        ];
        for (bytes, part) in cases {
            let message = parse_images(&bytes, "the file").unwrap_err().to_string();
            assert!(message.contains(part) && message.contains("the file"), "{message}");
        }
    }

    #[test]
    fn a_truncated_or_damaged_gzip_is_refused() {
        let packed = gzip(&images(4, 28, 28, &[77; 4 * 784]));
        for length in 1..packed.len() {
            assert!(parse_images(&packed[..length], "cut").is_err(), "cut to {length} bytes");
        }
        let mut damaged = packed.clone();
        let checksum = damaged.len() - 8;
        damaged[checksum] ^= 1;
        assert!(parse_images(&damaged, "damaged").unwrap_err().to_string().contains("damaged"));
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_images(&bytes, "random");
            let _ = parse_labels(&bytes, "random");
            let _ = parse_images(&gzip(&bytes), "random gz");
        }

        #[test]
        fn any_flipped_byte_of_a_header_gives_an_answer(position in 0usize..16, value in any::<u8>()) {
            let mut bytes = images(3, 2, 2, &[9; 12]);
            bytes[position] = value;
            if let Ok(parsed) = parse_images(&bytes, "flipped") {
                prop_assert_eq!(parsed.pixels.len(), parsed.count * parsed.rows * parsed.columns);
            }
        }
    }
}
