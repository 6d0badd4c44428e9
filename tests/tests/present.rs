//! Drawing: the GPU's fragments against the CPU's painter, pixel by pixel.

use inkling::backend::gpu::Presenter;
use inkling::backend::present::{Images, Painter, Tone, View};
use inkling::backend::{Backend, Place};
use inkling::rng::Philox;
use inkling_tests::gpu;

const SIDE: usize = 28;

#[test]
fn the_gpu_draws_what_the_cpu_paints() {
    let backend = gpu();
    let Backend::Gpu(device) = &backend else { panic!("the GPU backend") };
    let (columns, rows) = (3, 2);
    let mut stream = Philox::new(4, 0);
    let len = columns * rows * SIDE * SIDE;
    let mut history = backend.history(&["other", "images"], 2 * len).expect("a history");
    // not at the beginning of the buffer, and an image more before them
    let place = Place { frame: 2, track: 1 };
    let values: Vec<f32> = (0..2 * len).map(|_| 4.0 * stream.uniform() - 2.0).collect();
    history.write(place, &values).expect("a frame");
    let mut presenter = Presenter::new(device, wgpu::TextureFormat::Rgba8Unorm).expect("a presenter");
    let mut painter = Painter::default();
    let images = history.images(place).expect("the images").skip(SIDE * SIDE);
    let Images::Device(images) = images else { panic!("images on the GPU") };
    // larger, equal, odd and smaller than the images
    for (width, height) in [(336, 224), (84, 56), (191, 97), (50, 31)] {
        for smooth in [false, true] {
            for (gap, tone) in
                [(0.0, Tone::Grey), (2.0, Tone::Grey), (1.0, Tone::Signed), (0.0, Tone::Noise), (2.0, Tone::Diverging)]
            {
                let (ink, paper) = ([0.1, 0.2, 0.3], [1.0, 0.9, 0.8]);
                let below = if tone == Tone::Diverging { [0.8, 0.3, 0.0] } else { paper };
                let view = View { side: SIDE, columns, rows, gap, smooth, tone, ink, paper, below };
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
                presenter.draw(images, &view, (&target, width, height)).expect("a drawing");
                let drawn = pixels(device, &texture, width, height);
                let painted =
                    painter.draw(&values[SIDE * SIDE..], &view, width as usize, height as usize).expect("a painting");
                let off = drawn.iter().zip(painted).filter(|&(a, b)| a.abs_diff(*b) > 2).count();
                // a place on the border between two pixels may fall to either
                let allowed = drawn.len() / 200;
                assert!(off <= allowed, "{width}x{height}, smooth {smooth}, gap {gap}, {tone:?}: {off} bytes differ");
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
