//! Reading device memory: a copy to a mappable buffer, awaited.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::{Buffer, Device};
use crate::{Error, Result};

type Mapped = std::result::Result<(), wgpu::BufferAsyncError>;

/// A one-shot result that a callback on any thread sets.
#[derive(Clone, Default)]
struct Signal(Arc<Mutex<(Option<Mapped>, Option<Waker>)>>);

impl Future for Signal {
    type Output = Mapped;

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

/// Mappable buffers that are used again, so that reading allocates nothing after the first time.
#[derive(Clone, Default)]
pub(crate) struct StagingPool(Rc<RefCell<Vec<Buffer>>>);

impl StagingPool {
    /// A buffer of at least `bytes`.
    fn take(&self, device: &Device, bytes: u64) -> Buffer {
        let mut free = self.0.borrow_mut();
        match free.iter().position(|buffer| buffer.raw().size() >= bytes) {
            Some(index) => free.swap_remove(index),
            None => {
                let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
                device.buffer("readback", (bytes / 4) as usize, usage)
            }
        }
    }
}

/// A range of a buffer: the buffer, the first byte and the number of f32 elements.
pub(crate) type Range<'a> = (&'a wgpu::Buffer, u64, usize);

/// Submits `encoder` with copies of `ranges` behind what it holds. The future waits for the copies and gives all values
/// in one vector; it borrows nothing, so that the sources may be used meanwhile.
pub(crate) fn submit_and_read(
    device: &Device,
    pool: &StagingPool,
    mut encoder: wgpu::CommandEncoder,
    ranges: &[Range<'_>],
) -> impl Future<Output = Result<Vec<f32>>> + use<> {
    let (device, pool) = (device.clone(), pool.clone());
    let bytes: u64 = ranges.iter().map(|(_, _, len)| (len * 4) as u64).sum();
    let staging = pool.take(&device, bytes);
    let mut end = 0;
    for &(source, offset, len) in ranges {
        encoder.copy_buffer_to_buffer(source, offset, staging.raw(), end, (len * 4) as u64);
        end += (len * 4) as u64;
    }
    device.queue().submit([encoder.finish()]);
    let signal = Signal::default();
    let set = signal.clone();
    staging.raw().map_async(wgpu::MapMode::Read, 0..bytes, move |result| {
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
        let view = staging.raw().get_mapped_range(0..bytes).map_err(|error| Error::Gpu(error.to_string()))?;
        let values = bytemuck::pod_collect_to_vec(&view[..]);
        drop(view);
        staging.raw().unmap();
        pool.0.borrow_mut().push(staging);
        device.check()?;
        Ok(values)
    }
}
