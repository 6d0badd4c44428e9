//! A plan on its device buffers: everything is made once, a run is one write and one submit.

use std::future::Future;
use std::rc::Rc;

use super::readback::{Range, StagingPool, submit_and_read};
use super::shader::{Key, PROGRAM_UNIFORM, operand_bindings, program_uniform};
use super::{Buffer, Device, GpuImages, GpuSlab, Pipeline, SLAB_USAGE};
use crate::backend::cpu::check_len;
use crate::backend::{InputId, OutputId};
use crate::graph::{BufferKind, Location, Plan};
use crate::ops::Arg;
use crate::{Error, Result};

/// WebGPU's default `minUniformBufferOffsetAlignment`.
const UNIFORM_ALIGNMENT: usize = 256;

struct Dispatch {
    pipeline: Rc<Pipeline>,
    bind_group: wgpu::BindGroup,
    groups: [u32; 3],
}

/// A plan and its buffers, pipelines and bindings on a device.
pub struct GpuExecutable {
    device: Device,
    plan: Plan,
    buffers: Vec<Rc<Buffer>>,
    slabs: Vec<(usize, GpuSlab)>,
    dispatches: Vec<Dispatch>,
    inputs: Vec<f32>,
    staging: StagingPool,
    /// Kept alive for the bind groups.
    _owned: Vec<Buffer>,
}

impl GpuExecutable {
    /// Makes everything that `plan` needs.
    ///
    /// # Errors
    /// [`Error::Shape`] when a slab has another length or device than the plan's, [`Error::Gpu`] when a buffer would
    /// be larger than WebGPU's default limit, [`Error::DeviceLost`].
    pub fn new(device: &Device, plan: Plan, slabs: &[(&str, GpuSlab)]) -> Result<Self> {
        device.check()?;
        let limit = device.raw().limits().max_storage_buffer_binding_size as usize / 4;
        if let Some((_, len)) = plan.buffers.iter().find(|(_, len)| *len > limit) {
            return Err(Error::Gpu(format!(
                "a buffer of {len} values is over the device's limit of {limit}; use a smaller batch"
            )));
        }
        let mut buffers: Vec<Rc<Buffer>> = vec![];
        let mut bound = vec![];
        for (index, (kind, len)) in plan.buffers.iter().enumerate() {
            buffers.push(match kind {
                BufferKind::Slab(name) => {
                    let slab = match slabs.iter().find(|(other, _)| other == name) {
                        Some((_, slab)) => slab.clone(),
                        None => device.slab(&vec![0.0; *len])?,
                    };
                    check_len(name, *len, slab.len)?;
                    if !slab.device.same(device) {
                        return Err(Error::Shape(format!("the slab {name} lives on another device")));
                    }
                    let buffer = slab.buffer.clone();
                    bound.push((index, slab));
                    buffer
                }
                BufferKind::Constants if !plan.constants.is_empty() => {
                    Rc::new(device.buffer_of("constants", bytemuck::cast_slice(&plan.constants), SLAB_USAGE))
                }
                // a binding is never empty
                _ => Rc::new(device.buffer("plan", (*len).max(1), SLAB_USAGE)),
            });
        }
        let inputs = vec![0.0; plan.buffers.first().map_or(0, |(_, len)| *len)];
        let mut executable = GpuExecutable {
            device: device.clone(),
            plan,
            buffers,
            slabs: bound,
            dispatches: vec![],
            inputs,
            staging: StagingPool::default(),
            _owned: vec![],
        };
        executable.bind()?;
        Ok(executable)
    }

    /// Lowers every step, uploads all uniform blocks in one buffer and makes the bind groups.
    fn bind(&mut self) -> Result<()> {
        let kind = self.device.kind();
        let mut uniforms: Vec<u8> = vec![];
        let mut append = |bytes: &[u8]| {
            let offset = uniforms.len();
            uniforms.extend_from_slice(bytes);
            uniforms.resize(uniforms.len().next_multiple_of(UNIFORM_ALIGNMENT), 0);
            (offset, bytes.len())
        };
        let mut kernels = vec![];
        let mut scratch: Vec<usize> = vec![];
        for (index, step) in self.plan.steps.iter().enumerate() {
            let lowered = step.op.lower(kind);
            for (slot, &len) in lowered.scratch.iter().enumerate() {
                scratch.resize(scratch.len().max(slot + 1), 0);
                scratch[slot] = scratch[slot].max(len);
            }
            for kernel in lowered.kernels {
                let block = append(&kernel.uniform);
                let program = kernel.program.as_ref().map(|(program, _)| append(&program_uniform(program)));
                kernels.push((index, kernel, block, program));
            }
        }
        if kernels.is_empty() {
            return Ok(());
        }
        let uniform = self.device.buffer_of("uniforms", &uniforms, wgpu::BufferUsages::UNIFORM);
        let scratch: Vec<Buffer> =
            scratch.iter().map(|&len| self.device.buffer("scratch", len.max(1), wgpu::BufferUsages::STORAGE)).collect();
        let range = |buffer: &Buffer, offset: usize, size: usize| {
            (buffer.raw().clone(), offset as u64, std::num::NonZeroU64::new(size as u64))
        };
        for (index, kernel, block, program) in &kernels {
            let step = &self.plan.steps[*index];
            let place =
                |location: Location| range(&self.buffers[location.buffer], location.offset * 4, location.len * 4);
            let mut bindings = vec![(0, range(&uniform, block.0, block.1))];
            for (arg, binding) in kernel.args.iter().zip(1..) {
                bindings.push((
                    binding,
                    match *arg {
                        Arg::Input(input) => place(step.inputs[input]),
                        Arg::Output(output) => place(step.outputs[output]),
                        Arg::ScratchIn(slot) | Arg::ScratchOut(slot) => (scratch[slot].raw().clone(), 0, None),
                    },
                ));
            }
            for (binding, input) in operand_bindings(kernel) {
                bindings.push((binding, place(step.inputs[input])));
            }
            if let Some(program) = program {
                bindings.push((PROGRAM_UNIFORM, range(&uniform, program.0, program.1)));
            }
            let pipeline = self.device.pipeline(&Key::new(kernel));
            let entries: Vec<wgpu::BindGroupEntry<'_>> = bindings
                .iter()
                .map(|(binding, (buffer, offset, size))| wgpu::BindGroupEntry {
                    binding: *binding,
                    resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer,
                        offset: *offset,
                        size: *size,
                    }),
                })
                .collect();
            let bind_group = self.device.raw().create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(kernel.shader.name),
                layout: &pipeline.layout,
                entries: &entries,
            });
            self.dispatches.push(Dispatch { pipeline, bind_group, groups: kernel.groups });
        }
        self._owned = scratch;
        self._owned.push(uniform);
        self.device.check()
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Dispatches of one run.
    pub fn dispatches(&self) -> usize {
        self.dispatches.len()
    }

    /// Sets an input; it travels with the next run.
    ///
    /// # Errors
    /// [`Error::Shape`] when the number of values differs.
    pub fn write(&mut self, input: InputId, values: &[f32]) -> Result<()> {
        let port = &self.plan.inputs[input.0];
        check_len(&port.name, port.location.len, values.len())?;
        self.inputs[port.location.offset..port.location.offset + port.location.len].copy_from_slice(values);
        Ok(())
    }

    /// One write, one pass, one submit.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn run(&mut self) -> Result<()> {
        self.device.check()?;
        let mut encoder = self.device.raw().create_command_encoder(&Default::default());
        self.encode(&mut encoder);
        self.device.queue().submit([encoder.finish()]);
        Ok(())
    }

    /// As [`GpuExecutable::run`], with inputs copied from buffers before and outputs copied to buffers afterwards, each
    /// at a byte offset, in the same submit.
    pub(crate) fn run_copying(
        &mut self,
        feeds: &[(InputId, (&wgpu::Buffer, u64))],
        records: &[(OutputId, (&wgpu::Buffer, u64))],
    ) -> Result<()> {
        self.device.check()?;
        let mut encoder = self.device.raw().create_command_encoder(&Default::default());
        for (input, (source, offset)) in feeds {
            let (target, start, bytes) = self.place(self.plan.inputs[input.0].location);
            encoder.copy_buffer_to_buffer(source, *offset, target, start, bytes);
        }
        self.encode(&mut encoder);
        for (output, (target, offset)) in records {
            let (source, start, bytes) = self.output_buffer(*output);
            encoder.copy_buffer_to_buffer(source, start, target, *offset, bytes);
        }
        self.device.queue().submit([encoder.finish()]);
        Ok(())
    }

    /// Writes the inputs and encodes every dispatch.
    fn encode(&self, encoder: &mut wgpu::CommandEncoder) {
        if !self.inputs.is_empty() {
            self.device.queue().write_buffer(self.buffers[0].raw(), 0, bytemuck::cast_slice(&self.inputs));
        }
        let mut pass = encoder.begin_compute_pass(&Default::default());
        for dispatch in &self.dispatches {
            pass.set_pipeline(&dispatch.pipeline.pipeline);
            pass.set_bind_group(0, &dispatch.bind_group, &[]);
            let [x, y, z] = dispatch.groups;
            pass.dispatch_workgroups(x, y, z);
        }
    }

    /// An output's buffer, the byte at which it starts and its size in bytes.
    pub(crate) fn output_buffer(&self, output: OutputId) -> (&wgpu::Buffer, u64, u64) {
        self.place(self.plan.outputs[output.0].location)
    }

    fn place(&self, location: Location) -> (&wgpu::Buffer, u64, u64) {
        (self.buffers[location.buffer].raw(), (location.offset * 4) as u64, (location.len * 4) as u64)
    }

    /// An output as images to be drawn.
    pub fn images(&self, output: OutputId) -> GpuImages<'_> {
        let location = self.plan.outputs[output.0].location;
        GpuImages {
            device: &self.device,
            buffer: self.buffers[location.buffer].raw(),
            first: location.offset,
            len: location.len,
        }
    }

    /// Reads an output, as it is after the runs so far.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn read(&self, output: OutputId) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let encoder = self.device.raw().create_command_encoder(&Default::default());
        submit_and_read(&self.device, &self.staging, encoder, &[self.range(output)])
    }

    /// Runs and reads outputs, one behind the other in one vector, in one submit.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn run_and_read(&mut self, outputs: &[OutputId]) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let mut encoder = self.device.raw().create_command_encoder(&Default::default());
        self.encode(&mut encoder);
        let ranges: Vec<Range<'_>> = outputs.iter().map(|&output| self.range(output)).collect();
        submit_and_read(&self.device, &self.staging, encoder, &ranges)
    }

    fn range(&self, output: OutputId) -> Range<'_> {
        let (buffer, offset, bytes) = self.output_buffer(output);
        (buffer, offset, (bytes / 4) as usize)
    }

    /// The slab called `name`.
    pub fn slab(&self, name: &str) -> Option<GpuSlab> {
        let named = |index: usize| matches!(&self.plan.buffers[index].0, BufferKind::Slab(other) if other == name);
        self.slabs.iter().find(|(index, _)| named(*index)).map(|(_, slab)| slab.clone())
    }
}
