//! Pointwise functions: a table of them, programs made of them, and the op that runs a program.

mod derivatives;

pub use crate::kernels::{Function, Indexing, Instruction, Program, Register};

use super::registry::{Case, Row};
use super::{AdapterKind, Arg, Backward, Io, Kernel, Lowered, Op, generic_kernel, linear_groups, shader};
use crate::graph::{Shape, Tensor};
use crate::kernels::Kernels;
use crate::real::Real;
use crate::{Error, Result};

/// Elements that one invocation of `pointwise.wgsl`'s workgroup covers.
const WORKGROUP: usize = 64;

/// Runs a program over every element of the output.
#[derive(Debug, Clone)]
pub struct Pointwise {
    program: Program,
    len: usize,
}

impl Pointwise {
    /// A node's op for `program` over `len` elements.
    pub(crate) fn new(program: Program, len: usize) -> Self {
        Pointwise { program, len }
    }

    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [output] = io.outputs else { unreachable!("a pointwise op has one output") };
        T::run_program(&self.program, io.inputs, output);
    }
}

impl Op for Pointwise {
    fn name(&self) -> &'static str {
        "pointwise"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        let groups = linear_groups(self.len, WORKGROUP);
        let uniform = [self.len as u32, groups[0] * WORKGROUP as u32, 0, 0];
        Lowered::single(Kernel {
            shader: shader!("pointwise"),
            uniform: bytemuck::cast_slice(&uniform).to_vec(),
            args: vec![Arg::Output(0)],
            program: Some((self.program.clone(), 0)),
            groups,
        })
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let [Instruction { function, arguments }] = self.program.instructions() else {
            return Err(Error::Unsupported("only single functions are differentiated; fusion comes later".into()));
        };
        // constants of the table's functions are parameters, not inputs
        let mut tensors = vec![];
        for register in arguments.iter().take(function.arity()) {
            tensors.push(match *register {
                Register::Operand(index) => context.inputs[usize::from(index)].clone(),
                Register::Constant(index) => {
                    context.gradient.graph().scalar(self.program.constants()[usize::from(index)] as f32)
                }
                Register::Value(_) => unreachable!("a single instruction has no values to read"),
            });
        }
        let gradients = derivatives::backward(*function, &tensors, context.output, context.gradient)?;
        let mut result: Vec<Option<Tensor>> = vec![None; context.inputs.len()];
        for (register, gradient) in arguments.iter().zip(gradients) {
            let (Register::Operand(index), Some(gradient)) = (*register, gradient) else { continue };
            let index = usize::from(index);
            if !context.needed[index] {
                continue;
            }
            let gradient = gradient.sum_to(&context.inputs[index].shape())?;
            result[index] = Some(match result[index].take() {
                Some(other) => other.add(&gradient)?,
                None => gradient,
            });
        }
        Ok(result)
    }

    fn flops(&self) -> u64 {
        (self.program.instructions().len() * self.len) as u64
    }

    fn as_pointwise(&self) -> Option<&Program> {
        Some(&self.program)
    }

    fn program(&self) -> Option<&Program> {
        Some(&self.program)
    }
}

/// A function's argument: a tensor, or a constant that travels in the uniform block.
enum Argument<'a> {
    Tensor(&'a Tensor),
    Constant(f64),
}

impl Tensor {
    /// Appends one function of the table with numpy's broadcasting.
    fn function(&self, function: Function, arguments: &[Argument<'_>]) -> Result<Tensor> {
        let mut shape = Shape::new(&[]);
        for argument in arguments {
            if let Argument::Tensor(tensor) = argument {
                shape = shape.broadcast(&tensor.shape()).ok_or_else(|| {
                    Error::Shape(format!("{}: {shape:?} and {:?} do not broadcast", function.name(), tensor.shape()))
                })?;
            }
        }
        if let Some(value) = fold(function, arguments) {
            return self.graph.constant(&[value], shape);
        }
        let mut program = Program::default();
        let mut inputs: Vec<Tensor> = vec![];
        let mut registers = vec![];
        for argument in arguments {
            registers.push(match argument {
                Argument::Constant(value) => program.constant(*value),
                Argument::Tensor(tensor) if tensor.as_constant().is_some() && shape.rank() > 0 => {
                    program.constant(tensor.as_constant().map_or(0.0, f64::from))
                }
                Argument::Tensor(tensor) => {
                    let (tensor, indexing) = match Indexing::of(tensor.shape().dims(), shape.dims()) {
                        Some(indexing) => ((*tensor).clone(), indexing),
                        None => (tensor.broadcast_to(shape.clone())?, Indexing::Full),
                    };
                    match inputs.iter().position(|other| other.id == tensor.id) {
                        Some(index) => Register::Operand(index as u8),
                        None => {
                            inputs.push(tensor);
                            program.operand(indexing)
                        }
                    }
                }
            });
        }
        program.push(function, &registers);
        let op = Pointwise::new(program, shape.numel());
        Ok(self.graph.op(op, &inputs.iter().collect::<Vec<_>>(), shape))
    }

    fn unary(&self, function: Function) -> Tensor {
        // one tensor of its own shape always broadcasts
        self.function(function, &[Argument::Tensor(self)]).expect("a unary function fits any shape")
    }

    fn with_constant(&self, function: Function, value: f64) -> Tensor {
        self.function(function, &[Argument::Tensor(self), Argument::Constant(value)])
            .expect("a constant fits any shape")
    }
}

/// The function's value where every argument is a scalar constant.
fn fold(function: Function, arguments: &[Argument<'_>]) -> Option<f32> {
    let mut values = [[0.0f32]; 3];
    for (value, argument) in values.iter_mut().zip(arguments) {
        value[0] = match argument {
            Argument::Constant(constant) => *constant as f32,
            Argument::Tensor(tensor) => tensor.as_constant()?,
        };
    }
    let mut output = [0.0];
    f32::apply(function, values.each_ref().map(|value| &value[..]), &mut output);
    Some(output[0])
}

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $method:ident $function:ident;)*) => {
        impl Tensor { $($(#[$doc])* pub fn $method(&self) -> Tensor { self.unary(Function::$function) })* }
    };
}

unary_methods! {
    /// -x.
    neg Neg;
    /// |x|.
    abs Abs;
    /// e^x.
    exp Exp;
    /// Natural logarithm.
    log Log;
    /// ln(1 + x).
    log1p Log1p;
    /// Square root.
    sqrt Sqrt;
    /// 1 / sqrt(x).
    rsqrt Rsqrt;
    /// 1 / x.
    reciprocal Reciprocal;
    /// x^2.
    square Square;
    /// max(x, 0).
    relu Relu;
    /// x sigmoid(x), Elfwing et al. 2017.
    silu Silu;
    /// x Phi(x) with the exact normal distribution function, Hendrycks and Gimpel 2016.
    gelu Gelu;
    /// Hyperbolic tangent.
    tanh Tanh;
    /// 1 / (1 + e^-x).
    sigmoid Sigmoid;
    /// ln(1 + e^x), without overflow.
    softplus Softplus;
    /// Sine.
    sin Sin;
    /// Cosine.
    cos Cos;
    /// The error function.
    erf Erf;
    /// -1, 0 or 1; its derivative is taken as 0.
    sign Sign;
    /// The largest integer not above x; its derivative is taken as 0.
    floor Floor;
}

macro_rules! binary_methods {
    ($($doc:literal $method:ident $scalar:ident $function:ident;)*) => {
        impl Tensor { $(
            #[doc = concat!($doc, " With numpy's broadcasting.")]
            ///
            /// # Errors
            /// [`Error::Shape`] when the shapes do not broadcast.
            pub fn $method(&self, other: &Tensor) -> Result<Tensor> {
                self.function(Function::$function, &[Argument::Tensor(self), Argument::Tensor(other)])
            }
            #[doc = concat!($doc, " With the constant b.")]
            pub fn $scalar(&self, value: f64) -> Tensor {
                self.with_constant(Function::$function, value)
            }
        )* }
    };
}

binary_methods! {
    "a + b." add add_scalar Add;
    "a - b." sub sub_scalar Sub;
    "a b." mul mul_scalar Mul;
    "a / b." div div_scalar Div;
    "The larger of a and b; at a tie the gradient goes to a." maximum maximum_scalar Maximum;
    "The smaller of a and b; at a tie the gradient goes to a." minimum minimum_scalar Minimum;
    "a^b for a > 0." pow pow_scalar Pow;
    "1 where a > b, else 0; its derivative is taken as 0." greater greater_scalar Greater;
    "1 where a >= b, else 0; its derivative is taken as 0." greater_equal greater_equal_scalar GreaterEqual;
    "1 where a = b, else 0; its derivative is taken as 0." equal equal_scalar Equal;
    "x where x > 0, else b x." leaky_relu leaky_relu_scalar LeakyRelu;
}

impl Tensor {
    /// x limited to `[low, high]`; its gradient is 0 outside.
    pub fn clamp(&self, low: f64, high: f64) -> Tensor {
        self.function(Function::Clamp, &[Argument::Tensor(self), Argument::Constant(low), Argument::Constant(high)])
            .expect("constants fit any shape")
    }

    /// `on_true` where self is not 0, else `on_false`.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes do not broadcast.
    pub fn select(&self, on_true: &Tensor, on_false: &Tensor) -> Result<Tensor> {
        let arguments = [Argument::Tensor(self), Argument::Tensor(on_true), Argument::Tensor(on_false)];
        self.function(Function::Select, &arguments)
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "pointwise", shaders: &[shader!("pointwise")], cases }
}

fn cases() -> Vec<Case> {
    let mut cases = vec![];
    for &function in Function::ALL {
        let shapes = vec![&[3usize, 89][..]; function.arity()];
        let finite = !matches!(
            function,
            Function::Pow
                | Function::Log
                | Function::Log1p
                | Function::Sqrt
                | Function::Rsqrt
                | Function::Exp
                | Function::Sin
                | Function::Cos
        );
        let case = Case::new(function.name(), &shapes, move |_, x| {
            let arguments: Vec<Argument<'_>> = x.iter().map(Argument::Tensor).collect();
            x[0].function(function, &arguments)
        })
        .range(function.check_range());
        let case = if finite { case.finite_at_extremes() } else { case };
        // the bounds of a clamp are constants to autodiff
        cases.push(if function == Function::Clamp { case.forward_only() } else { case });
    }
    cases.extend([
        Case::new("clamp between constants", &[&[61]], |_, x| Ok(x[0].clamp(-0.5, 0.75))).finite_at_extremes(),
        Case::new("one element", &[&[1], &[1]], |_, x| x[0].mul(&x[1])),
        Case::new("rows and columns", &[&[5, 1], &[7]], |_, x| x[0].mul(&x[1])),
        Case::new("channels", &[&[2, 3, 5, 7], &[3, 1, 1]], |_, x| x[0].mul(&x[1])),
        Case::new("batch and channels", &[&[2, 3, 5, 7], &[2, 3, 1, 1]], |_, x| x[0].add(&x[1])),
        Case::new("operand with a gap", &[&[2, 3, 5], &[2, 1, 5]], |_, x| x[0].mul(&x[1])),
        Case::new("a scalar tensor", &[&[11], &[]], |_, x| x[0].mul(&x[1])),
        Case::new("the same tensor twice", &[&[11]], |_, x| x[0].mul(&x[0])),
        Case::new("a long chain", &[&[6, 70], &[70], &[6, 70]], |_, x| {
            let y = x[0].add(&x[1])?.tanh().mul_scalar(1.5).exp();
            y.mul(&x[2])?.sub(&x[0].square())?.sigmoid().add_scalar(-0.25).mul(&x[1])
        }),
        Case::new("reparametrisation", &[&[4, 5], &[4, 5], &[4, 5]], |_, x| {
            x[0].add(&x[1].mul_scalar(0.5).exp().mul(&x[2])?)
        }),
        Case::new("gradient of a gradient", &[&[7]], |graph, x| {
            let y = x[0].square().mul(&x[0])?.sum_all();
            let gradient = graph.grad(&y, std::slice::from_ref(&x[0]))?;
            gradient[0].clone().ok_or_else(|| Error::Shape("no gradient".into()))
        }),
    ]);
    cases
}
