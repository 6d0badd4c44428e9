//! What the page calls: [`session::Session`] runs models and draws them, [`engine::WebGraph`] builds and runs any graph, and
//! in a module of its own, fetched when somebody asks for it, [`measures::Measures`] measures what was drawn.

#[cfg(feature = "page")]
pub mod engine;
pub mod error;
#[cfg(feature = "measures")]
pub mod measures;
#[cfg(feature = "page")]
pub mod session;
pub mod shaders;

use wasm_bindgen::prelude::*;

/// Panics become readable messages in the console.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// A JavaScript object of these fields.
#[cfg(feature = "page")]
fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in fields {
        // setting a field of a fresh plain object does not fail
        let _ = js_sys::Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}
