//! Functions whose usual form is too large for the page.

/// States each function once: natively the library's, in the page the browser's, which computes the same and need not
/// be downloaded (5 kB).
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        pub(crate) fn $name(x: f64) -> f64 {
            #[cfg(target_arch = "wasm32")]
            return js_sys::Math::$name(x);
            #[cfg(not(target_arch = "wasm32"))]
            return x.$name();
        })*
    };
}

functions! {
    /// The sine of an angle in radians.
    sin;
    /// The cosine of an angle in radians.
    cos;
    /// The angle in radians, 0 to pi, of a cosine.
    acos;
}

/// The numbers in ascending order. By insertion: lists of axes and inputs are short, and the standard library's sort is
/// 4 kB of code.
pub(crate) fn sorted(numbers: &[usize]) -> Vec<usize> {
    let mut sorted = Vec::with_capacity(numbers.len());
    for &number in numbers {
        let place = sorted.partition_point(|&other| other <= number);
        sorted.insert(place, number);
    }
    sorted
}
