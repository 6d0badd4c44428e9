//! Data sets and file formats: IDX and MNIST, binarisation, batches, `.npy`, picture grids.

pub mod batches;
pub mod binarize;
#[cfg(feature = "cli")]
pub mod foreign;
#[cfg(feature = "cli")]
pub mod grid;
#[cfg(feature = "cli")]
pub mod idx;
#[cfg(feature = "cli")]
pub mod mnist;
pub mod npy;

/// Height and width of an MNIST image.
pub const SIDE: usize = 28;
/// Pixels of an MNIST image.
pub const PIXELS: usize = SIDE * SIDE;

/// Philox streams of the host side: one purpose each, so that no two uses share numbers. A stream's upper 16 bits
/// are the purpose and its lower 48 bits count (step, epoch, chunk). Random nodes of a graph use streams whose upper
/// half is the step, which stays below 2^24: they never meet these.
pub mod streams {
    /// Order of the training images, one stream an epoch.
    pub const SHUFFLE: u64 = 0x100;
    /// Bernoulli draws of the test set, one stream in all.
    pub const BINARIZE_TEST: u64 = 0x101;
    /// Latent draws of `sample`, one stream in all.
    pub const SAMPLE: u64 = 0x102;
    /// Posterior draws of the ELBO, one stream a batch.
    pub const EVALUATE: u64 = 0x103;
    /// Posterior draws of the importance-weighted bound, one stream an image.
    pub const IMPORTANCE: u64 = 0x104;
    /// First weights, one stream a tensor.
    pub const INITIALIZE: u64 = 0x105;
    /// Times and withheld labels of a denoiser's training, one stream a step.
    pub const TIMES: u64 = 0x106;
    /// Noise that pairs of noise and image begin with, one stream a pair.
    pub const PAIRS: u64 = 0x107;
    /// Replay buffers of chains and what is drawn from them, one stream a step behind that of the first values.
    pub const CHAINS: u64 = 0x108;

    /// Pixels and first components of a mixture's fit, one stream for each digit.
    pub const MIXTURE: u64 = 0x108;
    /// Pixels that are flipped to measure a denoiser of binary images, one stream in all.
    pub const FLIPS: u64 = 0x109;

    /// First singular vectors of a discriminator, one stream a weight.
    pub const SPECTRAL: u64 = 0x10a;
    /// How far the classifier's training images are moved, one stream a step.
    pub const SHIFTS: u64 = 0x110;
    /// Draws of the kernel distance, one stream in all.
    pub const SUBSETS: u64 = 0x111;
    /// Draws with replacement of the bootstrap, one stream in all.
    pub const RESAMPLES: u64 = 0x112;
    /// The images of each part of the inception score, one stream in all.
    pub const PARTS: u64 = 0x113;
    /// The images of the larger set that precision and recall go by, one stream in all.
    pub const MEMBERS: u64 = 0x114;

    /// Pictures that are no digits, one stream a picture.
    pub const FOREIGN: u64 = 0x115;
    /// Codes that a chain of encoding and decoding draws, one stream a round.
    pub const COMPLETE: u64 = 0x116;
    /// Codes that digits are changed with, one stream in all.
    pub const STYLE: u64 = 0x117;

    /// The stream of `purpose` at `count`.
    pub fn stream(purpose: u64, count: u64) -> u64 {
        purpose << 48 | (count & 0xffff_ffff_ffff)
    }
}
