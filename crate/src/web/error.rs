//! The one way in which an error becomes a JavaScript one: an `Error` with our sentence and the stable `kind`.

use wasm_bindgen::prelude::*;

use crate::Error;

impl From<Error> for JsValue {
    fn from(error: Error) -> JsValue {
        let thrown = js_sys::Error::new(&error.to_string());
        // setting a field of a fresh object does not fail
        let _ = js_sys::Reflect::set(&thrown, &"kind".into(), &error.kind().into());
        thrown.into()
    }
}

/// A result for JavaScript.
pub type JsResult<T> = std::result::Result<T, JsValue>;
