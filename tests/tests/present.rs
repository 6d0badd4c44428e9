//! Drawing: the GPU's fragments against the CPU's painter, pixel by pixel.

use inkling::backend::gpu::Presenter;
use inkling::backend::present::{Painter, View};
use inkling::backend::{Backend, Executable};
use inkling::graph::Graph;
use inkling::rng::Philox;
use inkling_tests::gpu;

const SIDE: usize = 28;

#[test]
fn the_gpu_draws_what_the_cpu_paints() {
    let backend = gpu();
    let Backend::Gpu(device) = &backend else { panic!("the GPU backend") };
    let (columns, rows) = (3, 2);
    let mut stream = Philox::new(4, 0);
    let images: Vec<f32> = (0..columns * rows * SIDE * SIDE).map(|_| stream.uniform()).collect();
    let graph = Graph::new();
    let x = graph.constant(&images, [images.len()]).expect("a constant");
    let plan = graph.compile(&[("y", &x.mul_scalar(1.0))]).expect("a plan");
    let mut executable = backend.compile(plan, &[]).expect("an executable");
    executable.run().expect("a run");
    let output = executable.output("y").expect("the output");
    let Executable::Gpu(executable) = &executable else { panic!("a GPU executable") };
    let mut presenter = Presenter::new(device, wgpu::TextureFormat::Rgba8Unorm).expect("a presenter");
    let mut painter = Painter::default();
    // larger, equal, odd and smaller than the images
    for (width, height) in [(336, 224), (84, 56), (191, 97), (50, 31)] {
        for smooth in [false, true] {
            for gap in [0.0, 2.0] {
                let view =
                    View { side: SIDE, columns, rows, gap, smooth, ink: [0.1, 0.2, 0.3], paper: [1.0, 0.9, 0.8] };
                let texture = device.raw().create_texture(&wgpu::TextureDescriptor {
                    label: None,
                    size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
                    mip_level_count: 1,
                    sample_count: 1,
                    dimension: wgpu::TextureDimension::D2,
                    format: wgpu::TextureFormat::Rgba8Unorm,
                    usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
                    view_formats: &[],
                });
                let target = texture.create_view(&Default::default());
                presenter.draw(executable, output, &view, (&target, width, height)).expect("a drawing");
                let drawn = pixels(device, &texture, width, height);
                let painted = painter.draw(&images, &view, width as usize, height as usize).expect("a painting");
                let off = drawn.iter().zip(painted).filter(|&(a, b)| a.abs_diff(*b) > 2).count();
                // a place on the border between two pixels may fall to either
                let allowed = drawn.len() / 200;
                assert!(off <= allowed, "{width}x{height}, smooth {smooth}, gap {gap}: {off} bytes differ");
            }
        }
    }
}

fn pixels(device: &inkling::backend::gpu::Device, texture: &wgpu::Texture, width: u32, height: u32) -> Vec<u8> {
    let pitch = (width * 4).next_multiple_of(256);
    let staging = device.raw().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: u64::from(pitch * height),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let mut encoder = device.raw().create_command_encoder(&Default::default());
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &staging,
            layout: wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(pitch), rows_per_image: None },
        },
        texture.size(),
    );
    device.queue().submit([encoder.finish()]);
    staging.map_async(wgpu::MapMode::Read, .., |_| {});
    device.wait().expect("the device");
    let view = staging.get_mapped_range(..).expect("the pixels");
    view.chunks(pitch as usize).flat_map(|row| row[..(width * 4) as usize].to_vec()).collect()
}
