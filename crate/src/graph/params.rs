//! Parameters: one slab per model, each entry at an offset that WebGPU can bind.

use std::rc::Rc;

use super::Shape;
use crate::{Error, Result};

/// WebGPU's default `minStorageBufferOffsetAlignment` of 256 bytes, in f32 elements.
pub const SLAB_ALIGNMENT: usize = 64;

/// One named entry of a slab.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamEntry {
    /// PyTorch's name, for example `fc1.weight`.
    pub name: String,
    /// The entry's shape.
    pub shape: Shape,
    /// The first element's index in the slab, a multiple of [`SLAB_ALIGNMENT`].
    pub offset: usize,
}

/// Which named tensors a slab holds, and where.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParamLayout {
    entries: Vec<ParamEntry>,
    len: usize,
}

impl ParamLayout {
    /// A layout of the given names and shapes, in their order.
    ///
    /// # Errors
    /// [`Error::Shape`] when a name comes twice or an entry is empty.
    pub fn new(shapes: &[(String, Shape)]) -> Result<Rc<Self>> {
        let mut layout = ParamLayout::default();
        for (name, shape) in shapes {
            if layout.find(name).is_some() {
                return Err(Error::Shape(format!("the parameter {name} is named twice")));
            }
            if shape.numel() == 0 {
                return Err(Error::Shape(format!("the parameter {name} of shape {shape:?} is empty")));
            }
            layout.entries.push(ParamEntry { name: name.clone(), shape: shape.clone(), offset: layout.len });
            layout.len += shape.numel().next_multiple_of(SLAB_ALIGNMENT);
        }
        Ok(Rc::new(layout))
    }

    /// The entries in order.
    pub fn entries(&self) -> &[ParamEntry] {
        &self.entries
    }

    /// The index of the entry called `name`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name)
    }

    /// The slab's length in elements, padding included.
    pub fn slab_len(&self) -> usize {
        self.len
    }

    /// The number of parameters, padding left out.
    pub fn parameter_count(&self) -> usize {
        self.entries.iter().map(|entry| entry.shape.numel()).sum()
    }
}

/// Host values for a layout: one slab, padding zero.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamStore {
    layout: Rc<ParamLayout>,
    data: Vec<f32>,
}

impl ParamStore {
    /// All zeros.
    pub fn zeros(layout: Rc<ParamLayout>) -> Self {
        let data = vec![0.0; layout.slab_len()];
        ParamStore { layout, data }
    }

    /// A store over a slab read back from a device.
    ///
    /// # Errors
    /// [`Error::Shape`] when the slab's length is not the layout's.
    pub fn from_slab(layout: Rc<ParamLayout>, data: Vec<f32>) -> Result<Self> {
        if data.len() != layout.slab_len() {
            return Err(Error::Shape(format!(
                "a slab of {} values does not fit a layout of {}",
                data.len(),
                layout.slab_len()
            )));
        }
        Ok(ParamStore { layout, data })
    }

    /// The layout.
    pub fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    /// The whole slab, padding included.
    pub fn slab(&self) -> &[f32] {
        &self.data
    }

    /// The values of the entry called `name`.
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        let entry = &self.layout.entries[self.layout.find(name)?];
        Some(&self.data[entry.offset..entry.offset + entry.shape.numel()])
    }

    /// The values of the entry called `name`, to be changed in place.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut [f32]> {
        let entry = &self.layout.entries[self.layout.find(name)?];
        Some(&mut self.data[entry.offset..entry.offset + entry.shape.numel()])
    }

    /// Sets the entry called `name`.
    ///
    /// # Errors
    /// [`Error::Shape`] when there is no such entry or the number of values differs.
    pub fn set(&mut self, name: &str, values: &[f32]) -> Result<()> {
        let target = self.get_mut(name).ok_or_else(|| Error::Shape(format!("there is no parameter {name}")))?;
        if target.len() != values.len() {
            return Err(Error::Shape(format!("{name} holds {} values, not {}", target.len(), values.len())));
        }
        target.copy_from_slice(values);
        Ok(())
    }
}
