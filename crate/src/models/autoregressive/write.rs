//! The job `write`: one run writes the next place of every digit of the batch, a pixel or a patch of 2 x 2, from what
//! earlier runs left. A run costs one place: what the network computed at earlier places is kept in slabs (keys and values
//! of the attention; of the PixelCNN and the row LSTM the last row and a little), so that nothing is computed again.
//!
//! Inputs: `step`, a scalar: the place to write, 0 and up in reading order; run 0 begins a new picture, and runs follow one
//! another without gaps. `key` `[4]` ([`crate::ops::key_values`]), another one for each run. `temperature`, a scalar: logits
//! are divided by it (0.01 at least, which takes the most probable outcome). `given` `[batch, 784]` (ink from 0.5 on) and
//! `keep`, a scalar: places before `keep` are not drawn but taken from there.
//!
//! Outputs: `pixels` `[batch, 784]`, the picture so far; `probabilities` `[batch, 784]`, for each pixel written the
//! probability of ink it was drawn with (a patch's pixels are drawn together: these are its marginals), both 0 where
//! nothing was written yet; `distribution` of the place just written, at this temperature: `[batch, 2]` paper and ink, or
//! `[batch, 16]`, the patches by number, whose bits are their pixels, the upper left one the highest; `distributions`
//! `[batch, places, 2 or 16]`, those of the places written so far (what lies behind them means nothing).

use super::places::{Grid, Near, Place, Tokens, View};
use super::transformer::Attend;
use super::{Architecture, Autoregressive, patch_pixels, pixelcnn, row_lstm, transformer};
use crate::error::Result;
use crate::graph::{Graph, ParamLayout, Plan, Shape, Slab, Tensor};
use crate::models::network::Network;
use crate::models::plans;
use crate::ops::Distribution;

/// Below this a temperature makes no difference but overflows.
const COLDEST: f64 = 0.01;
/// Keeps uniform numbers below the rounded sum of a distribution.
const BELOW_ONE: f64 = 1.0 - 1e-6;
/// Added to the scores of places that are not yet written: e to this is 0.
const UNSEEN: f64 = -1e9;

impl Autoregressive {
    /// The plan of one run of `write`.
    ///
    /// # Errors
    /// [`Error::Shape`] for an empty batch.
    pub(super) fn write_plan(&self, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(self.layout(), batch)?;
        let grid = self.config().grid();
        let key = graph.input("key", [4])?;
        let step = graph.input("step", Shape::default())?;
        let temperature = graph.input("temperature", Shape::default())?.maximum_scalar(COLDEST);
        let given = graph.input("given", [batch, grid.pixels()])?.greater_equal_scalar(0.5);
        let keep = graph.input("keep", Shape::default())?;

        let shape = Shape::new(&[batch, grid.pixels()]);
        let outcomes = if grid.cell == 1 { 2 } else { self.config().outcomes() };
        let layout = ParamLayout::new(&[
            ("pixels".into(), shape.clone()),
            ("probabilities".into(), shape),
            ("distributions".into(), Shape::new(&[batch, grid.tokens(), outcomes])),
        ])?;
        let paper = graph.slab("picture", &layout)?;
        let sheet = Sheet::new(&graph, grid, &step)?;
        let before = sheet.before(&paper.get("pixels")?)?;

        let logits = self.next(&before, &step, &params)?.div(&temperature)?;
        let noise = graph.random(Distribution::Uniform, &key, [batch, 1])?;
        let (distribution, ink, drawn) = match grid.cell {
            1 => {
                let ink = logits.sigmoid();
                let drawn = ink.greater(&noise)?;
                (graph.concat(&[&ink.neg().add_scalar(1.0), &ink], 1)?, ink, drawn)
            }
            _ => draw_patch(&logits.softmax()?, &noise)?,
        };
        let drawn = keep.greater(&step)?.select(&given, &sheet.spread(&drawn)?)?;
        let pixels = sheet.now(&drawn, &before)?;
        let probabilities = sheet.now(&sheet.spread(&ink)?, &sheet.before(&paper.get("probabilities")?)?)?;
        set(&paper.get("pixels")?, &pixels)?;
        set(&paper.get("probabilities")?, &probabilities)?;
        let known = paper.get("distributions")?;
        let distributions =
            at_place(&graph, grid, &step)?.select(&distribution.reshape([batch, 1, outcomes])?, &known)?;
        set(&known, &distributions)?;
        graph.compile(&[
            ("pixels", &pixels),
            ("probabilities", &probabilities),
            ("distribution", &distribution),
            ("distributions", &distributions),
        ])
    }

    /// What describes the distribution of place `step` `[batch, outcomes]`, given the pictures so far.
    fn next(&self, pictures: &Tensor, step: &Tensor, params: &Slab) -> Result<Tensor> {
        let grid = self.config().grid();
        let view = View::new(grid, pictures, Tokens::At(step))?;
        match self.config().network {
            Architecture::PixelCnn { channels, blocks } => {
                let mut recent = Recent::new(&view, step, channels, 2 * blocks)?;
                let logits = pixelcnn::logits(&view, &mut recent, params, blocks)?;
                recent.push()?;
                Ok(logits)
            }
            Architecture::RowLstm { units, layers } => {
                let mut recent = Recent::new(&view, step, units, 2 * layers)?;
                let logits = row_lstm::logits(&view, &mut recent, params, layers)?;
                recent.push()?;
                Ok(logits)
            }
            Architecture::Transformer { width, layers, heads } => {
                let mut cache = Cache::new(&view, step, [width, layers, heads])?;
                transformer::logits(&view, &mut cache, params, layers)
            }
        }
    }
}

/// `[places, 1]`, 1 at the place `step`, else 0.
fn at_place(graph: &Graph, grid: Grid, step: &Tensor) -> Result<Tensor> {
    let numbers: Vec<f32> = (0..grid.tokens()).map(|place| place as f32).collect();
    graph.constant(&numbers, [grid.tokens(), 1])?.equal(step)
}

/// target <- value.
fn set(target: &Tensor, value: &Tensor) -> Result<()> {
    target.graph().moving_average(target, value, &target.graph().scalar(1.0))
}

/// A patch drawn from `p` `[batch, 16]` by uniform numbers `[batch, 1]`: the distribution, each pixel's probability of ink
/// and its value `[batch, 4]`.
fn draw_patch(p: &Tensor, noise: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
    let graph = p.graph();
    let bits = patch_pixels(graph)?;
    let sums: Vec<f32> = (0..256).map(|index| f32::from(u8::from(index / 16 <= index % 16))).collect();
    // how many of the patches, counted up from the first, lie wholly below the number
    let cumulative = p.matmul(&graph.constant(&sums, [16, 16])?)?;
    let number = noise.mul_scalar(BELOW_ONE).greater_equal(&cumulative)?.sum(&[1])?;
    Ok((p.clone(), p.matmul(&bits)?, bits.embedding(&number)?))
}

/// Which pixels were written before a run and which are written in it.
struct Sheet {
    earlier: Tensor,
    now: Tensor,
    spread: Tensor,
}

impl Sheet {
    fn new(graph: &Graph, grid: Grid, step: &Tensor) -> Result<Sheet> {
        let (pixels, inner) = (grid.pixels(), grid.cell * grid.cell);
        let places: Vec<f32> = (0..pixels).map(|pixel| grid.place_of(pixel).0 as f32).collect();
        let places = graph.constant(&places, [pixels])?;
        let mut spread = vec![0.0; inner * pixels];
        for pixel in 0..pixels {
            spread[grid.place_of(pixel).1 * pixels + pixel] = 1.0;
        }
        let spread = graph.constant(&spread, [inner, pixels])?;
        Ok(Sheet { earlier: step.greater(&places)?, now: step.equal(&places)?, spread })
    }

    /// What was written before, on paper.
    fn before(&self, picture: &Tensor) -> Result<Tensor> {
        picture.mul(&self.earlier)
    }

    /// The pixels `[batch, pixels of a place]` at their places in every place.
    fn spread(&self, values: &Tensor) -> Result<Tensor> {
        values.matmul(&self.spread)
    }

    /// `written` at the place of this run, elsewhere `picture`.
    fn now(&self, written: &Tensor, picture: &Tensor) -> Result<Tensor> {
        self.now.select(written, picture)
    }
}

/// What the network computed at the last places, a row and one more, oldest first: `[batch, places, slots * width]`.
struct Recent {
    grid: Grid,
    batch: usize,
    width: usize,
    memory: Tensor,
    /// For each neighbour, 1 where it lies in the picture.
    exists: Vec<(Place, Tensor)>,
    fresh: Vec<Tensor>,
}

impl Recent {
    fn new(view: &View, step: &Tensor, width: usize, slots: usize) -> Result<Recent> {
        let (grid, batch, graph) = (view.grid, view.batch, step.graph());
        let length = grid.age(Place::UpLeft);
        let layout = ParamLayout::new(&[("recent".into(), Shape::new(&[batch, length, slots * width]))])?;
        let memory = graph.slab("recent", &layout)?.get("recent")?;
        let mut exists = vec![];
        for place in [Place::Left, Place::UpLeft, Place::Up, Place::UpRight] {
            let table: Vec<f32> = grid.exists(place).collect();
            exists.push((place, graph.constant(&table, [grid.tokens(), 1])?.embedding(step)?));
        }
        Ok(Recent { grid, batch, width, memory, exists, fresh: vec![] })
    }

    /// Puts what was kept in this run behind the others, the oldest of which is forgotten.
    fn push(self) -> Result<()> {
        let graph = self.memory.graph();
        let length = self.memory.shape().dims()[1];
        let fresh = graph.concat(&self.fresh.iter().collect::<Vec<_>>(), 1)?;
        let fresh = fresh.reshape([self.batch, 1, fresh.shape().dims()[1]])?;
        let moved = match length {
            1 => fresh,
            _ => graph.concat(&[&self.memory.slice(1, 1, length - 1)?, &fresh], 1)?,
        };
        set(&self.memory, &moved)
    }
}

impl Near for Recent {
    fn keep(&mut self, slot: usize, x: &Tensor) -> Result<()> {
        debug_assert_eq!(slot, self.fresh.len(), "slots are kept in their order");
        self.fresh.push(x.clone());
        Ok(())
    }

    fn recall(&mut self, slot: usize, places: &[Place]) -> Result<Option<Tensor>> {
        let length = self.memory.shape().dims()[1];
        let mut parts = vec![];
        for &place in places {
            let Some((_, exists)) = self.exists.iter().find(|(other, _)| *other == place) else {
                parts.push(self.fresh[slot].clone());
                continue;
            };
            let past =
                self.memory.slice(1, length - self.grid.age(place), 1)?.slice(2, slot * self.width, self.width)?;
            parts.push(past.reshape([self.batch, self.width])?.mul(exists)?);
        }
        self.memory.graph().concat(&parts.iter().collect::<Vec<_>>(), 1).map(Some)
    }
}

/// Keys and values of every place of each layer.
struct Cache {
    batch: usize,
    heads: usize,
    slab: Slab,
    /// `[places, 1]`, 1 at the place being written.
    now: Tensor,
    /// `[places]`, 0 where a place was written, else [`UNSEEN`].
    unseen: Tensor,
}

impl Cache {
    fn new(view: &View, step: &Tensor, [width, layers, heads]: [usize; 3]) -> Result<Cache> {
        let (batch, places, graph) = (view.batch, view.grid.tokens(), step.graph());
        let shape = Shape::new(&[batch, heads, places, width / heads]);
        let names = (0..layers).flat_map(|layer| [format!("keys.{layer}"), format!("values.{layer}")]);
        let layout = ParamLayout::new(&names.map(|name| (name, shape.clone())).collect::<Vec<_>>())?;
        let slab = graph.slab("cache", &layout)?;
        let numbers = graph.constant(&(0..places).map(|place| place as f32).collect::<Vec<_>>(), [places])?;
        let now = at_place(graph, view.grid, step)?;
        let unseen = numbers.greater(step)?.mul_scalar(UNSEEN);
        Ok(Cache { batch, heads, slab, now, unseen })
    }

    /// The cached tensor called `name` with this run's `value` `[batch, heads, 1, part]` at its place.
    fn update(&self, name: &str, value: &Tensor) -> Result<Tensor> {
        let cached = self.slab.get(name)?;
        let updated = self.now.select(value, &cached)?;
        set(&cached, &updated)?;
        Ok(updated)
    }
}

impl Attend for Cache {
    fn attend(&mut self, layer: usize, projected: &Tensor) -> Result<Tensor> {
        let (batch, heads) = (self.batch, self.heads);
        let width = projected.shape().dims()[1] / 3;
        let part = width / heads;
        let take = |index: usize| projected.slice(1, index * width, width)?.reshape([batch, heads, 1, part]);
        let keys = self.update(&format!("keys.{layer}"), &take(1)?)?;
        let values = self.update(&format!("values.{layer}"), &take(2)?)?;
        let scores = take(0)?.matmul_with(&keys, false, true)?.mul_scalar(1.0 / (part as f64).sqrt());
        let weights = scores.add(&self.unseen)?.softmax()?;
        weights.matmul(&values)?.reshape([batch, width])
    }
}
