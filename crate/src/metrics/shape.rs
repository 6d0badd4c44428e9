//! What makes the style of a written digit: how far it leans, how wide its strokes are and how much ink it has.

use crate::data::{PIXELS, SIDE};
use crate::models::classifier::CLASSES;

/// The style of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shape {
    /// How far the strokes lean to the right for each pixel upwards: mu_11 / mu_02 of the ink's central moments, with y
    /// upwards. It is what deslanting shears a digit by (LeCun et al. 1998, section III.A). 0 for blank paper.
    pub slant: f64,
    /// The width of the strokes in pixels: 2 sum g / sum |grad g|, the grey values g in [0, 1] and their differences to the
    /// right and below. A long stroke of width w and length l has w l ink and edges of 2 l. 0 for blank paper.
    pub width: f64,
    /// The mean grey value, 0 to 1.
    pub ink: f64,
}

impl Shape {
    /// That of 784 grey values in [0, 1].
    pub fn of(image: &[f32]) -> Shape {
        let grey = |x: usize, y: usize| if x < SIDE && y < SIDE { f64::from(image[y * SIDE + x]) } else { 0.0 };
        let [mut ink, mut edges, mut across, mut up] = [0.0; 4];
        for y in 0..SIDE {
            for x in 0..SIDE {
                let value = grey(x, y);
                ink += value;
                across += value * x as f64;
                up -= value * y as f64;
                edges += (grey(x + 1, y) - value).hypot(grey(x, y + 1) - value);
            }
        }
        if ink <= 0.0 {
            return Shape::default();
        }
        let (middle_x, middle_y) = (across / ink, up / ink);
        let (mut both, mut height) = (0.0, 0.0);
        for y in 0..SIDE {
            for x in 0..SIDE {
                let (right, above) = (x as f64 - middle_x, -(y as f64) - middle_y);
                both += grey(x, y) * right * above;
                height += grey(x, y) * above * above;
            }
        }
        let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
        Shape { slant: ratio(both, height), width: 2.0 * ratio(ink, edges), ink: ink / PIXELS as f64 }
    }
}

/// The values less the mean of their class: what is left is not owed to a digit's own form.
pub fn within_classes(values: &[f64], classes: &[u8]) -> Vec<f64> {
    let (mut sums, mut counts) = ([0.0; CLASSES], [0.0; CLASSES]);
    for (value, class) in values.iter().zip(classes) {
        sums[usize::from(*class)] += value;
        counts[usize::from(*class)] += 1.0;
    }
    values
        .iter()
        .zip(classes)
        .map(|(value, class)| value - sums[usize::from(*class)] / counts[usize::from(*class)])
        .collect()
}

/// Pearson's correlation of equally many values; 0 where one of them does not vary.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let count = a.len().min(b.len()).max(1) as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / count, b.iter().sum::<f64>() / count);
    let [mut both, mut own, mut other] = [0.0; 3];
    for (x, y) in a.iter().zip(b) {
        both += (x - mean_a) * (y - mean_b);
        own += (x - mean_a) * (x - mean_a);
        other += (y - mean_b) * (y - mean_b);
    }
    if own > 0.0 && other > 0.0 { both / (own * other).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bar of a width, of 20 pixels' height, that leans by so much.
    fn bar(width: f64, lean: f64) -> Vec<f32> {
        let grey = |i: usize| {
            let (x, y) = ((i % SIDE) as f64 - 13.5, 13.5 - (i / SIDE) as f64);
            let inside = (0.5 * width + 0.5 - (x - lean * y).abs()).clamp(0.0, 1.0);
            if y.abs() < 10.0 { inside as f32 } else { 0.0 }
        };
        (0..PIXELS).map(grey).collect()
    }

    #[test]
    fn bars_are_as_they_were_drawn() {
        for (width, lean) in [(2.0, 0.0), (4.0, 0.3), (3.0, -0.5)] {
            let shape = Shape::of(&bar(width, lean));
            assert!((shape.slant - lean).abs() < 0.03, "{shape:?} {lean}");
            assert!((shape.ink - width * 20.0 / 784.0).abs() < 0.01, "{shape:?}");
        }
        let widths = [2.0, 3.0, 4.0].map(|width| Shape::of(&bar(width, 0.0)).width);
        for (found, drawn) in widths.into_iter().zip([2.0, 3.0, 4.0]) {
            assert!((found - drawn).abs() < 0.25 * drawn, "{found} {drawn}: the ends have edges too");
        }
        assert_eq!(Shape::of(&[0.0; PIXELS]), Shape::default());
    }

    #[test]
    fn correlations_of_what_is_the_same_the_opposite_and_flat() {
        let a = [1.0, 2.0, 4.0, 3.0];
        let opposite = a.map(|x| 5.0 - 2.0 * x);
        assert!((correlation(&a, &a) - 1.0).abs() < 1e-12 && (correlation(&a, &opposite) + 1.0).abs() < 1e-12);
        assert_eq!(correlation(&a, &[2.0; 4]), 0.0);
        assert_eq!(correlation(&[], &[]), 0.0);
        assert_eq!(within_classes(&[1.0, 3.0, 10.0], &[2, 2, 5]), [-1.0, 1.0, 0.0]);
    }
}
