//! The one error type. Each variant has a stable [`Error::kind`] that the page and the CLI key on, and a
//! sentence that says what to do.

/// What can go wrong, in words for the person in front of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Shapes that do not fit an operation or a model.
    #[error("{0}")]
    Shape(String),
    /// A weights file that cannot be used: malformed, truncated, wrong layers.
    #[error("{0}")]
    Checkpoint(String),
    /// A data file that cannot be used: IDX, npy, catalog, command-line input.
    #[error("{0}")]
    Data(String),
    /// A value that is NaN or infinite where a number is needed.
    #[error("{0}")]
    NonFinite(String),
    /// No usable GPU adapter, or one without the default limits.
    #[error("{0}")]
    NoGpu(String),
    /// The GPU device was lost; build a new backend.
    #[error("the GPU device was lost ({0}); rebuild the backend to go on")]
    DeviceLost(String),
    /// The GPU reported an error: validation, out of memory, a shader that did not compile.
    #[error("the GPU reported an error: {0}")]
    Gpu(String),
    /// Something that this build or this op does not do.
    #[error("{0}")]
    Unsupported(String),
    /// Reading or writing a file failed.
    #[error("{0}")]
    Io(String),
    /// The person asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// A stable word for programs: it never changes for a given cause.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::Shape(_) => "shape",
            Error::Checkpoint(_) => "checkpoint",
            Error::Data(_) => "data",
            Error::NonFinite(_) => "non-finite",
            Error::NoGpu(_) => "no-gpu",
            Error::DeviceLost(_) => "device-lost",
            Error::Gpu(_) => "gpu",
            Error::Unsupported(_) => "unsupported",
            Error::Io(_) => "io",
            Error::Interrupted => "interrupted",
        }
    }
}

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;
