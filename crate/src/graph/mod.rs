//! The graph: tensors are handles to nodes, nodes are appended in program order and never change.

pub mod autodiff;
mod fuse;
mod params;
mod plan;
mod shape;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

pub use params::{ParamEntry, ParamLayout, ParamStore, SLAB_ALIGNMENT};
pub use plan::{BufferKind, Location, Plan, Port, Step};
pub use shape::Shape;

use crate::ops::Op;
use crate::{Error, Result};

/// The index of a node in its graph.
pub(crate) type NodeId = usize;

/// Where a node's value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Computed by an op from the node's inputs.
    Op(Rc<dyn Op>),
    /// An op that changes slab tensors in place; `writes` are nodes of kind [`Source::Slab`].
    Effect { op: Rc<dyn Op>, writes: Vec<NodeId> },
    /// Written by the host before each run.
    Input { name: String },
    /// Uploaded once.
    Constant(Rc<[f32]>),
    /// A range of a persistent slab.
    Slab { slab: usize, offset: usize },
    /// The same elements as the first input under another shape.
    View,
    /// The same elements as the first input, a constant to autodiff.
    Detached,
    /// The inputs laid out in one buffer at the given offsets, zeros between.
    Pack { offsets: Vec<usize> },
}

/// One node: its source, its inputs and its shape.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub source: Source,
    pub inputs: Vec<NodeId>,
    pub shape: Shape,
}

#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub nodes: Vec<Node>,
    pub slabs: Vec<(String, usize)>,
    streams: u32,
}

/// A graph under construction. Clones share the same nodes.
#[derive(Clone, Default)]
pub struct Graph(pub(crate) Rc<RefCell<Inner>>);

/// A persistent buffer known to a graph by name: parameters, gradients' moments, EMA, running statistics.
#[derive(Clone)]
pub struct Slab {
    graph: Graph,
    index: usize,
    layout: Rc<ParamLayout>,
}

/// A value in a graph.
#[derive(Clone)]
pub struct Tensor {
    pub(crate) graph: Graph,
    pub(crate) id: NodeId,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&self, source: Source, inputs: Vec<NodeId>, shape: Shape) -> Tensor {
        let mut inner = self.0.borrow_mut();
        inner.nodes.push(Node { source, inputs, shape });
        Tensor { graph: self.clone(), id: inner.nodes.len() - 1 }
    }

    /// Appends an op node.
    pub(crate) fn op(&self, op: impl Op + 'static, inputs: &[&Tensor], shape: Shape) -> Tensor {
        let ids = inputs.iter().map(|tensor| self.own(tensor)).collect();
        self.push(Source::Op(Rc::new(op)), ids, shape)
    }

    /// Appends a node that changes `writes`, slab tensors, in place.
    ///
    /// # Errors
    /// [`Error::Shape`] when one of `writes` is not a slab tensor.
    pub(crate) fn effect(&self, op: impl Op + 'static, inputs: &[&Tensor], writes: &[&Tensor]) -> Result<()> {
        let writes = writes.iter().map(|tensor| self.own(tensor)).collect::<Vec<_>>();
        for &id in &writes {
            if !matches!(self.0.borrow().nodes[id].source, Source::Slab { .. }) {
                return Err(Error::Shape("only slab tensors can be changed in place".into()));
            }
        }
        let ids = inputs.iter().map(|tensor| self.own(tensor)).collect();
        self.push(Source::Effect { op: Rc::new(op), writes }, ids, Shape::new(&[0]));
        Ok(())
    }

    fn own(&self, tensor: &Tensor) -> NodeId {
        assert!(Rc::ptr_eq(&self.0, &tensor.graph.0), "a tensor of another graph");
        tensor.id
    }

    /// An input that the host writes before a run.
    ///
    /// # Errors
    /// [`Error::Shape`] when the name is taken or the shape is empty.
    pub fn input(&self, name: &str, shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        if shape.numel() == 0 {
            return Err(Error::Shape(format!("the input {name} of shape {shape:?} is empty")));
        }
        let taken = self
            .0
            .borrow()
            .nodes
            .iter()
            .any(|node| matches!(&node.source, Source::Input { name: other } if other == name));
        if taken {
            return Err(Error::Shape(format!("the input {name} is named twice")));
        }
        Ok(self.push(Source::Input { name: name.to_string() }, vec![], shape))
    }

    /// A constant, row-major.
    ///
    /// # Errors
    /// [`Error::Shape`] when the number of values is not the shape's.
    pub fn constant(&self, values: &[f32], shape: impl Into<Shape>) -> Result<Tensor> {
        let shape = shape.into();
        if shape.numel() != values.len() || values.is_empty() {
            return Err(Error::Shape(format!("{} values do not fill a constant of shape {shape:?}", values.len())));
        }
        Ok(self.push(Source::Constant(values.into()), vec![], shape))
    }

    /// A scalar constant.
    pub fn scalar(&self, value: f32) -> Tensor {
        self.push(Source::Constant(Rc::new([value])), vec![], Shape::new(&[]))
    }

    /// The slab called `name`; asking for the same name again gives the same slab.
    ///
    /// # Errors
    /// [`Error::Shape`] when the name is known with another length.
    pub fn slab(&self, name: &str, layout: &Rc<ParamLayout>) -> Result<Slab> {
        let mut inner = self.0.borrow_mut();
        let len = layout.slab_len();
        let index = match inner.slabs.iter().position(|(other, _)| other == name) {
            Some(index) if inner.slabs[index].1 != len => {
                return Err(Error::Shape(format!("the slab {name} is known with another length")));
            }
            Some(index) => index,
            None => {
                inner.slabs.push((name.to_string(), len));
                inner.slabs.len() - 1
            }
        };
        drop(inner);
        Ok(Slab { graph: self.clone(), index, layout: layout.clone() })
    }

    /// Lays tensors out in one buffer at the offsets of `layout`; `None` leaves zeros.
    ///
    /// # Errors
    /// [`Error::Shape`] when a tensor's size differs from its entry's.
    pub fn pack(&self, tensors: &[Option<Tensor>], layout: &Rc<ParamLayout>) -> Result<Tensor> {
        if tensors.len() != layout.entries().len() {
            return Err(Error::Shape(format!(
                "{} tensors do not fill a layout of {} entries",
                tensors.len(),
                layout.entries().len()
            )));
        }
        let mut offsets = vec![];
        let mut ids = vec![];
        for (tensor, entry) in tensors.iter().zip(layout.entries()) {
            let Some(tensor) = tensor else { continue };
            if tensor.shape().numel() != entry.shape.numel() {
                return Err(Error::Shape(format!(
                    "{} has shape {:?}, its gradient {:?}",
                    entry.name,
                    entry.shape,
                    tensor.shape()
                )));
            }
            ids.push(self.own(tensor));
            offsets.push(entry.offset);
        }
        Ok(self.push(Source::Pack { offsets }, ids, Shape::new(&[layout.slab_len()])))
    }

    /// A stream number of its own for a random op, in the order of asking.
    pub(crate) fn next_stream(&self) -> u32 {
        let mut inner = self.0.borrow_mut();
        inner.streams += 1;
        inner.streams - 1
    }

    /// Compiles the graph to a plan that computes `outputs` and runs every effect.
    ///
    /// # Errors
    /// [`Error::Shape`] when an output name comes twice.
    pub fn compile(&self, outputs: &[(&str, &Tensor)]) -> Result<Plan> {
        Plan::new(self, outputs)
    }
}

impl Slab {
    /// The entry called `name` as a tensor.
    ///
    /// # Errors
    /// [`Error::Shape`] when there is no such entry.
    pub fn get(&self, name: &str) -> Result<Tensor> {
        let entry = self.layout.find(name).map(|index| &self.layout.entries()[index]);
        let entry = entry.ok_or_else(|| Error::Shape(format!("there is no parameter {name}")))?;
        let source = Source::Slab { slab: self.index, offset: entry.offset };
        Ok(self.graph.push(source, vec![], entry.shape.clone()))
    }

    /// All entries in the layout's order.
    pub fn tensors(&self) -> Vec<Tensor> {
        self.layout
            .entries()
            .iter()
            .map(|entry| {
                let source = Source::Slab { slab: self.index, offset: entry.offset };
                self.graph.push(source, vec![], entry.shape.clone())
            })
            .collect()
    }

    /// The whole slab as one flat tensor.
    pub fn all(&self) -> Tensor {
        let source = Source::Slab { slab: self.index, offset: 0 };
        self.graph.push(source, vec![], Shape::new(&[self.layout.slab_len()]))
    }

    /// The slab's layout.
    pub fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }
}

impl Tensor {
    /// The tensor's shape.
    pub fn shape(&self) -> Shape {
        self.graph.0.borrow().nodes[self.id].shape.clone()
    }

    /// The graph that the tensor belongs to.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The same elements under another shape.
    ///
    /// # Errors
    /// [`Error::Shape`] when the number of elements differs.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let (from, to) = (self.shape(), shape.into());
        if from.numel() != to.numel() {
            return Err(Error::Shape(format!("{from:?} cannot be reshaped to {to:?}")));
        }
        Ok(self.graph.push(Source::View, vec![self.id], to))
    }
}

impl Tensor {
    /// The same value, through which no gradient flows.
    pub fn stop_gradient(&self) -> Tensor {
        self.graph.push(Source::Detached, vec![self.id], self.shape())
    }

    /// The value of a scalar constant.
    pub(crate) fn as_constant(&self) -> Option<f32> {
        match &self.graph.0.borrow().nodes[self.id].source {
            Source::Constant(values) if values.len() == 1 => Some(values[0]),
            _ => None,
        }
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({}, {:?})", self.id, self.shape())
    }
}
