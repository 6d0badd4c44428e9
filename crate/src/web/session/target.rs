//! The canvases that a session draws on.

use wasm_bindgen::JsCast;

use crate::backend::gpu::{self, Presenter};
use crate::backend::present::{Images, Painter, View};
use crate::{Error, Result};

/// Where a canvas is drawn.
pub(super) enum Target {
    Painted {
        canvas: web_sys::OffscreenCanvas,
        context: web_sys::OffscreenCanvasRenderingContext2d,
        painter: Painter,
    },
    Presented {
        device: gpu::Device,
        canvas: web_sys::OffscreenCanvas,
        surface: wgpu::Surface<'static>,
        config: wgpu::SurfaceConfiguration,
        presenter: Presenter,
    },
}

impl Target {
    /// On the CPU: pixels put into a 2d context.
    pub fn painted(canvas: web_sys::OffscreenCanvas) -> Result<Target> {
        let refused = || Error::Unsupported("the canvas gives no 2d context; it was used by another backend".into());
        let context = canvas.get_context("2d").ok().flatten().ok_or_else(refused)?;
        let context = context.dyn_into().map_err(|_| refused())?;
        Ok(Target::Painted { canvas, context, painter: Painter::default() })
    }

    /// On the GPU: a surface of the device.
    pub fn presented(device: &gpu::Device, canvas: web_sys::OffscreenCanvas) -> Result<Target> {
        let refused =
            |error: &dyn std::fmt::Display| Error::Gpu(format!("the canvas gives no WebGPU context ({error})"));
        let surface = device.instance().create_surface(wgpu::SurfaceTarget::OffscreenCanvas(canvas.clone()));
        let surface = surface.map_err(|error| refused(&error))?;
        let config = surface.get_default_config(device.adapter(), canvas.width().max(1), canvas.height().max(1));
        let config = config.ok_or_else(|| refused(&"the adapter cannot draw on it"))?;
        surface.configure(device.raw(), &config);
        let presenter = Presenter::new(device, config.format)?;
        Ok(Target::Presented { device: device.clone(), canvas, surface, config, presenter })
    }

    /// Draws images of the same backend over the whole canvas, whose size is read anew.
    pub fn draw(&mut self, images: Images<'_>, view: &View) -> Result<()> {
        match (self, images) {
            (Target::Painted { canvas, context, painter }, Images::Host(images)) => {
                let (width, height) = (canvas.width(), canvas.height());
                let rgba = painter.draw(images, view, width as usize, height as usize)?;
                let failed = |_| Error::Unsupported("the canvas took no picture".into());
                let data =
                    web_sys::ImageData::new_with_u8_clamped_array_and_sh(wasm_bindgen::Clamped(rgba), width, height);
                context.put_image_data(&data.map_err(failed)?, 0.0, 0.0).map_err(failed)
            }
            (Target::Presented { device, canvas, surface, config, presenter }, Images::Device(images)) => {
                let size = (canvas.width().max(1), canvas.height().max(1));
                if (config.width, config.height) != size {
                    (config.width, config.height) = size;
                    surface.configure(device.raw(), config);
                }
                let texture = match surface.get_current_texture() {
                    wgpu::CurrentSurfaceTexture::Success(texture)
                    | wgpu::CurrentSurfaceTexture::Suboptimal(texture) => texture,
                    // the next frame draws
                    _ => return device.check(),
                };
                let target = texture.texture.create_view(&Default::default());
                presenter.draw(images, view, (&target, size.0, size.1))?;
                device.queue().present(texture);
                Ok(())
            }
            _ => Err(Error::Unsupported("a canvas of another backend".into())),
        }
    }
}
