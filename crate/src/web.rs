//! What the page calls: [`session::Session`] runs models and draws them, [`engine::WebGraph`] builds and runs any graph.

pub mod engine;
pub mod error;
pub mod session;
pub mod shaders;

use wasm_bindgen::prelude::*;

/// Panics become readable messages in the console.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// A JavaScript object of these fields.
fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in fields {
        // setting a field of a fresh plain object does not fail
        let _ = js_sys::Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object.into()
}
