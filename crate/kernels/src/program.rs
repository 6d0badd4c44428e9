//! Programs of pointwise functions, run over cache-sized blocks on the CPU and as generated calls on the GPU.

use std::cell::RefCell;

use crate::Function;
use crate::real::Real;

/// Elements that the interpreter works on at a time: every register of a program stays in the first cache.
const BLOCK: usize = 512;
/// Below this many elements times instructions, splitting over threads costs more than it gains.
#[cfg(not(target_arch = "wasm32"))]
const PARALLEL_WORK: usize = 1 << 15;
/// Storage buffers that a program may read, so that an op with two inputs stays within WebGPU's eight.
pub const MAX_OPERANDS: usize = 5;
/// Instructions after which fusion stops.
pub const MAX_INSTRUCTIONS: usize = 32;

/// Which element of an operand belongs to element i of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Indexing {
    /// Element i.
    Full,
    /// Element (i / inner) % len.
    Modular {
        /// Output elements that share one operand element.
        inner: usize,
        /// The operand's length.
        len: usize,
    },
}

impl Indexing {
    /// How an operand of extents `from` is read for an output of extents `to`; `None` where it needs a copy.
    pub fn of(from: &[usize], to: &[usize]) -> Option<Indexing> {
        let (numel, to_numel): (usize, usize) = (from.iter().product(), to.iter().product());
        if numel == to_numel {
            return Some(Indexing::Full);
        }
        if numel == 1 {
            return Some(Indexing::Modular { inner: 1, len: 1 });
        }
        let missing = to.len().checked_sub(from.len())?;
        let padded: Vec<usize> = std::iter::repeat_n(1, missing).chain(from.iter().copied()).collect();
        let differs = |axis: usize| padded[axis] != to[axis];
        // the operand's own axes must be one contiguous run
        let mut last = to.len();
        while last > 0 && (differs(last - 1) || to[last - 1] == 1) {
            last -= 1;
        }
        let mut first = last;
        while first > 0 && !differs(first - 1) {
            first -= 1;
        }
        if (0..first).any(|axis| padded[axis] != 1) {
            return None;
        }
        let inner = to[last..].iter().product();
        Some(Indexing::Modular { inner, len: numel })
    }
}

/// What an instruction reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Register {
    /// The operand of this index.
    Operand(u8),
    /// The constant of this index.
    Constant(u8),
    /// The result of the instruction of this index.
    Value(u8),
}

/// One function applied to registers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instruction {
    /// The function.
    pub function: Function,
    /// Its arguments; those beyond its arity are ignored.
    pub arguments: [Register; 3],
}

/// Instructions over operands and constants; the last instruction's result is the program's, or, without
/// instructions, operand 0. In an epilogue operand 0 is the element just computed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Program {
    operands: Vec<Indexing>,
    constants: Vec<f64>,
    instructions: Vec<Instruction>,
}

thread_local! {
    /// The interpreter's registers, words of 64 bits so that they hold either float type.
    static REGISTERS: RefCell<Vec<u64>> = const { RefCell::new(vec![]) };
}

impl Program {
    /// The program that returns its only operand.
    pub fn identity() -> Self {
        Program { operands: vec![Indexing::Full], ..Program::default() }
    }

    /// How each operand is read.
    pub fn operands(&self) -> &[Indexing] {
        &self.operands
    }

    /// The constants.
    pub fn constants(&self) -> &[f64] {
        &self.constants
    }

    /// The instructions in order.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// Adds an operand.
    pub fn operand(&mut self, indexing: Indexing) -> Register {
        self.operands.push(indexing);
        Register::Operand((self.operands.len() - 1) as u8)
    }

    /// Adds a constant.
    pub fn constant(&mut self, value: f64) -> Register {
        self.constants.push(value);
        Register::Constant((self.constants.len() - 1) as u8)
    }

    /// Adds an instruction.
    pub fn push(&mut self, function: Function, arguments: &[Register]) -> Register {
        let at = |index: usize| arguments.get(index).copied().unwrap_or(arguments[0]);
        self.instructions.push(Instruction { function, arguments: [at(0), at(1), at(2)] });
        Register::Value((self.instructions.len() - 1) as u8)
    }

    /// The register that holds the result.
    pub fn result(&self) -> Register {
        match self.instructions.len() {
            0 => Register::Operand(0),
            count => Register::Value((count - 1) as u8),
        }
    }

    /// `self` with operand `index` computed by `producer`. `map` says which of the merged operands each
    /// operand of the producer becomes; operands of `self` keep their order without `index`.
    pub fn substitute(&self, index: usize, producer: &Program, map: &[Register], operands: Vec<Indexing>) -> Program {
        let mut merged = Program { operands, constants: producer.constants.clone(), instructions: vec![] };
        let from_producer = |register: Register| match register {
            Register::Operand(operand) => map[usize::from(operand)],
            other => other,
        };
        for instruction in &producer.instructions {
            merged.instructions.push(Instruction {
                function: instruction.function,
                arguments: instruction.arguments.map(from_producer),
            });
        }
        let substituted = from_producer(producer.result());
        let (constants, values) = (producer.constants.len() as u8, producer.instructions.len() as u8);
        merged.constants.extend(&self.constants);
        let own = |register: Register| match register {
            Register::Operand(operand) if usize::from(operand) == index => substituted,
            Register::Operand(operand) if usize::from(operand) > index => Register::Operand(operand - 1),
            Register::Operand(operand) => Register::Operand(operand),
            Register::Constant(constant) => Register::Constant(constant + constants),
            Register::Value(value) => Register::Value(value + values),
        };
        for instruction in &self.instructions {
            merged
                .instructions
                .push(Instruction { function: instruction.function, arguments: instruction.arguments.map(own) });
        }
        merged
    }

    /// Whether a program may have this many operands and instructions.
    pub fn fits(operands: usize, instructions: usize) -> bool {
        operands <= MAX_OPERANDS && instructions <= MAX_INSTRUCTIONS
    }

    /// The same program with operand `index` replaced by a constant.
    pub fn with_constant(&self, index: usize, value: f64) -> Program {
        let constant = self.constants.len() as u8;
        let replaced = |register: Register| match register {
            Register::Operand(operand) if usize::from(operand) == index => Register::Constant(constant),
            Register::Operand(operand) if usize::from(operand) > index => Register::Operand(operand - 1),
            other => other,
        };
        let mut program = self.clone();
        program.operands.remove(index);
        program.constants.push(value);
        for instruction in &mut program.instructions {
            instruction.arguments = instruction.arguments.map(replaced);
        }
        program
    }

    /// The same program with operand `index` read in another way.
    pub fn with_indexing(&self, index: usize, indexing: Indexing) -> Program {
        let mut program = self.clone();
        program.operands[index] = indexing;
        program
    }

    /// The same program with operand `index` moved to the front.
    pub fn with_first(&self, index: usize) -> Program {
        let moved = |register: Register| match register {
            Register::Operand(operand) => Register::Operand(match usize::from(operand) {
                operand if operand == index => 0,
                operand if operand < index => operand as u8 + 1,
                operand => operand as u8,
            }),
            other => other,
        };
        let mut operands = self.operands.clone();
        let first = operands.remove(index);
        operands.insert(0, first);
        let instructions = self
            .instructions
            .iter()
            .map(|instruction| Instruction { arguments: instruction.arguments.map(moved), ..*instruction })
            .collect();
        Program { operands, constants: self.constants.clone(), instructions }
    }

    /// Computes `output`, over all cores where that pays (native builds).
    pub(crate) fn run_parallel<T: Real>(&self, operands: &[&[T]], output: &mut [T]) {
        #[cfg(not(target_arch = "wasm32"))]
        if output.len() * self.instructions.len().max(1) > PARALLEL_WORK {
            use rayon::prelude::*;
            let chunk = output.len().div_ceil(rayon::current_num_threads()).next_multiple_of(BLOCK);
            output
                .par_chunks_mut(chunk)
                .enumerate()
                .for_each(|(index, output)| self.run(operands, index * chunk, output));
            return;
        }
        self.run(operands, 0, output);
    }

    /// Computes the elements from `start` on into `output`.
    pub(crate) fn run<T: Real>(&self, operands: &[&[T]], start: usize, output: &mut [T]) {
        self.with_registers(|registers| self.interpret(false, operands, start, output, registers));
    }

    /// As an epilogue on the elements from `start` on: operand 0 is the element itself, `operands` are the others.
    pub(crate) fn finish<T: Real>(&self, operands: &[&[T]], start: usize, data: &mut [T]) {
        self.with_registers(|registers| self.interpret(true, operands, start, data, registers));
    }

    fn with_registers<T: Real>(&self, body: impl FnOnce(&mut [T])) {
        let count = self.operands.len() + self.constants.len() + self.instructions.len();
        REGISTERS.with_borrow_mut(|bytes| {
            if bytes.len() < count * BLOCK {
                bytes.resize(count * BLOCK, 0);
            }
            body(&mut bytemuck::cast_slice_mut(bytes)[..count * BLOCK]);
        });
    }

    fn interpret<T: Real>(&self, in_place: bool, operands: &[&[T]], start: usize, data: &mut [T], registers: &mut [T]) {
        let skipped = usize::from(in_place);
        let (fixed, values) = registers.split_at_mut((self.operands.len() + self.constants.len()) * BLOCK);
        self.fill_scalars(skipped, operands, usize::min(BLOCK, data.len()), fixed);
        let mut done = 0;
        while done < data.len() {
            let position = start + done;
            let len = self.block_length(position, data.len() - done);
            let block = &mut data[done..done + len];
            done += len;
            for (index, indexing) in self.operands.iter().enumerate().skip(skipped) {
                if let Indexing::Modular { inner, len: period @ 2.. } = *indexing
                    && !in_one_run(inner, period, position, len)
                {
                    gather(operands[index - skipped], inner, period, position, &mut fixed[index * BLOCK..][..len]);
                }
            }
            let Some((last, others)) = self.instructions.split_last() else {
                if !in_place {
                    let sources = Sources { program: self, skipped, operands, position, len, fixed };
                    block.copy_from_slice(sources.operand(0));
                }
                continue;
            };
            // the last instruction writes over the elements: if it reads them too, it reads a copy
            if in_place && last.arguments.contains(&Register::Operand(0)) {
                fixed[..len].copy_from_slice(block);
            }
            let sources = Sources { program: self, skipped, operands, position, len, fixed };
            for (index, instruction) in others.iter().enumerate() {
                let (before, after) = values.split_at_mut(index * BLOCK);
                let arguments = instruction.arguments.map(|register| sources.read(register, block, before));
                instruction.function.apply(arguments, &mut after[..len]);
            }
            let arguments = last.arguments.map(|register| sources.read(register, &fixed[..len], values));
            last.function.apply(arguments, block);
        }
    }

    /// Fills the registers of constants, and of operands of one element, as far as the first `len` elements.
    fn fill_scalars<T: Real>(&self, skipped: usize, operands: &[&[T]], len: usize, fixed: &mut [T]) {
        let (of_operands, of_constants) = fixed.split_at_mut(self.operands.len() * BLOCK);
        for (register, &value) in of_constants.chunks_exact_mut(BLOCK).zip(&self.constants) {
            register[..len].fill(T::from_f64(value));
        }
        let registers = of_operands.chunks_exact_mut(BLOCK).zip(&self.operands).skip(skipped);
        for ((register, indexing), operand) in registers.zip(operands) {
            if let Indexing::Modular { len: 1, .. } = indexing {
                register[..len].fill(operand[0]);
            }
        }
    }

    /// How many elements are computed together from `position` on: to the end of a row that an operand repeats for
    /// every row, since such an operand can then be read where it lies.
    fn block_length(&self, position: usize, rest: usize) -> usize {
        /// Shorter rows are gathered: the instructions' overhead would weigh more than the copy.
        const SHORTEST_RUN: usize = BLOCK / 4;
        let mut len = usize::min(BLOCK, rest);
        for indexing in &self.operands {
            if let Indexing::Modular { inner: 1, len: period @ SHORTEST_RUN.. } = *indexing {
                len = len.min(period - position % period);
            }
        }
        len
    }
}

/// What the instructions read for the elements from `position` on.
struct Sources<'a, T> {
    program: &'a Program,
    /// 1 in an epilogue, whose operand 0 is the element itself; otherwise 0.
    skipped: usize,
    /// The other operands, whole.
    operands: &'a [&'a [T]],
    position: usize,
    len: usize,
    /// A register for each operand that is not read in place, then one for each constant.
    fixed: &'a [T],
}

impl<'a, T: Real> Sources<'a, T> {
    /// The elements of a register; `elements` is operand 0 of an epilogue, `values` holds the results so far.
    fn read<'b>(&self, register: Register, elements: &'b [T], values: &'b [T]) -> &'b [T]
    where
        'a: 'b,
    {
        match register {
            Register::Operand(0) if self.skipped == 1 => elements,
            Register::Operand(index) => self.operand(usize::from(index)),
            Register::Constant(index) => self.fixed(self.program.operands.len() + usize::from(index)),
            Register::Value(index) => &values[usize::from(index) * BLOCK..][..self.len],
        }
    }

    fn operand(&self, index: usize) -> &'a [T] {
        let first = match self.program.operands[index] {
            Indexing::Full => self.position,
            Indexing::Modular { inner, len } if in_one_run(inner, len, self.position, self.len) => self.position % len,
            Indexing::Modular { .. } => return self.fixed(index),
        };
        &self.operands[index - self.skipped][first..][..self.len]
    }

    fn fixed(&self, register: usize) -> &'a [T] {
        &self.fixed[register * BLOCK..][..self.len]
    }
}

/// Whether the elements of a modular operand for the `len` elements from `position` on lie side by side.
fn in_one_run(inner: usize, period: usize, position: usize, len: usize) -> bool {
    inner == 1 && position % period + len <= period
}

/// Reads elements (i / inner) % len for i from `position` on.
fn gather<T: Copy>(source: &[T], inner: usize, len: usize, position: usize, target: &mut [T]) {
    let (mut element, mut within) = ((position / inner) % len, position % inner);
    let mut done = 0;
    while done < target.len() {
        if inner == 1 {
            let run = (len - element).min(target.len() - done);
            target[done..done + run].copy_from_slice(&source[element..element + run]);
            done += run;
            element = 0;
        } else {
            let run = (inner - within).min(target.len() - done);
            target[done..done + run].fill(source[element]);
            done += run;
            within = 0;
            element = (element + 1) % len;
        }
    }
}
