//! Drawing a grid of images: what is drawn, and the CPU's twin of `shaders/present.wgsl`.

use super::gpu::GpuImages;
use crate::{Error, Result};

/// Images to be drawn, where they lie.
#[derive(Clone, Copy)]
pub enum Images<'a> {
    /// In host memory, `[n, side, side]`.
    Host(&'a [f32]),
    /// In device memory.
    Device(GpuImages<'a>),
}

impl Images<'_> {
    /// The same without the first `values` values.
    #[must_use]
    pub fn skip(self, values: usize) -> Self {
        match self {
            Images::Host(images) => Images::Host(images.get(values..).unwrap_or_default()),
            Images::Device(images) => Images::Device(images.skip(values)),
        }
    }
}

/// How values become ink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Greys: 0 is paper, 1 is ink.
    #[default]
    Grey,
    /// Pixels as denoisers have them: -1 is paper, 1 is ink.
    Signed,
    /// Standard normal noise: 0 is half way, 3 standard deviations are the ends.
    Noise,
    /// Signed values in two colours: 0 is paper, 1 is ink, -1 is the colour `below`.
    Diverging,
}

impl Tone {
    /// Ink is value * scale + shift, cut to -1 to 1; what is below 0 has a colour of its own.
    pub(crate) fn scale_and_shift(self) -> [f32; 2] {
        match self {
            Tone::Grey | Tone::Diverging => [1.0, 0.0],
            Tone::Signed => [0.5, 0.5],
            Tone::Noise => [1.0 / 6.0, 0.5],
        }
    }
}

/// How a grid of `columns * rows` square images fills a canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Height and width of one image in its own pixels.
    pub side: usize,
    /// Images in a row.
    pub columns: usize,
    /// Rows of images.
    pub rows: usize,
    /// Paper between images, in image pixels.
    pub gap: f32,
    /// Cubic interpolation (Catmull and Rom 1974) instead of crisp squares.
    pub smooth: bool,
    /// How values become ink.
    pub tone: Tone,
    /// The colour of full ink, sRGB in 0 to 1.
    pub ink: [f32; 3],
    /// The colour of no ink, sRGB in 0 to 1.
    pub paper: [f32; 3],
    /// The colour of -1 with [`Tone::Diverging`], sRGB in 0 to 1; that of paper with the other tones.
    pub below: [f32; 3],
}

impl View {
    /// Checks the grid against a number of image values.
    ///
    /// # Errors
    /// [`Error::Shape`] when there are no images or not enough of them.
    pub fn check(&self, values: usize) -> Result<()> {
        let needed = self.side * self.side * self.columns * self.rows;
        if needed == 0 || needed > values {
            return Err(Error::Shape(format!(
                "a grid of {} by {} images needs {needed} values, {values} are there",
                self.columns, self.rows
            )));
        }
        Ok(())
    }

    /// Image pixels along an axis of `count` images.
    pub(crate) fn extent(&self, count: usize) -> f32 {
        (count * self.side) as f32 + (count - 1) as f32 * self.gap
    }
}

/// How one row or column of the canvas reads the images: weighted pixels, counted through all images of the axis.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    taps: [(usize, f32); MAX_TAPS],
    count: usize,
}

/// Four of a cubic, at two places where the canvas is coarser than the images.
const MAX_TAPS: usize = 8;

impl Reading {
    fn add(&mut self, cell: usize, index: f32, weight: f32, side: usize) {
        if index >= 0.0 && index < side as f32 {
            self.taps[self.count] = (cell * side + index as usize, weight);
            self.count += 1;
        }
    }
}

/// What every position of an axis of `size` canvas pixels reads.
fn readings(view: &View, count: usize, size: usize) -> Vec<Reading> {
    let extent = view.extent(count);
    let pitch = view.side as f32 + view.gap;
    let scale = extent / size as f32;
    let places: &[f32] = if scale > 1.0 { &[0.25, 0.75] } else { &[0.5] };
    let read = |position: usize| {
        let mut reading = Reading::default();
        for place in places {
            let x = (position as f32 + place) * scale;
            let cell = ((x / pitch) as usize).min(count - 1);
            let u = x - cell as f32 * pitch;
            if u >= view.side as f32 {
                continue;
            }
            let weight = 1.0 / places.len() as f32;
            if view.smooth {
                let first = (u - 0.5).floor();
                for (tap, cubic) in catmull_rom(u - 0.5 - first).into_iter().enumerate() {
                    reading.add(cell, first + tap as f32 - 1.0, cubic * weight, view.side);
                }
            } else {
                reading.add(cell, u.floor(), weight, view.side);
            }
        }
        reading
    };
    (0..size).map(read).collect()
}

/// Weights of the four pixels around a place `t` in 0..1 between the middle two.
fn catmull_rom(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [-0.5 * t3 + t2 - 0.5 * t, 1.5 * t3 - 2.5 * t2 + 1.0, -1.5 * t3 + 2.0 * t2 + 0.5 * t, 0.5 * t3 - 0.5 * t2]
}

/// The CPU's painter: keeps what depends on the canvas's size only.
#[derive(Debug, Default)]
pub struct Painter {
    key: Option<(View, usize, usize)>,
    across: Vec<Reading>,
    down: Vec<Reading>,
    line: Vec<f32>,
    rgba: Vec<u8>,
}

impl Painter {
    /// Draws `images`, `[rows * columns, side, side]`, over a canvas of `width` by `height`; RGBA, row by row.
    ///
    /// # Errors
    /// [`Error::Shape`] when there are too few images or the canvas is empty.
    pub fn draw(&mut self, images: &[f32], view: &View, width: usize, height: usize) -> Result<&[u8]> {
        view.check(images.len())?;
        if width * height == 0 {
            return Err(Error::Shape("a canvas of no pixels".into()));
        }
        if self.key != Some((*view, width, height)) {
            self.across = readings(view, view.columns, width);
            self.down = readings(view, view.rows, height);
            self.rgba.resize(width * height * 4, 255);
            self.key = Some((*view, width, height));
        }
        let (side, row_len) = (view.side, view.columns * view.side);
        let [scale, shift] = view.tone.scale_and_shift();
        self.line.resize(row_len, 0.0);
        for (down, target) in self.down.iter().zip(self.rgba.chunks_exact_mut(width * 4)) {
            // first the weighted sum of image rows, then along the line
            self.line.fill(0.0);
            for &(row, weight) in &down.taps[..down.count] {
                let first = row / side * view.columns;
                for column in 0..view.columns {
                    let source = &images[((first + column) * side + row % side) * side..][..side];
                    for (target, value) in self.line[column * side..][..side].iter_mut().zip(source) {
                        *target += weight * (value * scale + shift);
                    }
                }
            }
            for (across, target) in self.across.iter().zip(target.chunks_exact_mut(4)) {
                let sum: f32 =
                    across.taps[..across.count].iter().map(|&(index, weight)| weight * self.line[index]).sum();
                let (end, share) = (if sum < 0.0 { &view.below } else { &view.ink }, sum.abs().min(1.0));
                for (channel, target) in target[..3].iter_mut().enumerate() {
                    let colour = view.paper[channel] + (end[channel] - view.paper[channel]) * share;
                    *target = (colour * 255.0 + 0.5) as u8;
                }
                target[3] = 255;
            }
        }
        Ok(&self.rgba)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(columns: usize, rows: usize) -> View {
        let (ink, paper) = ([0.0; 3], [1.0; 3]);
        View { side: 2, columns, rows, gap: 1.0, smooth: false, tone: Tone::Grey, ink, paper, below: paper }
    }

    #[test]
    fn crisp_squares_and_gaps() {
        let images = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let mut painter = Painter::default();
        let rgba = painter.draw(&images, &view(2, 1), 10, 4).unwrap();
        let dark: Vec<u8> = rgba.chunks(4).map(|pixel| u8::from(pixel[0] == 0)).collect();
        assert_eq!(&dark[..10], [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&dark[30..], [0, 0, 1, 1, 0, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn tones() {
        let grey = |tone: Tone, values: [f32; 4]| {
            let view = View { tone, ink: [1.0; 3], paper: [0.0; 3], below: [0.0; 3], ..view(1, 1) };
            let rgba = Painter::default().draw(&values, &view, 2, 2).unwrap().to_vec();
            rgba.chunks(4).map(|pixel| pixel[0]).collect::<Vec<u8>>()
        };
        assert_eq!(grey(Tone::Grey, [-1.0, 0.0, 0.2, 1.5]), [0, 0, 51, 255]);
        assert_eq!(grey(Tone::Signed, [-1.5, -1.0, -0.6, 1.0]), [0, 0, 51, 255]);
        assert_eq!(grey(Tone::Noise, [-4.0, -3.0, -1.8, 3.0]), [0, 0, 51, 255]);
    }

    #[test]
    fn signed_values_go_from_one_colour_over_paper_to_another() {
        let view =
            View { tone: Tone::Diverging, ink: [1.0, 0.0, 0.0], paper: [0.0; 3], below: [0.0, 0.0, 1.0], ..view(1, 1) };
        let rgba = Painter::default().draw(&[1.5, 0.0, 0.2, -0.6], &view, 2, 2).unwrap().to_vec();
        let colours: Vec<&[u8]> = rgba.chunks(4).map(|pixel| &pixel[..3]).collect();
        assert_eq!(colours, [[255, 0, 0], [0, 0, 0], [51, 0, 0], [0, 0, 153]]);
    }

    #[test]
    fn a_cubic_keeps_a_constant_inside() {
        let weights = [0.0f32, 0.3, 0.99].map(|t| catmull_rom(t).iter().sum::<f32>());
        assert!(weights.iter().all(|sum| (sum - 1.0).abs() < 1e-6));
    }

    #[test]
    fn too_few_images_are_refused() {
        assert!(Painter::default().draw(&[0.0; 7], &view(2, 1), 4, 4).is_err());
        assert!(Painter::default().draw(&[0.0; 8], &view(2, 1), 0, 4).is_err());
    }
}
