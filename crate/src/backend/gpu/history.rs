//! The blocks of a history in device memory.

use std::cell::RefCell;
use std::future::Future;
use std::ops::Range;

use super::readback::{StagingPool, submit_and_read};
use super::{Buffer, Device, SLAB_USAGE};
use crate::backend::history::BLOCK;
use crate::{Error, Result};

/// Blocks kept for the next history when one ends, 32 MiB.
const MAX_SPARE: usize = 16;

/// Blocks that no history holds now.
#[derive(Default)]
pub(super) struct Spare(RefCell<Vec<Buffer>>);

/// Blocks of equal size.
pub(crate) struct GpuHistory {
    device: Device,
    block_len: usize,
    blocks: Vec<Buffer>,
}

impl GpuHistory {
    /// No blocks yet; each will hold `block_len` elements.
    pub fn new(device: &Device, block_len: usize) -> Result<Self> {
        let limit = device.raw().limits().max_storage_buffer_binding_size as usize / size_of::<f32>();
        if block_len > limit {
            return Err(Error::Shape(format!(
                "a frame of {block_len} values is over the device's limit of {limit}; use a smaller batch"
            )));
        }
        Ok(GpuHistory { device: device.clone(), block_len, blocks: vec![] })
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    pub fn count(&self) -> usize {
        self.blocks.len()
    }

    pub fn block(&self, index: usize) -> &wgpu::Buffer {
        self.blocks[index].raw()
    }

    /// Takes blocks until there are `count`.
    pub fn grow(&mut self, count: usize) -> Result<()> {
        while self.blocks.len() < count {
            self.device.check()?;
            let spare = if self.block_len == BLOCK { self.device.0.spare.0.borrow_mut().pop() } else { None };
            let fresh = || self.device.buffer("history", self.block_len, SLAB_USAGE);
            self.blocks.push(spare.unwrap_or_else(fresh));
        }
        Ok(())
    }

    pub fn write(&self, block: usize, first: usize, values: &[f32]) -> Result<()> {
        self.device.check()?;
        let offset = (first * size_of::<f32>()) as u64;
        self.device.queue().write_buffer(self.block(block), offset, bytemuck::cast_slice(values));
        Ok(())
    }

    /// Reads ranges of blocks, one behind the other. The memory that they travel through is given back afterwards: a
    /// whole trajectory is large and read seldom.
    pub fn read(&self, places: &[(usize, Range<usize>)]) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let encoder = self.device.raw().create_command_encoder(&Default::default());
        let ranges: Vec<_> = places
            .iter()
            .map(|(block, range)| (self.block(*block), (range.start * size_of::<f32>()) as u64, range.len()))
            .collect();
        submit_and_read(&self.device, &StagingPool::default(), encoder, &ranges)
    }
}

impl Drop for GpuHistory {
    fn drop(&mut self) {
        if self.block_len == BLOCK {
            let mut spare = self.device.0.spare.0.borrow_mut();
            let kept = MAX_SPARE.saturating_sub(spare.len()).min(self.blocks.len());
            spare.extend(self.blocks.drain(..kept));
        }
    }
}
