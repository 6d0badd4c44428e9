//! The places of a picture in the order in which they are written, and what can be seen from each of them.

use crate::error::Result;
use crate::graph::{Graph, Slab, Tensor};

/// An index behind every table: what is gathered there is the zeros at the table's end.
const NOWHERE: f32 = (1 << 26) as f32;

/// A square picture cut into square places, written row by row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    /// Height and width of the picture in pixels.
    pub side: usize,
    /// Height and width of a place in pixels.
    pub cell: usize,
    /// Rows above and places to either side that the first layer sees.
    pub window: [usize; 2],
}

/// Which of the pixels that were written before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Those in rows above.
    Above,
    /// Those to the left in the same row.
    Left,
    /// Both.
    Both,
}

/// A place next to another; all but [`Place::Here`] were written before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The place itself.
    Here,
    /// To the left.
    Left,
    /// Above and to the left.
    UpLeft,
    /// Above.
    Up,
    /// Above and to the right.
    UpRight,
}

impl Place {
    /// Rows up and columns to the right.
    fn step(self) -> (isize, isize) {
        match self {
            Place::Here => (0, 0),
            Place::Left => (0, -1),
            Place::UpLeft => (1, -1),
            Place::Up => (1, 0),
            Place::UpRight => (1, 1),
        }
    }
}

impl Grid {
    /// Places in a row.
    pub fn row(&self) -> usize {
        self.side / self.cell
    }

    /// Places of the picture.
    pub fn tokens(&self) -> usize {
        self.row() * self.row()
    }

    /// Pixels of the picture.
    pub fn pixels(&self) -> usize {
        self.side * self.side
    }

    /// The place in which pixel `pixel` lies, and which of its pixels it is.
    pub fn place_of(&self, pixel: usize) -> (usize, usize) {
        let (y, x) = (pixel / self.side, pixel % self.side);
        (y / self.cell * self.row() + x / self.cell, y % self.cell * self.cell + x % self.cell)
    }

    /// The place that lies `up` rows above `token` and `right` columns to its right.
    fn neighbour(&self, token: usize, (up, right): (isize, isize)) -> Option<usize> {
        let row = self.row() as isize;
        let (y, x) = (token as isize / row - up, token as isize % row + right);
        ((0..row).contains(&y) && (0..row).contains(&x)).then_some((y * row + x) as usize)
    }

    /// How many places ago the neighbour `place` of the place being written was written.
    pub fn age(&self, place: Place) -> usize {
        let (up, right) = place.step();
        (up * self.row() as isize - right) as usize
    }

    /// 1 where the neighbour `place` lies in the picture, else 0, for each place.
    pub fn exists(&self, place: Place) -> impl Iterator<Item = f32> + '_ {
        (0..self.tokens()).map(move |token| f32::from(u8::from(self.neighbour(token, place.step()).is_some())))
    }

    /// Rows above and columns to the right of the places that a window's part covers.
    fn steps(&self, part: Part) -> Vec<(isize, isize)> {
        let [rows, reach] = self.window.map(|size| size as isize);
        let mut steps = vec![];
        if part != Part::Left {
            steps.extend((1..=rows).rev().flat_map(|up| (-reach..=reach).map(move |right| (up, right))));
        }
        if part != Part::Above {
            steps.extend((-reach..0).map(|right| (0, right)));
        }
        steps
    }

    /// Pixels in a window's part.
    pub fn taps(&self, part: Part) -> usize {
        self.steps(part).len() * self.cell * self.cell
    }

    /// For each place the pixels in its window's part, those outside the picture [`NOWHERE`].
    fn window_table(&self, part: Part) -> Vec<f32> {
        let steps = self.steps(part);
        let mut table = Vec::with_capacity(self.tokens() * self.taps(part));
        for token in 0..self.tokens() {
            for &step in &steps {
                let place = self.neighbour(token, step);
                for inner in 0..self.cell * self.cell {
                    table.push(place.map_or(NOWHERE, |place| {
                        let (y, x) = (place / self.row() * self.cell, place % self.row() * self.cell);
                        ((y + inner / self.cell) * self.side + x + inner % self.cell) as f32
                    }));
                }
            }
        }
        table
    }
}

/// Rows of `source` `[batch * each, width]` that `table` `[n, k]` names, counted within each image: `[batch * n, k * width]`.
/// What the table has of [`NOWHERE`] becomes zeros.
fn gather(source: &Tensor, batch: usize, table: &Tensor) -> Result<Tensor> {
    let (shape, wanted) = (source.shape(), table.shape());
    let (rows, width) = (shape.dims()[0], shape.dims()[1]);
    let [n, k] = [wanted.dims()[0], wanted.dims()[1]];
    let firsts: Vec<f32> = (0..batch).map(|image| (image * (rows / batch)) as f32).collect();
    let firsts = source.graph().constant(&firsts, [batch, 1])?;
    let index = firsts.add(&table.reshape([1, n * k])?)?;
    source.pad(0, 0, 1)?.embedding(&index)?.reshape([batch * n, k * width])
}

/// Which places a graph computes.
pub(crate) enum Tokens<'a> {
    /// All of them at once.
    All,
    /// Those of one row.
    Row(usize),
    /// The one whose number is the value of a scalar.
    At(&'a Tensor),
}

/// A batch of pictures seen from some of its places. What is computed for these places has the shape `[rows, ..]`,
/// rows = images * places.
pub(crate) struct View<'a> {
    pub grid: Grid,
    pub batch: usize,
    /// `[batch * pixels, 1]`
    pixels: Tensor,
    tokens: Tokens<'a>,
}

impl<'a> View<'a> {
    /// The view of pictures `x` `[batch, pixels]`.
    pub fn new(grid: Grid, x: &Tensor, tokens: Tokens<'a>) -> Result<View<'a>> {
        let batch = x.shape().dims()[0];
        Ok(View { grid, batch, pixels: x.reshape([batch * grid.pixels(), 1])?, tokens })
    }

    fn graph(&self) -> &Graph {
        self.pixels.graph()
    }

    /// The part of the `tokens` rows of a table that belongs to these places.
    fn part(&self, table: &Tensor) -> Result<Tensor> {
        let row = self.grid.row();
        match self.tokens {
            Tokens::All => Ok(table.clone()),
            Tokens::Row(index) => table.slice(0, index * row, row),
            Tokens::At(token) => table.embedding(&token.reshape([1])?),
        }
    }

    /// The pixels in the windows' parts `[rows, taps]`; zeros outside the picture.
    pub fn window(&self, part: Part) -> Result<Tensor> {
        let taps = self.grid.taps(part);
        let mut table = self.grid.window_table(part);
        if let Tokens::Row(index) = self.tokens {
            let length = self.grid.row() * taps;
            table = table[index * length..(index + 1) * length].to_vec();
        }
        let table = self.graph().constant(&table, [table.len() / taps, taps])?;
        let table = match self.tokens {
            Tokens::At(_) => self.part(&table)?,
            _ => table,
        };
        gather(&self.pixels, self.batch, &table)
    }

    /// Adds the row of `position.weight` that belongs to each place to `x` `[rows, width]`.
    pub fn add_position(&self, x: &Tensor, params: &Slab) -> Result<Tensor> {
        let rows = self.part(&params.get("position.weight")?)?;
        let (places, width) = (rows.shape().dims()[0], rows.shape().dims()[1]);
        x.reshape([self.batch, places, width])?.add(&rows)?.reshape([self.batch * places, width])
    }
}

/// What a network computed at places next to each.
pub(crate) trait Near {
    /// Takes note of the value `x` `[rows, width]` that has the number `slot`.
    fn keep(&mut self, slot: usize, x: &Tensor) -> Result<()>;

    /// What has the number `slot` at these neighbours, side by side, `[rows, places * width]`; nothing where no place has
    /// such neighbours. What was not yet written counts as zeros. [`Place::Here`] and, in a graph of several places,
    /// [`Place::Left`] must have been kept before.
    fn recall(&mut self, slot: usize, places: &[Place]) -> Result<Option<Tensor>>;
}

/// All places of whole pictures.
pub(crate) struct Whole {
    grid: Grid,
    batch: usize,
    kept: Vec<Tensor>,
}

impl Whole {
    pub fn new(view: &View) -> Whole {
        Whole { grid: view.grid, batch: view.batch, kept: vec![] }
    }
}

/// The table of neighbours of `tokens` places, as indices among them.
fn neighbour_table(
    graph: &Graph,
    tokens: usize,
    places: &[Place],
    find: impl Fn(usize, Place) -> Option<usize>,
) -> Result<Tensor> {
    let mut table = Vec::with_capacity(tokens * places.len());
    for token in 0..tokens {
        table.extend(places.iter().map(|&place| find(token, place).map_or(NOWHERE, |found| found as f32)));
    }
    graph.constant(&table, [tokens, places.len()])
}

impl Near for Whole {
    fn keep(&mut self, slot: usize, x: &Tensor) -> Result<()> {
        debug_assert_eq!(slot, self.kept.len(), "slots are kept in their order");
        self.kept.push(x.clone());
        Ok(())
    }

    fn recall(&mut self, slot: usize, places: &[Place]) -> Result<Option<Tensor>> {
        let (grid, source) = (self.grid, &self.kept[slot]);
        let find = |token, place: Place| grid.neighbour(token, place.step());
        let table = neighbour_table(source.graph(), grid.tokens(), places, find)?;
        gather(source, self.batch, &table).map(Some)
    }
}

/// The places of one row, and those of the row above.
pub(crate) struct Rows {
    row: usize,
    batch: usize,
    above: Vec<Tensor>,
    here: Vec<Tensor>,
}

impl Rows {
    pub fn new(view: &View) -> Rows {
        Rows { row: view.grid.row(), batch: view.batch, above: vec![], here: vec![] }
    }

    /// Goes on to the next row.
    pub fn advance(&mut self) {
        self.above = std::mem::take(&mut self.here);
    }
}

impl Near for Rows {
    fn keep(&mut self, slot: usize, x: &Tensor) -> Result<()> {
        debug_assert_eq!(slot, self.here.len(), "slots are kept in their order");
        self.here.push(x.clone());
        Ok(())
    }

    fn recall(&mut self, slot: usize, places: &[Place]) -> Result<Option<Tensor>> {
        let up = places.iter().any(|place| place.step().0 > 0);
        let Some(source) = (if up { &self.above } else { &self.here }).get(slot) else { return Ok(None) };
        if places == [Place::Up] {
            return Ok(Some(source.clone()));
        }
        let find = |column: usize, place: Place| column.checked_add_signed(place.step().1).filter(|&at| at < self.row);
        let table = neighbour_table(source.graph(), self.row, places, find)?;
        gather(source, self.batch, &table).map(Some)
    }
}
