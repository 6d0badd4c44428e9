//! Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): counter-based, so that every
//! element of every stream is known without the ones before it. `shaders/shared/rng.wgsl` is its twin, equal as integers.

use crate::real::Real;

/// A stream of random numbers keyed by (seed, stream).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Philox {
    seed: u64,
    stream: u64,
    index: u64,
    block: [u32; 4],
}

impl Philox {
    /// The stream `stream` of `seed`, at its start.
    pub fn new(seed: u64, stream: u64) -> Self {
        Philox { seed, stream, index: 0, block: [0; 4] }
    }

    /// The four words of block `index`, wherever the stream stands.
    pub fn block(&self, index: u64) -> [u32; 4] {
        let counter = [index as u32, (index >> 32) as u32, self.stream as u32, (self.stream >> 32) as u32];
        philox4x32(counter, [self.seed as u32, (self.seed >> 32) as u32])
    }

    /// How many words were drawn.
    pub fn position(&self) -> u64 {
        self.index
    }

    /// Goes to the place after `position` words.
    pub fn seek(&mut self, position: u64) {
        self.index = position;
        self.block = self.block(position / 4);
    }

    /// The next word.
    pub fn next_u32(&mut self) -> u32 {
        if self.index.is_multiple_of(4) {
            self.block = self.block(self.index / 4);
        }
        let word = self.block[(self.index % 4) as usize];
        self.index += 1;
        word
    }

    /// Uniform in [0, 1), a multiple of 2^-24.
    pub fn uniform(&mut self) -> f32 {
        uniform(self.next_u32())
    }

    /// Uniform in 0..n, without bias.
    ///
    /// # Panics
    /// When `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "a range of no numbers");
        let limit = u32::MAX - (u32::MAX % n + 1) % n;
        loop {
            let word = self.next_u32();
            if word <= limit {
                return word % n;
            }
        }
    }

    /// Fills `values` with standard normal numbers, by Box and Muller, from a fresh block on.
    pub fn fill_normal(&mut self, values: &mut [f32]) {
        self.index = self.index.next_multiple_of(4);
        for chunk in values.chunks_mut(4) {
            let normals = normals(self.block(self.index / 4));
            chunk.copy_from_slice(&normals[..chunk.len()]);
            self.index += 4;
        }
        if !self.index.is_multiple_of(4) {
            self.block = self.block(self.index / 4);
        }
    }

    /// A permutation of 0..n, by Fisher and Yates.
    pub fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for last in (1..n).rev() {
            order.swap(last, self.below(last as u32 + 1) as usize);
        }
        order
    }
}

/// A word as a uniform number in [0, 1).
pub fn uniform(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// A block as four standard normal numbers.
pub fn normals(block: [u32; 4]) -> [f32; 4] {
    let pair = |a: u32, b: u32| {
        // the first uniform number is in (0, 1], so that its logarithm is finite
        let radius = (-2.0 * (((a >> 8) + 1) as f32 * (1.0 / 16_777_216.0)).ln()).sqrt();
        let angle = std::f32::consts::TAU * uniform(b);
        [radius * Real::cos(angle), radius * Real::sin(angle)]
    };
    let [a, b] = pair(block[0], block[1]);
    let [c, d] = pair(block[2], block[3]);
    [a, b, c, d]
}

/// Ten rounds of Philox4x32.
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let a = u64::from(counter[0]) * 0xD251_1F53;
        let b = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [(b >> 32) as u32 ^ counter[1] ^ key[0], b as u32, (a >> 32) as u32 ^ counter[3] ^ key[1], a as u32];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that come with Random123.
    #[test]
    fn known_answers() {
        assert_eq!(philox4x32([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox4x32([!0; 4], [!0; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox4x32([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn seeking_continues_the_stream() {
        let mut stream = Philox::new(7, 3);
        let words: Vec<u32> = (0..23).map(|_| stream.next_u32()).collect();
        for (position, &word) in (0..).zip(&words) {
            let mut other = Philox::new(7, 3);
            other.seek(position);
            assert_eq!(other.next_u32(), word);
        }
    }

    #[test]
    fn normal_moments() {
        let mut values = vec![0.0; 100_003];
        Philox::new(1, 0).fill_normal(&mut values);
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let variance = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n - mean * mean;
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.015, "{mean} {variance}");
    }

    #[test]
    fn permutation_holds_each_number_once() {
        let mut order = Philox::new(5, 5).permutation(1000);
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(index, &value)| index as u32 == value));
    }
}
