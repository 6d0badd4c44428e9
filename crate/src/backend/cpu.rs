//! The CPU backend: runs a plan's steps one after the other over buffers in host memory.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::kernels::gemm::{self, PackedB};

use super::{InputId, OutputId};
use crate::graph::{BufferKind, Location, Plan, Step};
use crate::ops::{Io, Op, Packing};
use crate::real::Real;
use crate::{Error, Result};

/// Memory that kernels reuse from step to step.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    /// Packed panels of matrix products and convolutions.
    pub gemm: gemm::Scratch<T>,
}

/// A persistent slab in host memory. Clones share it.
#[derive(Debug, Clone)]
pub struct HostSlab<T>(Rc<SlabState<T>>);

#[derive(Debug)]
struct SlabState<T> {
    values: RefCell<Vec<T>>,
    /// Counts changes of the values.
    version: Cell<u64>,
    /// Weights packed for matrix products, shared by all plans that read them.
    packed: RefCell<Vec<PackedWeight<T>>>,
}

/// Where a weight lies in its slab, how it is read, the version that was packed, and the packed form.
type PackedWeight<T> = (usize, Packing, u64, Rc<PackedB<T>>);

impl<T: Real> HostSlab<T> {
    /// A slab of these values.
    pub fn new(values: Vec<T>) -> Self {
        HostSlab(Rc::new(SlabState { values: RefCell::new(values), version: Cell::new(0), packed: RefCell::default() }))
    }

    /// A copy of the values.
    pub fn values(&self) -> Vec<T> {
        self.0.values.borrow().clone()
    }

    /// Overwrites the values.
    ///
    /// # Errors
    /// [`Error::Shape`] when the length differs.
    pub fn write(&self, values: &[T]) -> Result<()> {
        let mut own = self.0.values.borrow_mut();
        check_len("the slab", own.len(), values.len())?;
        own.copy_from_slice(values);
        self.changed();
        Ok(())
    }

    fn changed(&self) {
        self.0.version.set(self.0.version.get() + 1);
    }

    /// The matrix at `offset` packed, as the values are now.
    fn pack(&self, offset: usize, packing: &Packing) -> Rc<PackedB<T>> {
        let mut packed = self.0.packed.borrow_mut();
        let version = self.0.version.get();
        let known = packed.iter().position(|(place, other, ..)| (place, other) == (&offset, packing));
        if let Some((_, _, at, matrix)) = known.map(|index| &packed[index])
            && *at == version
        {
            return matrix.clone();
        }
        let values = self.0.values.borrow();
        let Packing { single, depth, columns, row_stride, col_stride, .. } = *packing;
        let matrix = gemm::Matrix { data: &values[offset..], row_stride, col_stride };
        let matrix = Rc::new(T::pack(single, depth, columns, matrix));
        if let Some(index) = known {
            packed.swap_remove(index);
        }
        packed.push((offset, *packing, version, matrix.clone()));
        matrix
    }
}

/// A step's operand that lies in a slab which the plan does not change.
struct PackedOperand<T> {
    slab: usize,
    offset: usize,
    packing: Packing,
    current: Option<(u64, Rc<PackedB<T>>)>,
}

/// A float type that plans run in.
pub trait Element: Real {
    /// Runs an op in this type.
    fn run(op: &dyn Op, io: Io<'_, '_, Self>);
}

impl Element for f32 {
    fn run(op: &dyn Op, io: Io<'_, '_, Self>) {
        op.run_f32(io);
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Element for f64 {
    fn run(op: &dyn Op, io: Io<'_, '_, Self>) {
        op.run_f64(io);
    }
}

/// A plan and its buffers in host memory.
pub struct CpuExecutable<T: Element> {
    plan: Plan,
    buffers: Vec<Vec<T>>,
    slabs: Vec<(usize, HostSlab<T>)>,
    /// For each slab, whether a step changes it.
    changes: Vec<bool>,
    /// For each step.
    packed: Vec<Option<PackedOperand<T>>>,
    scratch: Scratch<T>,
}

/// More than any op has; lists of slices live on the stack, so that a run allocates nothing.
const MAX_ARGUMENTS: usize = 12;

impl<T: Element> CpuExecutable<T> {
    /// Allocates everything that `plan` needs.
    ///
    /// # Errors
    /// [`Error::Shape`] when a slab has another length than the plan's.
    pub fn new(plan: Plan, slabs: &[(&str, HostSlab<T>)]) -> Result<Self> {
        let mut buffers = vec![];
        let mut bound = vec![];
        for (index, (kind, len)) in plan.buffers.iter().enumerate() {
            buffers.push(match kind {
                BufferKind::Slab(name) => {
                    let slab = match slabs.iter().find(|(other, _)| other == name) {
                        Some((_, slab)) => slab.clone(),
                        None => HostSlab::new(vec![T::ZERO; *len]),
                    };
                    check_len(name, *len, slab.0.values.borrow().len())?;
                    bound.push((index, slab));
                    vec![]
                }
                BufferKind::Constants => plan.constants.iter().map(|&value| T::from_f64(f64::from(value))).collect(),
                BufferKind::Inputs | BufferKind::Slot | BufferKind::Pack => vec![T::ZERO; *len],
            });
        }
        let packed = packed_operands(&plan, &bound);
        let changes = bound.iter().map(|(index, _)| writes(&plan, *index)).collect();
        Ok(CpuExecutable { plan, buffers, slabs: bound, changes, packed, scratch: Scratch::default() })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Sets an input.
    ///
    /// # Errors
    /// [`Error::Shape`] when the number of values differs.
    pub fn write(&mut self, input: InputId, values: &[T]) -> Result<()> {
        let port = &self.plan.inputs[input.0];
        check_len(&port.name, port.location.len, values.len())?;
        range_mut(&mut self.buffers[port.location.buffer], port.location).copy_from_slice(values);
        Ok(())
    }

    /// Runs every step once.
    pub fn run(&mut self) {
        for operand in self.packed.iter_mut().flatten() {
            let slab = &self.slabs[operand.slab].1;
            let version = slab.0.version.get();
            if operand.current.as_ref().is_none_or(|(at, _)| *at != version) {
                operand.current = Some((version, slab.pack(operand.offset, &operand.packing)));
            }
        }
        for (index, slab) in &self.slabs {
            self.buffers[*index] = slab.0.values.take();
        }
        for (step, packed) in self.plan.steps.iter().zip(&self.packed) {
            // outputs are taken out of the table, so that inputs can be borrowed from it; no buffer is both
            let mut taken: [Vec<T>; 4] = Default::default();
            for (taken, output) in taken.iter_mut().zip(&step.outputs) {
                *taken = std::mem::take(&mut self.buffers[output.buffer]);
            }
            let mut inputs: [&[T]; MAX_ARGUMENTS] = [&[]; MAX_ARGUMENTS];
            for (slice, input) in inputs.iter_mut().zip(&step.inputs) {
                *slice = &self.buffers[input.buffer][input.offset..input.offset + input.len];
            }
            let mut outputs: [&mut [T]; 4] = Default::default();
            for ((slice, taken), output) in outputs.iter_mut().zip(&mut taken).zip(&step.outputs) {
                *slice = range_mut(taken, *output);
            }
            let io = Io {
                inputs: &inputs[..step.inputs.len()],
                outputs: &mut outputs[..step.outputs.len()],
                packed: packed.as_ref().and_then(|operand| operand.current.as_ref()).map(|(_, matrix)| matrix.as_ref()),
                scratch: &mut self.scratch,
            };
            T::run(step.op.as_ref(), io);
            for (taken, output) in taken.into_iter().zip(&step.outputs) {
                self.buffers[output.buffer] = taken;
            }
        }
        for ((index, slab), changed) in self.slabs.iter().zip(&self.changes) {
            *slab.0.values.borrow_mut() = std::mem::take(&mut self.buffers[*index]);
            if *changed {
                slab.changed();
            }
        }
    }

    /// Calls `body` with an output's values, without copying them.
    pub fn with_output<R>(&self, output: OutputId, body: impl FnOnce(&[T]) -> R) -> R {
        let location = self.plan.outputs[output.0].location;
        let range = location.offset..location.offset + location.len;
        match self.slabs.iter().find(|(index, _)| *index == location.buffer) {
            Some((_, slab)) => body(&slab.0.values.borrow()[range]),
            None => body(&self.buffers[location.buffer][range]),
        }
    }

    /// A copy of an output's values.
    pub fn read(&self, output: OutputId) -> Vec<T> {
        self.with_output(output, <[T]>::to_vec)
    }

    /// The slab called `name`.
    pub fn slab(&self, name: &str) -> Option<HostSlab<T>> {
        let named = |index: &usize| matches!(&self.plan.buffers[*index].0, BufferKind::Slab(other) if other == name);
        self.slabs.iter().find(|(index, _)| named(index)).map(|(_, slab)| slab.clone())
    }
}

/// Whether a step of the plan changes a buffer.
fn writes(plan: &Plan, buffer: usize) -> bool {
    plan.steps.iter().any(|step| step.outputs.iter().any(|output| output.buffer == buffer))
}

fn packed_operands<T>(plan: &Plan, slabs: &[(usize, HostSlab<T>)]) -> Vec<Option<PackedOperand<T>>> {
    let operand = |step: &Step| {
        let packing = step.op.packing()?;
        let location = step.inputs[packing.input];
        let slab = slabs.iter().position(|(index, _)| *index == location.buffer)?;
        let offset = location.offset;
        (!writes(plan, location.buffer)).then_some(PackedOperand { slab, offset, packing, current: None })
    };
    plan.steps.iter().map(operand).collect()
}

fn range_mut<T>(buffer: &mut [T], location: Location) -> &mut [T] {
    &mut buffer[location.offset..location.offset + location.len]
}

pub(super) fn check_len(what: &str, expected: usize, given: usize) -> Result<()> {
    match expected == given {
        true => Ok(()),
        false => Err(Error::Shape(format!("{what} holds {expected} values, not {given}"))),
    }
}
