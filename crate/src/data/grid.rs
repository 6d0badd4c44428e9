//! A picture of many digits: an 8-bit grey PNG, ink dark on paper.

use super::{PIXELS, SIDE};
use crate::error::{Error, Result};

/// Pixels of paper between two digits and around the grid.
const GAP: usize = 2;
/// Samples are ink (1) on paper (0); a PNG's white is 255.
const PAPER: u8 = 255;

/// A PNG of `images` (values in [0, 1], 784 each) in rows of about the square root of their number.
///
/// # Errors
/// [`Error::Data`] for no image, or more than a PNG can hold in a sensible size (a million).
pub fn png(images: &[f32]) -> Result<Vec<u8>> {
    let count = images.len() / PIXELS;
    if count == 0 || count > 1_000_000 {
        return Err(Error::Data(format!("a picture of {count} digits cannot be drawn; write a .npy file instead")));
    }
    let columns = (count as f64).sqrt().ceil() as usize;
    let rows = count.div_ceil(columns);
    let (width, height) = (columns * (SIDE + GAP) + GAP, rows * (SIDE + GAP) + GAP);
    let mut picture = vec![PAPER; width * height];
    for (i, image) in images.chunks_exact(PIXELS).enumerate() {
        let (left, top) = ((i % columns) * (SIDE + GAP) + GAP, (i / columns) * (SIDE + GAP) + GAP);
        for (y, row) in image.chunks_exact(SIDE).enumerate() {
            let start = (top + y) * width + left;
            for (pixel, value) in picture[start..start + SIDE].iter_mut().zip(row) {
                *pixel = 255 - (value.clamp(0.0, 1.0) * 255.0).round() as u8;
            }
        }
    }
    let mut bytes = Vec::new();
    let encoding = |error: png::EncodingError| Error::Io(format!("cannot encode the picture: {error}"));
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(encoding)?;
    writer.write_image_data(&picture).map_err(encoding)?;
    writer.finish().map_err(encoding)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_ink_on_paper_where_the_image_has_it() {
        let mut images = vec![0.0; 3 * PIXELS];
        images[PIXELS + SIDE + 5] = 1.0; // second digit, row 1, column 5
        let bytes = png(&images).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (62, 62));
        let dark: Vec<usize> = pixels.iter().enumerate().filter(|(_, p)| **p == 0).map(|(i, _)| i).collect();
        assert_eq!(dark, [(GAP + 1) * 62 + GAP + SIDE + GAP + 5]);
        assert!(png(&[]).is_err());
    }
}
