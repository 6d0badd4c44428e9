//! From a graph to a plan: what runs in which order on which buffers. A plan is data; a backend executes it.

use std::rc::Rc;

use super::fuse::fuse;
use super::{Graph, Node, NodeId, SLAB_ALIGNMENT, Shape, Source, Tensor};
use crate::backend::{InputId, OutputId};
use crate::ops::Op;
use crate::{Error, Result};

/// What a buffer is for.
#[derive(Debug, Clone, PartialEq)]
pub enum BufferKind {
    /// All inputs, written by the host.
    Inputs,
    /// All constants, uploaded once.
    Constants,
    /// Intermediate values, shared by liveness.
    Slot,
    /// Tensors laid out together, zero between.
    Pack,
    /// A persistent slab of this name.
    Slab(String),
}

/// A range of a buffer, in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// The buffer's index in the plan.
    pub buffer: usize,
    /// The first element.
    pub offset: usize,
    /// The number of elements.
    pub len: usize,
}

/// One op on its buffers.
#[derive(Debug, Clone)]
pub struct Step {
    /// The op.
    pub op: Rc<dyn Op>,
    /// What it reads.
    pub inputs: Vec<Location>,
    /// What it writes.
    pub outputs: Vec<Location>,
}

/// A named value that goes in or out.
#[derive(Debug, Clone)]
pub struct Port {
    /// The name.
    pub name: String,
    /// The value's shape.
    pub shape: Shape,
    /// Where it lies.
    pub location: Location,
}

/// What runs in which order on which buffers.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Each buffer's kind and length in elements.
    pub buffers: Vec<(BufferKind, usize)>,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// What the host writes before a run.
    pub inputs: Vec<Port>,
    /// What can be read after a run.
    pub outputs: Vec<Port>,
    /// The values of the constants' buffer.
    pub constants: Vec<f32>,
}

impl Plan {
    pub(super) fn new(graph: &Graph, outputs: &[(&str, &Tensor)]) -> Result<Self> {
        let inner = graph.0.borrow();
        let mut nodes = inner.nodes.clone();
        let mut roots: Vec<NodeId> = (0..nodes.len()).collect();
        for id in 0..nodes.len() {
            if matches!(nodes[id].source, Source::View | Source::Detached) {
                roots[id] = roots[nodes[id].inputs[0]];
            }
            for index in 0..nodes[id].inputs.len() {
                nodes[id].inputs[index] = roots[nodes[id].inputs[index]];
            }
        }
        let mut kept = vec![false; nodes.len()];
        for (index, (name, tensor)) in outputs.iter().enumerate() {
            if outputs[..index].iter().any(|(other, _)| other == name) {
                return Err(Error::Shape(format!("the output {name} is named twice")));
            }
            kept[roots[tensor.id]] = true;
        }
        let live = live_nodes(&nodes, &kept);
        fuse(&mut nodes, &kept, &live);
        let live = live_nodes(&nodes, &kept);
        let mut planner = Planner::new(&nodes, &live, &kept, &inner.slabs);
        planner.place_packs();
        for id in (0..nodes.len()).filter(|&id| live[id]) {
            planner.step(id);
        }
        let ports = outputs.iter().map(|(name, tensor)| Port {
            name: name.to_string(),
            shape: nodes[tensor.id].shape.clone(),
            location: planner.place(roots[tensor.id]),
        });
        let outputs = ports.collect();
        let plan = Plan {
            buffers: planner.buffers,
            steps: planner.steps,
            inputs: planner.inputs,
            outputs,
            constants: planner.constants,
        };
        plan.check();
        Ok(plan)
    }

    /// No step reads and writes one buffer: WebGPU forbids it, and the CPU executor relies on it.
    fn check(&self) {
        for step in &self.steps {
            for (index, output) in step.outputs.iter().enumerate() {
                let clash = step.inputs.iter().chain(&step.outputs[..index]).any(|other| other.buffer == output.buffer);
                assert!(!clash, "{} reads and writes one buffer", step.op.name());
            }
        }
    }

    /// Multiplications and additions of one run, counted as 2.
    pub fn flops(&self) -> u64 {
        self.steps.iter().map(|step| step.op.flops()).sum()
    }

    /// Bytes of all buffers in f32.
    pub fn bytes(&self) -> usize {
        self.buffers.iter().map(|(_, len)| len * 4).sum()
    }

    /// The input's place, for executables.
    ///
    /// # Errors
    /// [`Error::Shape`] when there is none.
    pub fn input_id(&self, name: &str) -> Result<InputId> {
        let missing = || Error::Shape(format!("there is no input {name}"));
        self.inputs.iter().position(|port| port.name == name).map(InputId).ok_or_else(missing)
    }

    /// The output's place, for executables.
    ///
    /// # Errors
    /// [`Error::Shape`] when there is none.
    pub fn output_id(&self, name: &str) -> Result<OutputId> {
        let missing = || Error::Shape(format!("there is no output {name}"));
        self.outputs.iter().position(|port| port.name == name).map(OutputId).ok_or_else(missing)
    }
}

/// Nodes that an output or an effect needs.
fn live_nodes(nodes: &[Node], kept: &[bool]) -> Vec<bool> {
    let mut live = kept.to_vec();
    for id in (0..nodes.len()).rev() {
        if let Source::Effect { writes, .. } = &nodes[id].source {
            live[id] = true;
            writes.iter().for_each(|&write| live[write] = true);
        }
        if live[id] {
            nodes[id].inputs.iter().for_each(|&input| live[input] = true);
        }
    }
    live
}

struct Planner<'a> {
    nodes: &'a [Node],
    kept: &'a [bool],
    /// How many live nodes still read a node.
    uses: Vec<usize>,
    slab_buffers: Vec<usize>,
    /// Where the values of a node lie, once that is known.
    located: Vec<Option<Location>>,
    free: Vec<usize>,
    buffers: Vec<(BufferKind, usize)>,
    steps: Vec<Step>,
    inputs: Vec<Port>,
    constants: Vec<f32>,
}

const INPUTS: usize = 0;
const CONSTANTS: usize = 1;

impl<'a> Planner<'a> {
    fn new(nodes: &'a [Node], live: &[bool], kept: &'a [bool], slabs: &[(String, usize)]) -> Self {
        let mut uses = vec![0; nodes.len()];
        for id in (0..nodes.len()).filter(|&id| live[id]) {
            nodes[id].inputs.iter().for_each(|&input| uses[input] += 1);
        }
        let mut buffers = vec![(BufferKind::Inputs, 0), (BufferKind::Constants, 0)];
        let slab_buffers = (buffers.len()..buffers.len() + slabs.len()).collect();
        buffers.extend(slabs.iter().map(|(name, len)| (BufferKind::Slab(name.clone()), *len)));
        Planner {
            nodes,
            kept,
            uses,
            slab_buffers,
            located: vec![None; nodes.len()],
            free: vec![],
            buffers,
            steps: vec![],
            inputs: vec![],
            constants: vec![],
        }
    }

    /// Gives a tensor whose only reader is a pack its place in the pack.
    fn place_packs(&mut self) {
        for (id, node) in self.nodes.iter().enumerate() {
            let Source::Pack { offsets } = &node.source else { continue };
            if self.uses[id] == 0 && !self.kept[id] {
                continue;
            }
            let buffer = self.buffers.len();
            let len = node.shape.numel();
            self.buffers.push((BufferKind::Pack, len));
            self.located[id] = Some(Location { buffer, offset: 0, len });
            for (&part, &offset) in node.inputs.iter().zip(offsets) {
                let computed = matches!(self.nodes[part].source, Source::Op(_));
                if computed && self.uses[part] == 1 && !self.kept[part] {
                    let len = self.nodes[part].shape.numel();
                    self.located[part] = Some(Location { buffer, offset, len });
                }
            }
        }
    }

    fn step(&mut self, id: NodeId) {
        let node = &self.nodes[id];
        let len = node.shape.numel();
        match &node.source {
            Source::Input { name } => {
                let location = self.append(INPUTS, len);
                self.inputs.push(Port { name: name.clone(), shape: node.shape.clone(), location });
                self.located[id] = Some(location);
            }
            Source::Constant(values) => {
                let location = self.append(CONSTANTS, len);
                self.constants.resize(location.offset, 0.0);
                self.constants.extend_from_slice(values);
                self.located[id] = Some(location);
            }
            Source::Slab { slab, offset } => {
                self.located[id] = Some(Location { buffer: self.slab_buffers[*slab], offset: *offset, len });
            }
            Source::View | Source::Detached => unreachable!("views were resolved to their roots"),
            Source::Pack { offsets } => {
                let buffer = self.place(id).buffer;
                for (&part, &offset) in node.inputs.iter().zip(offsets) {
                    let from = self.place(part);
                    if from.buffer != buffer {
                        let to = Location { buffer, offset, len: from.len };
                        let op = crate::ops::flat_copy(from.len);
                        self.steps.push(Step { op, inputs: vec![from], outputs: vec![to] });
                    }
                }
                self.release(id);
            }
            Source::Op(op) => {
                let inputs = node.inputs.iter().map(|&input| self.place(input)).collect();
                let output = match self.located[id] {
                    Some(placed) => placed,
                    None => Location { buffer: self.slot(len), offset: 0, len },
                };
                self.located[id] = Some(output);
                self.steps.push(Step { op: op.clone(), inputs, outputs: vec![output] });
                self.release(id);
            }
            Source::Effect { op, writes } => {
                let inputs = node.inputs.iter().map(|&input| self.place(input)).collect();
                let outputs = writes.iter().map(|&write| self.place(write)).collect();
                self.steps.push(Step { op: op.clone(), inputs, outputs });
                self.release(id);
            }
        }
    }

    /// Where the values of a node lie that came before.
    fn place(&self, id: NodeId) -> Location {
        self.located[id].unwrap_or_else(|| unreachable!("nodes are read after they were computed"))
    }

    fn append(&mut self, buffer: usize, len: usize) -> Location {
        let end = &mut self.buffers[buffer].1;
        let offset = end.next_multiple_of(SLAB_ALIGNMENT);
        *end = offset + len;
        Location { buffer, offset, len }
    }

    /// A free slot: the smallest that is large enough, else the largest, grown.
    fn slot(&mut self, len: usize) -> usize {
        let size = |&index: &usize| self.buffers[self.free[index]].1;
        let fitting = (0..self.free.len()).filter(|index| size(index) >= len).min_by_key(size);
        let chosen = fitting.or_else(|| (0..self.free.len()).max_by_key(size));
        match chosen {
            Some(index) => {
                let buffer = self.free.swap_remove(index);
                self.buffers[buffer].1 = self.buffers[buffer].1.max(len);
                buffer
            }
            None => {
                self.buffers.push((BufferKind::Slot, len));
                self.buffers.len() - 1
            }
        }
    }

    /// Frees the slots that `id` was the last to read.
    fn release(&mut self, id: NodeId) {
        for &input in &self.nodes[id].inputs {
            self.uses[input] -= 1;
            if self.uses[input] == 0 && !self.kept[input] {
                let buffer = self.place(input).buffer;
                if self.buffers[buffer].0 == BufferKind::Slot && !self.free.contains(&buffer) {
                    self.free.push(buffer);
                }
            }
        }
    }
}
