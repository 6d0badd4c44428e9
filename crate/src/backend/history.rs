//! The frames of a trajectory, kept on the device that computed them, so that looking back costs no computation.

use std::future::Future;
use std::ops::Range;

use super::cpu::check_len;
use super::gpu::{GpuHistory, GpuImages};
use super::present::Images;
use super::{Backend, Executable, InputId, OutputId, Reading};
use crate::{Error, Result};

/// Elements of a block, 2 MiB: memory is taken block by block as a trajectory grows. All of one size, so that the
/// blocks of a trajectory that ended serve the next one.
pub(super) const BLOCK: usize = 1 << 19;

/// One value of a history: a track (x_t, a prediction, ...) at a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The frame, from 0.
    pub frame: usize,
    /// The track, as [`History::track`] counts them.
    pub track: usize,
}

/// Frames, each with a value of `len` numbers in every track. Grows as it is written; its memory goes back when it is
/// dropped.
pub struct History {
    tracks: Vec<String>,
    len: usize,
    frames: usize,
    blocks: Blocks,
}

enum Blocks {
    Cpu(Vec<Vec<f32>>),
    Gpu(GpuHistory),
}

/// A block and the range of elements in it that a place has.
type Location = (usize, Range<usize>);

impl Backend {
    /// An empty history with these tracks, `len` numbers each.
    ///
    /// # Errors
    /// [`Error::Shape`] without tracks or numbers, or when one frame is over the limit of a GPU buffer.
    pub fn history(&self, tracks: &[&str], len: usize) -> Result<History> {
        let frame = tracks.len() * len;
        if frame == 0 {
            return Err(Error::Shape("a history of nothing".into()));
        }
        let blocks = match self {
            Backend::Cpu => Blocks::Cpu(vec![]),
            Backend::Gpu(device) => Blocks::Gpu(GpuHistory::new(device, frame.max(BLOCK))?),
        };
        Ok(History { tracks: tracks.iter().map(ToString::to_string).collect(), len, frames: 0, blocks })
    }
}

impl History {
    /// The number of the track called `name`.
    ///
    /// # Errors
    /// [`Error::Shape`] when there is none.
    pub fn track(&self, name: &str) -> Result<usize> {
        let found = self.tracks.iter().position(|track| track == name);
        found.ok_or_else(|| Error::Shape(format!("a frame has {}, not {name}", self.tracks.join(", "))))
    }

    /// Numbers of one value.
    pub fn value_len(&self) -> usize {
        self.len
    }

    /// Frames written to so far: one more than the newest.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Blocks of memory held and their bytes.
    pub fn memory(&self) -> (usize, usize) {
        let count = match &self.blocks {
            Blocks::Cpu(blocks) => blocks.len(),
            Blocks::Gpu(blocks) => blocks.count(),
        };
        (count, count * self.block_len() * size_of::<f32>())
    }

    /// Writes a value from the host.
    ///
    /// # Errors
    /// [`Error::Shape`] when the number of values differs from [`History::value_len`] or there is no such track,
    /// [`Error::DeviceLost`], [`Error::Gpu`], [`Error::Unsupported`] when memory runs out.
    pub fn write(&mut self, place: Place, values: &[f32]) -> Result<()> {
        check_len("a frame", self.len, values.len())?;
        let (block, range) = self.grow(place)?;
        match &mut self.blocks {
            Blocks::Cpu(blocks) => blocks[block][range].copy_from_slice(values),
            Blocks::Gpu(blocks) => blocks.write(block, range.start, values)?,
        }
        Ok(())
    }

    /// Reads a value, as it is after the runs so far. The future borrows nothing.
    ///
    /// # Errors
    /// [`Error::Shape`] for a place that was not written, [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn read(&self, place: Place) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        self.read_track(place.track, place.frame..place.frame + 1)
    }

    /// Reads one track over a range of frames, one value behind the other.
    ///
    /// # Errors
    /// As [`History::read`].
    pub fn read_track(&self, track: usize, frames: Range<usize>) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let located: Result<Vec<Location>> = frames.map(|frame| self.locate(Place { frame, track })).collect();
        let reading = located.map(|places| match &self.blocks {
            Blocks::Cpu(blocks) => {
                Reading::Ready(places.into_iter().flat_map(|(block, range)| &blocks[block][range]).copied().collect())
            }
            Blocks::Gpu(blocks) => Reading::Queued(blocks.read(&places)),
        });
        async { reading?.finish().await }
    }

    /// A value as images to be drawn.
    ///
    /// # Errors
    /// [`Error::Shape`] for a place that was not written.
    pub fn images(&self, place: Place) -> Result<Images<'_>> {
        let (block, range) = self.locate(place)?;
        Ok(match &self.blocks {
            Blocks::Cpu(blocks) => Images::Host(&blocks[block][range]),
            Blocks::Gpu(blocks) => Images::Device(GpuImages {
                device: blocks.device(),
                buffer: blocks.block(block),
                first: range.start,
                len: range.len(),
            }),
        })
    }

    fn block_len(&self) -> usize {
        (self.tracks.len() * self.len).max(BLOCK)
    }

    /// Where a place lies or will lie. No frame reaches over the end of a block.
    fn location(&self, place: Place) -> Location {
        let frame = self.tracks.len() * self.len;
        let per_block = self.block_len() / frame;
        let start = place.frame % per_block * frame + place.track * self.len;
        (place.frame / per_block, start..start + self.len)
    }

    fn locate(&self, place: Place) -> Result<Location> {
        if place.track >= self.tracks.len() || place.frame >= self.frames {
            return Err(Error::Shape(format!(
                "there is no frame {} of track {}; {} frames were computed",
                place.frame, place.track, self.frames
            )));
        }
        Ok(self.location(place))
    }

    /// Takes memory until the place has some.
    fn grow(&mut self, place: Place) -> Result<Location> {
        if place.track >= self.tracks.len() {
            return Err(Error::Shape(format!(
                "a frame has {} tracks, none of number {}",
                self.tracks.len(),
                place.track
            )));
        }
        let (block, range) = self.location(place);
        let len = self.block_len();
        match &mut self.blocks {
            Blocks::Cpu(blocks) => {
                while blocks.len() <= block {
                    let mut fresh = vec![];
                    if fresh.try_reserve_exact(len).is_err() {
                        return Err(Error::Unsupported(
                            "there is no memory for so many frames; take fewer steps or fewer digits".into(),
                        ));
                    }
                    fresh.resize(len, 0.0);
                    blocks.push(fresh);
                }
            }
            Blocks::Gpu(blocks) => blocks.grow(block + 1)?,
        }
        self.frames = self.frames.max(place.frame + 1);
        Ok((block, range))
    }
}

impl Executable {
    /// Runs every step once, with inputs taken from a history and outputs kept in it. On the GPU all of it is one
    /// submit, and nothing comes to the host. Feeds are read before the first record is written.
    ///
    /// # Errors
    /// [`Error::Shape`] when a port has another number of values than the history's, when a feed's place was not
    /// written, or for another backend's history; [`Error::DeviceLost`], [`Error::Gpu`], [`Error::Unsupported`] when
    /// memory runs out.
    pub fn run_recording(
        &mut self,
        history: &mut History,
        feeds: &[(InputId, Place)],
        records: &[(OutputId, Place)],
    ) -> Result<()> {
        for &(input, _) in feeds {
            check_len("a frame", history.len, self.plan().inputs[input.0].shape.numel())?;
        }
        for &(output, _) in records {
            check_len("a frame", history.len, self.output_shape(output).numel())?;
        }
        let fed = feeds.iter().map(|&(input, place)| Ok((input, history.locate(place)?)));
        let fed: Vec<(InputId, Location)> = fed.collect::<Result<_>>()?;
        let kept = records.iter().map(|&(output, place)| Ok((output, history.grow(place)?)));
        let kept: Vec<(OutputId, Location)> = kept.collect::<Result<_>>()?;
        match (self, &mut history.blocks) {
            (Executable::Cpu(executable), Blocks::Cpu(blocks)) => {
                for (input, (block, range)) in fed {
                    executable.write(input, &blocks[block][range])?;
                }
                executable.run();
                for (output, (block, range)) in kept {
                    executable.with_output(output, |values| blocks[block][range].copy_from_slice(values));
                }
                Ok(())
            }
            (Executable::Gpu(executable), Blocks::Gpu(blocks)) => {
                let at = |(block, range): Location| (blocks.block(block), (range.start * size_of::<f32>()) as u64);
                let fed: Vec<_> = fed.into_iter().map(|(input, location)| (input, at(location))).collect();
                let kept: Vec<_> = kept.into_iter().map(|(output, location)| (output, at(location))).collect();
                executable.run_copying(&fed, &kept)
            }
            _ => Err(Error::Shape("a history of another backend".into())),
        }
    }
}
