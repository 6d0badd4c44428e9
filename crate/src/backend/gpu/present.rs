//! Draws images onto a texture, straight from the buffer that a run left them in.

use super::{Buffer, Device, shader::resolve_imports};
use crate::backend::present::View;
use crate::ops::{Shader, shader};
use crate::{Error, Result};

const PRESENT: Shader = shader!("present");
/// Bytes of `Params` in `shaders/present.wgsl`.
const PARAMS: usize = 96;

/// Images in device memory.
#[derive(Clone, Copy)]
pub struct GpuImages<'a> {
    /// The device.
    pub(crate) device: &'a Device,
    /// The buffer.
    pub(crate) buffer: &'a wgpu::Buffer,
    /// The first element.
    pub(crate) first: usize,
    /// The number of elements.
    pub(crate) len: usize,
}

impl GpuImages<'_> {
    pub(crate) fn skip(self, values: usize) -> Self {
        let values = values.min(self.len);
        GpuImages { first: self.first + values, len: self.len - values, ..self }
    }
}

/// Draws onto textures of one format and size.
pub struct Presenter {
    device: Device,
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    params: Buffer,
    /// What the uniform block holds now: the view, the first element and the texture's size.
    written: Option<(View, usize, u32, u32)>,
    /// Bind groups by the buffer that they read; a model has a handful, a trajectory as many as its history has blocks.
    bound: Vec<(wgpu::Buffer, wgpu::BindGroup)>,
}

/// Bind groups kept; more than the plans of a model, or the blocks of 300 frames of 16 digits, that one canvas shows.
const MAX_BOUND: usize = 32;

impl Presenter {
    /// A presenter for textures of `format`.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn new(device: &Device, format: wgpu::TextureFormat) -> Result<Self> {
        let raw = device.raw();
        let label = Some(PRESENT.name);
        let source = wgpu::ShaderSource::Wgsl(resolve_imports(&PRESENT.source()).into());
        let module = raw.create_shader_module(wgpu::ShaderModuleDescriptor { label, source });
        let entry = |binding: u32, ty: wgpu::BufferBindingType| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        };
        let entries = [
            entry(0, wgpu::BufferBindingType::Uniform),
            entry(1, wgpu::BufferBindingType::Storage { read_only: true }),
        ];
        let layout = raw.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label, entries: &entries });
        let pipeline_layout = raw.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = raw.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("vertex"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: Default::default(),
            depth_stencil: None,
            multisample: Default::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("fragment"),
                compilation_options: Default::default(),
                targets: &[Some(format.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let params = device.buffer("present", PARAMS / 4, usage);
        device.check()?;
        Ok(Presenter { device: device.clone(), pipeline, layout, params, written: None, bound: vec![] })
    }

    /// Draws the first of these images over a texture of `width` by `height`.
    ///
    /// # Errors
    /// [`Error::Shape`] when they are too few or another device's, [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn draw(
        &mut self,
        images: GpuImages<'_>,
        view: &View,
        (texture, width, height): (&wgpu::TextureView, u32, u32),
    ) -> Result<()> {
        self.device.check()?;
        if !images.device.same(&self.device) {
            return Err(Error::Shape("images of another device".into()));
        }
        view.check(images.len)?;
        let key = (*view, images.first, width, height);
        if self.written != Some(key) {
            let bytes = params(view, images.first, width, height);
            self.device.queue().write_buffer(self.params.raw(), 0, &bytes);
            self.written = Some(key);
        }
        let index = self.bind(images.buffer);
        let mut encoder = self.device.raw().create_command_encoder(&Default::default());
        let attachment = wgpu::RenderPassColorAttachment {
            view: texture,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT), store: wgpu::StoreOp::Store },
        };
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(attachment)],
            ..Default::default()
        });
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bound[index].1, &[]);
        pass.draw(0..3, 0..1);
        drop(pass);
        self.device.queue().submit([encoder.finish()]);
        Ok(())
    }

    /// The bind group for a buffer, made at its first use.
    fn bind(&mut self, buffer: &wgpu::Buffer) -> usize {
        if let Some(index) = self.bound.iter().position(|(other, _)| other == buffer) {
            return index;
        }
        let group = self.device.raw().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(PRESENT.name),
            layout: &self.layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: self.params.raw().as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: buffer.as_entire_binding() },
            ],
        });
        if self.bound.len() == MAX_BOUND {
            self.bound.remove(0);
        }
        self.bound.push((buffer.clone(), group));
        self.bound.len() - 1
    }
}

/// The uniform block.
fn params(view: &View, first: usize, width: u32, height: u32) -> Vec<u8> {
    let size = [width as f32, height as f32, view.extent(view.columns), view.extent(view.rows)];
    let mut bytes = bytemuck::cast_slice(&size).to_vec();
    for [red, green, blue] in [view.ink, view.paper, view.below] {
        bytes.extend_from_slice(bytemuck::cast_slice(&[red, green, blue, 1.0]));
    }
    let words = [view.columns as u32, view.rows as u32, view.side as u32, u32::from(view.smooth)];
    bytes.extend_from_slice(bytemuck::cast_slice(&words));
    let [scale, shift] = view.tone.scale_and_shift();
    bytes.extend_from_slice(bytemuck::cast_slice(&[view.gap, scale, shift]));
    // the struct's size is a multiple of 16 bytes
    bytes.extend_from_slice(bytemuck::cast_slice(&[first as u32]));
    bytes
}
