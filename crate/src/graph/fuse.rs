//! Fusion: a pointwise producer with one consumer moves into it; a pointwise consumer moves into the product,
//! convolution or normalisation before it as an epilogue.

use std::rc::Rc;

use super::{Node, NodeId, Source};
use crate::math::sorted;
use crate::ops::{Indexing, Op, Pointwise, Program, Register};

/// Fuses in place. `kept` nodes are outputs and stay; nodes fused away become unused.
pub(super) fn fuse(nodes: &mut [Node], kept: &[bool], live: &[bool]) {
    let mut fuser = Fuser { consumers: vec![vec![]; nodes.len()], nodes, kept };
    for id in (0..live.len()).filter(|&id| live[id]) {
        for input in distinct(&fuser.nodes[id].inputs) {
            fuser.consumers[input].push(id);
        }
    }
    for id in (0..live.len()).filter(|&id| live[id]) {
        while fuser.simplify_operand(id) || fuser.absorb_producer(id) {}
    }
    for id in (0..live.len()).filter(|&id| live[id]) {
        fuser.become_epilogue(id);
    }
}

struct Fuser<'a> {
    nodes: &'a mut [Node],
    kept: &'a [bool],
    consumers: Vec<Vec<NodeId>>,
}

impl Fuser<'_> {
    fn op(&self, id: NodeId) -> Option<&Rc<dyn Op>> {
        match &self.nodes[id].source {
            Source::Op(op) => Some(op),
            _ => None,
        }
    }

    /// The node may be computed where its only consumer stands.
    fn movable(&self, id: NodeId, consumer: NodeId) -> bool {
        if self.kept[id] || self.consumers[id] != [consumer] {
            return false;
        }
        let slabs: Vec<usize> = self.nodes[id].inputs.iter().filter_map(|&input| self.slab_of(input)).collect();
        let changed = |node: &Node| match &node.source {
            Source::Effect { writes, .. } => {
                writes.iter().filter_map(|&write| self.slab_of(write)).any(|slab| slabs.contains(&slab))
            }
            _ => false,
        };
        !self.nodes[id..consumer].iter().any(changed)
    }

    fn slab_of(&self, id: NodeId) -> Option<usize> {
        match self.nodes[id].source {
            Source::Slab { slab, .. } => Some(slab),
            _ => None,
        }
    }

    /// A pointwise op or a reduction with another program; `None` for ops that run no program on what they read.
    fn with_program(&self, id: NodeId, program: Program) -> Option<Rc<dyn Op>> {
        let op = self.op(id)?;
        if op.as_pointwise().is_some() {
            return Some(Rc::new(Pointwise::new(program, self.nodes[id].shape.numel())));
        }
        op.with_prologue(&program)
    }

    /// Reads a broadcast operand from where it was broadcast, and a scalar constant from the program.
    fn simplify_operand(&mut self, id: NodeId) -> bool {
        let Some(program) = self.op(id).and_then(|op| op.program()).cloned() else { return false };
        if self.with_program(id, program.clone()).is_none() {
            return false;
        }
        for index in 0..program.operands().len() {
            let input = self.nodes[id].inputs[index];
            let constant = match &self.nodes[input].source {
                Source::Constant(values) if values.len() == 1 && !program.instructions().is_empty() => Some(values[0]),
                _ => None,
            };
            let broadcast = self.op(input).and_then(|op| op.as_broadcast());
            let simpler = match (constant, broadcast) {
                (Some(value), _) => {
                    self.nodes[id].inputs.remove(index);
                    program.with_constant(index, f64::from(value))
                }
                (_, Some(indexing)) if program.operands()[index] == Indexing::Full && self.readable(input, id) => {
                    self.nodes[id].inputs[index] = self.nodes[input].inputs[0];
                    program.with_indexing(index, indexing)
                }
                _ => continue,
            };
            self.reconnect(id, &[input]);
            if let Some(op) = self.with_program(id, simpler) {
                self.nodes[id].source = Source::Op(op);
            }
            return true;
        }
        false
    }

    /// What a broadcast reads has not changed between it and its consumer.
    fn readable(&self, broadcast: NodeId, consumer: NodeId) -> bool {
        let slab = self.slab_of(self.nodes[broadcast].inputs[0]);
        let changed = |node: &Node| match &node.source {
            Source::Effect { writes, .. } => writes.iter().any(|&write| self.slab_of(write) == slab),
            _ => false,
        };
        slab.is_none() || !self.nodes[broadcast..consumer].iter().any(changed)
    }

    /// Notes that `id` reads its present inputs and no longer those of `before` that are not among them.
    fn reconnect(&mut self, id: NodeId, before: &[NodeId]) {
        for &input in before {
            if !self.nodes[id].inputs.contains(&input) {
                self.consumers[input].retain(|&consumer| consumer != id);
            }
        }
        for input in distinct(&self.nodes[id].inputs) {
            if !self.consumers[input].contains(&id) {
                self.consumers[input].push(id);
            }
        }
    }

    /// Moves one pointwise producer of a program's operand into the program.
    fn absorb_producer(&mut self, id: NodeId) -> bool {
        let Some(op) = self.op(id).cloned() else { return false };
        let Some(program) = op.program().filter(|program| self.with_program(id, (*program).clone()).is_some()) else {
            return false;
        };
        let inputs = self.nodes[id].inputs.clone();
        for (index, &producer) in inputs.iter().enumerate() {
            let Some(source) = self.op(producer).and_then(|op| op.as_pointwise()) else { continue };
            if program.operands()[index] != Indexing::Full || !self.movable(producer, id) {
                continue;
            }
            let mut merged_inputs: Vec<NodeId> = inputs.clone();
            let mut operands = program.operands().to_vec();
            merged_inputs.remove(index);
            operands.remove(index);
            let mut map = vec![];
            for (&input, &indexing) in self.nodes[producer].inputs.iter().zip(source.operands()) {
                let known =
                    merged_inputs.iter().zip(&operands).position(|(&id, &kind)| (id, kind) == (input, indexing));
                map.push(Register::Operand(known.unwrap_or(operands.len()) as u8));
                if known.is_none() {
                    merged_inputs.push(input);
                    operands.push(indexing);
                }
            }
            if !Program::fits(operands.len(), program.instructions().len() + source.instructions().len()) {
                continue;
            }
            let merged = program.substitute(index, source, &map, operands);
            let Some(merged) = self.with_program(id, merged) else { continue };
            let gone = self.nodes[producer].inputs.clone();
            for input in distinct(&gone) {
                self.consumers[input].retain(|&consumer| consumer != producer);
                if !self.consumers[input].contains(&id) {
                    self.consumers[input].push(id);
                }
            }
            self.consumers[producer].clear();
            self.nodes[id].source = Source::Op(merged);
            self.nodes[id].inputs = merged_inputs;
            return true;
        }
        false
    }

    /// Turns a pointwise node into the epilogue of the latest op it reads that takes one.
    fn become_epilogue(&mut self, id: NodeId) {
        let Some(program) = self.op(id).and_then(|op| op.as_pointwise()).cloned() else { return };
        let inputs = self.nodes[id].inputs.clone();
        let candidate = inputs
            .iter()
            .enumerate()
            .filter(|&(index, &producer)| {
                program.operands()[index] == Indexing::Full
                    && self.nodes[producer].shape.numel() == self.nodes[id].shape.numel()
                    && self.op(producer).is_some_and(|op| op.as_pointwise().is_none())
                    && self.movable(producer, id)
            })
            .max_by_key(|&(_, &producer)| producer);
        let Some((index, &producer)) = candidate else { return };
        let Some(fused) = self.op(producer).and_then(|op| op.with_epilogue(&program.with_first(index))) else { return };
        let mut merged = self.nodes[producer].inputs.clone();
        for input in distinct(&merged) {
            self.consumers[input].retain(|&consumer| consumer != producer);
            if !self.consumers[input].contains(&id) {
                self.consumers[input].push(id);
            }
        }
        merged.extend(inputs.iter().enumerate().filter(|&(other, _)| other != index).map(|(_, &input)| input));
        self.consumers[producer].clear();
        self.nodes[id].source = Source::Op(fused);
        self.nodes[id].inputs = merged;
    }
}

fn distinct(ids: &[NodeId]) -> Vec<NodeId> {
    let mut ids = sorted(ids);
    ids.dedup();
    ids
}
