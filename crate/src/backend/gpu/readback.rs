//! Reading device memory: a copy to a mappable buffer, awaited.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::Device;
use crate::{Error, Result};

/// A one-shot result that a callback on any thread sets.
#[derive(Clone, Default)]
struct Signal(Arc<Mutex<(Option<std::result::Result<(), wgpu::BufferAsyncError>>, Option<Waker>)>>);

impl Future for Signal {
    type Output = std::result::Result<(), wgpu::BufferAsyncError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Ok(mut state) = self.0.lock() else { return Poll::Ready(Err(wgpu::BufferAsyncError)) };
        match state.0.take() {
            Some(result) => Poll::Ready(result),
            None => {
                state.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Copies `len` f32 elements from byte `offset` of `source`. The copy is queued before this returns; the future only
/// waits for it and borrows nothing, so that the source may be used meanwhile.
pub(crate) fn read_buffer(
    device: &Device,
    source: &wgpu::Buffer,
    offset: u64,
    len: usize,
) -> impl Future<Output = Result<Vec<f32>>> + use<> {
    let device = device.clone();
    let staging = device.buffer("readback", len, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
    let mut encoder = device.raw().create_command_encoder(&Default::default());
    encoder.copy_buffer_to_buffer(source, offset, staging.raw(), 0, (len * 4) as u64);
    device.queue().submit([encoder.finish()]);
    let signal = Signal::default();
    let set = signal.clone();
    staging.raw().map_async(wgpu::MapMode::Read, .., move |result| {
        if let Ok(mut state) = set.0.lock() {
            state.0 = Some(result);
            if let Some(waker) = state.1.take() {
                waker.wake();
            }
        }
    });
    async move {
        device.check()?;
        #[cfg(not(target_arch = "wasm32"))]
        device.wait()?;
        if signal.await.is_err() {
            device.check()?;
            return Err(Error::Gpu("a buffer could not be read back".into()));
        }
        let view = staging.raw().get_mapped_range(..).map_err(|error| Error::Gpu(error.to_string()))?;
        let values = bytemuck::pod_collect_to_vec(&view[..]);
        drop(view);
        staging.raw().unmap();
        device.check()?;
        Ok(values)
    }
}
