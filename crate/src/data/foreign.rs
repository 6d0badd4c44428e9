//! Pictures that are no digits, to see which models notice: made of digits or of nothing, by pure functions of the digits
//! and a seed.

use serde::{Deserialize, Serialize};

use super::{PIXELS, SIDE, streams};
use crate::rng::Philox;

/// Side of the squares that [`Foreign::Shuffled`] puts in another order; a divisor of [`SIDE`].
const PATCH: usize = 7;
/// Part of the pixels that [`Foreign::Speckled`] sets to paper or ink.
const SPECKS: f32 = 0.1;
/// Side of the square of paper that covers a part of the digit, and from where on its corner may lie.
const COVER: usize = 12;
const COVER_FROM: usize = 5;
/// Points that a stroke goes through, straight pieces between two of them, and what it keeps from the edge.
const POINTS: usize = 6;
const PIECES: usize = 8;
const EDGE: f32 = 4.0;
/// Half the width of a stroke in pixels, about that of MNIST's pens.
const PEN: f32 = 1.3;
/// How often another digit is drawn in search of one of another class.
const TRIES: usize = 100;

/// What a picture that is no digit is made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Foreign {
    /// Each pixel a grey value of its own, all equally likely.
    Noise,
    /// The 16 squares of 7 x 7 pixels in another order.
    Shuffled,
    /// Paper for ink and ink for paper.
    Inverted,
    /// The first row last.
    UpsideDown,
    /// The first column last.
    Mirrored,
    /// The upper half of one digit and the lower half of one of another class.
    Joined,
    /// A letter of no alphabet: a smooth curve through random points, drawn with a pen of a digit's width.
    Strokes,
    /// Salt and pepper: a tenth of the pixels set to paper or ink.
    Speckled,
    /// A square of paper over a part of the digit.
    Covered,
    /// Nothing but paper.
    Blank,
}

impl Foreign {
    /// All kinds, those that have least to do with digits first.
    pub const ALL: [Foreign; 10] = [
        Foreign::Noise,
        Foreign::Blank,
        Foreign::Inverted,
        Foreign::Shuffled,
        Foreign::Strokes,
        Foreign::Joined,
        Foreign::UpsideDown,
        Foreign::Mirrored,
        Foreign::Speckled,
        Foreign::Covered,
    ];

    /// In words, for tables.
    pub fn words(self) -> &'static str {
        match self {
            Foreign::Noise => "noise",
            Foreign::Shuffled => "patches shuffled",
            Foreign::Inverted => "inverted",
            Foreign::UpsideDown => "upside down",
            Foreign::Mirrored => "mirrored",
            Foreign::Joined => "two digits joined",
            Foreign::Strokes => "random strokes",
            Foreign::Speckled => "salt and pepper",
            Foreign::Covered => "partly covered",
            Foreign::Blank => "blank paper",
        }
    }

    /// One picture for each of the digits `images` (784 bytes each, 0 is paper) of the classes `labels`. The same for the
    /// same seed; a picture depends on its place and, where digits are joined, on the others.
    pub fn pictures(self, images: &[u8], labels: &[u8], seed: u32) -> Vec<u8> {
        let mut pictures = images.to_vec();
        for (index, picture) in pictures.chunks_exact_mut(PIXELS).enumerate() {
            let count = (self as u64) << 32 | index as u64;
            let mut rng = Philox::new(u64::from(seed), streams::stream(streams::FOREIGN, count));
            match self {
                Foreign::Noise => picture.fill_with(|| (rng.next_u32() >> 24) as u8),
                Foreign::Shuffled => shuffle(&images[index * PIXELS..][..PIXELS], picture, &mut rng),
                Foreign::Inverted => picture.iter_mut().for_each(|grey| *grey = 255 - *grey),
                Foreign::UpsideDown => flip(picture),
                Foreign::Mirrored => picture.chunks_exact_mut(SIDE).for_each(<[u8]>::reverse),
                Foreign::Joined => {
                    let other = another(labels, index, &mut rng);
                    let lower = PIXELS / 2;
                    picture[lower..].copy_from_slice(&images[other * PIXELS + lower..][..lower]);
                }
                Foreign::Strokes => stroke(picture, &mut rng),
                Foreign::Speckled => speckle(picture, &mut rng),
                Foreign::Covered => cover(picture, &mut rng),
                Foreign::Blank => picture.fill(0),
            }
        }
        pictures
    }
}

fn shuffle(digit: &[u8], picture: &mut [u8], rng: &mut Philox) {
    let row = SIDE / PATCH;
    for (to, from) in rng.permutation(row * row).into_iter().enumerate() {
        let corner = |patch: usize| patch / row * PATCH * SIDE + patch % row * PATCH;
        for y in 0..PATCH {
            let (to, from) = (corner(to) + y * SIDE, corner(from as usize) + y * SIDE);
            picture[to..to + PATCH].copy_from_slice(&digit[from..from + PATCH]);
        }
    }
}

fn flip(picture: &mut [u8]) {
    let (upper, lower) = picture.split_at_mut(PIXELS / 2);
    for (above, below) in upper.chunks_exact_mut(SIDE).zip(lower.chunks_exact_mut(SIDE).rev()) {
        above.swap_with_slice(below);
    }
}

/// A digit of another class than that of `index`, or after [`TRIES`] any.
fn another(labels: &[u8], index: usize, rng: &mut Philox) -> usize {
    let mut other = index;
    for _ in 0..TRIES {
        other = rng.below(labels.len() as u32) as usize;
        if labels[other] != labels[index] {
            break;
        }
    }
    other
}

fn speckle(picture: &mut [u8], rng: &mut Philox) {
    for grey in picture {
        if rng.uniform() < SPECKS {
            *grey = if rng.next_u32() >> 31 == 0 { 0 } else { 255 };
        }
    }
}

fn cover(picture: &mut [u8], rng: &mut Philox) {
    let places = (SIDE - COVER - 2 * COVER_FROM + 1) as u32;
    let [x, y] = [rng.below(places) as usize + COVER_FROM, rng.below(places) as usize + COVER_FROM];
    for row in picture.chunks_exact_mut(SIDE).skip(y).take(COVER) {
        row[x..x + COVER].fill(0);
    }
}

/// A Catmull-Rom spline through random points.
fn stroke(picture: &mut [u8], rng: &mut Philox) {
    let mut place = || EDGE + rng.uniform() * (SIDE as f32 - 2.0 * EDGE);
    let points: Vec<[f32; 2]> = (0..POINTS).map(|_| [place(), place()]).collect();
    let mut line = vec![points[0]];
    for segment in 0..POINTS - 1 {
        let [before, from, to, after] =
            [segment.saturating_sub(1), segment, segment + 1, (segment + 2).min(POINTS - 1)].map(|index| points[index]);
        for piece in 1..=PIECES {
            let t = piece as f32 / PIECES as f32;
            line.push(std::array::from_fn(|axis| {
                let [a, b, c, d] = [before[axis], from[axis], to[axis], after[axis]];
                let (slope, curve) = (c - a, 2.0 * a - 5.0 * b + 4.0 * c - d);
                0.5 * (2.0 * b + t * (slope + t * (curve + t * (3.0 * b - a - 3.0 * c + d))))
            }));
        }
    }
    for (index, grey) in picture.iter_mut().enumerate() {
        let pixel = [(index % SIDE) as f32 + 0.5, (index / SIDE) as f32 + 0.5];
        let nearest = line.windows(2).map(|ends| distance(pixel, ends[0], ends[1])).fold(f32::INFINITY, f32::min);
        *grey = (255.0 * (PEN + 0.5 - nearest).clamp(0.0, 1.0)).round() as u8;
    }
}

/// The distance of a point from the piece of a line between `a` and `b`.
fn distance(point: [f32; 2], a: [f32; 2], b: [f32; 2]) -> f32 {
    let [along, to] = [[b[0] - a[0], b[1] - a[1]], [point[0] - a[0], point[1] - a[1]]];
    let length = (along[0] * along[0] + along[1] * along[1]).max(f32::MIN_POSITIVE);
    let part = ((along[0] * to[0] + along[1] * to[1]) / length).clamp(0.0, 1.0);
    (to[0] - part * along[0]).hypot(to[1] - part * along[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three pictures that are not symmetric, of two classes.
    fn digits() -> (Vec<u8>, Vec<u8>) {
        ((0..3 * PIXELS).map(|i| (i * i % 251) as u8).collect(), vec![1, 7, 1])
    }

    #[test]
    fn the_seed_decides_and_each_kind_differs_from_the_digits() {
        let (images, labels) = digits();
        for kind in Foreign::ALL {
            let pictures = kind.pictures(&images, &labels, 5);
            assert_eq!(pictures.len(), images.len());
            assert_eq!(pictures, kind.pictures(&images, &labels, 5), "{kind:?}");
            assert_ne!(pictures, images, "{kind:?}");
            let is_drawn =
                !matches!(kind, Foreign::Inverted | Foreign::UpsideDown | Foreign::Mirrored | Foreign::Blank);
            // of two classes and three digits a seed may join the same ones
            if kind != Foreign::Joined {
                assert_eq!(pictures != kind.pictures(&images, &labels, 6), is_drawn, "{kind:?}");
            }
        }
    }

    #[test]
    fn what_is_done_twice_is_undone_and_what_is_moved_is_kept() {
        let (images, labels) = digits();
        for kind in [Foreign::Inverted, Foreign::UpsideDown, Foreign::Mirrored] {
            assert_eq!(kind.pictures(&kind.pictures(&images, &labels, 1), &labels, 2), images, "{kind:?}");
        }
        for kind in [Foreign::Shuffled, Foreign::UpsideDown, Foreign::Mirrored] {
            let pictures = kind.pictures(&images, &labels, 1);
            for (picture, digit) in pictures.chunks(PIXELS).zip(images.chunks(PIXELS)) {
                let sorted = |values: &[u8]| {
                    let mut values = values.to_vec();
                    values.sort_unstable();
                    values
                };
                assert_eq!(sorted(picture), sorted(digit), "{kind:?}");
            }
        }
    }

    #[test]
    fn halves_are_of_two_classes() {
        let (images, labels) = digits();
        let pictures = Foreign::Joined.pictures(&images, &labels, 3);
        for (index, picture) in pictures.chunks(PIXELS).enumerate() {
            let half = PIXELS / 2;
            assert_eq!(picture[..half], images[index * PIXELS..][..half]);
            let other = (0..3).find(|other| picture[half..] == images[other * PIXELS + half..][..half]).unwrap();
            assert_ne!(labels[other], labels[index]);
        }
        // where there is no other class nothing hangs
        assert_eq!(Foreign::Joined.pictures(&images, &[1, 1, 1], 3).len(), images.len());
    }

    #[test]
    fn damage_is_as_large_as_it_says() {
        let images = vec![128u8; 50 * PIXELS];
        let labels = vec![0u8; 50];
        let changed = |kind: Foreign| {
            let pictures = kind.pictures(&images, &labels, 4);
            pictures.iter().filter(|grey| **grey != 128).count() as f64 / pictures.len() as f64
        };
        assert!((changed(Foreign::Speckled) - 0.1).abs() < 0.01);
        assert_eq!(changed(Foreign::Covered), (COVER * COVER) as f64 / PIXELS as f64);
        let strokes = Foreign::Strokes.pictures(&images, &labels, 4);
        let ink = strokes.iter().map(|grey| f64::from(*grey)).sum::<f64>() / 255.0 / strokes.len() as f64;
        assert!((0.05..0.4).contains(&ink), "about as much ink as digits have: {ink}");
    }
}
