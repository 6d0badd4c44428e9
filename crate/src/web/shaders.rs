//! The texts of the shaders, which are no part of the module: where there is no GPU nobody downloads them.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

thread_local! {
    static TEXTS: RefCell<JsValue> = const { RefCell::new(JsValue::UNDEFINED) };
}

/// Takes the texts of `www/wasm/shaders.js`, by name, before anything is made on `gpu`.
#[wasm_bindgen]
pub fn provide_shaders(texts: js_sys::Object) {
    TEXTS.set(texts.into());
}

/// The text of `shaders/NAME.wgsl`; empty, which no device compiles, where it was not provided.
pub(crate) fn text(name: &str) -> String {
    let found = TEXTS.with_borrow(|texts| js_sys::Reflect::get(texts, &name.into()));
    found.ok().and_then(|text| text.as_string()).unwrap_or_default()
}
