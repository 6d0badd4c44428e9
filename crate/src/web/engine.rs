//! The engine for JavaScript: build any graph, differentiate it, compile it for a backend, run it.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::error::JsResult;
use crate::backend::{Backend, DeviceSlab, Executable, gpu};
use crate::graph::{Graph, ParamLayout, Shape, Slab, Tensor};
use crate::ops::AdamConfig;
use crate::{Error, Result};

/// A backend.
#[wasm_bindgen(js_name = Engine)]
pub struct WebEngine(Backend);

/// A graph under construction.
#[wasm_bindgen(js_name = Graph)]
#[derive(Default)]
pub struct WebGraph(Graph);

/// A value in a graph.
#[wasm_bindgen(js_name = Tensor)]
pub struct WebTensor(Tensor);

/// Names and shapes of parameters that live in one buffer.
#[wasm_bindgen(js_name = Layout)]
#[derive(Default)]
pub struct WebLayout(Vec<(String, Shape)>);

/// A slab as a graph sees it.
#[wasm_bindgen(js_name = Slab)]
pub struct WebSlab(Slab);

/// A slab on a backend.
#[wasm_bindgen(js_name = Buffer)]
pub struct WebBuffer(DeviceSlab);

/// What to compile a graph for: named outputs and the buffers of its slabs.
#[wasm_bindgen(js_name = Request)]
#[derive(Default)]
pub struct WebRequest {
    outputs: Vec<(String, Tensor)>,
    buffers: Vec<(String, DeviceSlab)>,
}

/// A compiled graph.
#[wasm_bindgen(js_name = Executable)]
pub struct WebExecutable(Rc<RefCell<Executable>>);

#[wasm_bindgen(js_class = Engine)]
impl WebEngine {
    /// The engine on `gpu` or `cpu`.
    ///
    /// # Errors
    /// `no-gpu`, `unsupported`.
    pub async fn create(kind: String) -> JsResult<WebEngine> {
        Ok(WebEngine(match kind.as_str() {
            "cpu" => Backend::Cpu,
            "gpu" => Backend::Gpu(gpu::Device::request().await?),
            _ => return Err(Error::Unsupported(format!("there is no backend {kind}; it is gpu or cpu")).into()),
        }))
    }

    /// Uploads a slab of `Layout.length` numbers.
    ///
    /// # Errors
    /// `shape`, `device-lost`, `gpu`.
    pub fn upload(&self, values: &[f32]) -> JsResult<WebBuffer> {
        Ok(WebBuffer(self.0.slab(values)?))
    }

    /// Compiles a graph.
    ///
    /// # Errors
    /// `shape`, `device-lost`, `gpu`.
    pub fn compile(&self, graph: &WebGraph, request: &WebRequest) -> JsResult<WebExecutable> {
        let outputs: Vec<(&str, &Tensor)> =
            request.outputs.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        let buffers: Vec<(&str, &DeviceSlab)> =
            request.buffers.iter().map(|(name, slab)| (name.as_str(), slab)).collect();
        let executable = self.0.compile(graph.0.compile(&outputs)?, &buffers)?;
        Ok(WebExecutable(Rc::new(RefCell::new(executable))))
    }
}

#[wasm_bindgen(js_class = Layout)]
impl WebLayout {
    /// An empty layout.
    #[wasm_bindgen(constructor)]
    pub fn new() -> WebLayout {
        WebLayout::default()
    }

    /// Adds an entry.
    pub fn add(&mut self, name: &str, shape: &[usize]) {
        self.0.push((name.to_string(), Shape::new(shape)));
    }

    /// Where the entry `name` begins in the slab.
    ///
    /// # Errors
    /// `shape` when there is none.
    pub fn offset(&self, name: &str) -> JsResult<usize> {
        let layout = self.build()?;
        let index = layout.find(name).ok_or_else(|| Error::Shape(format!("there is no parameter {name}")))?;
        Ok(layout.entries()[index].offset)
    }

    /// The slab's length, padding included.
    ///
    /// # Errors
    /// `shape` when a name comes twice.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> JsResult<usize> {
        Ok(self.build()?.slab_len())
    }
}

impl WebLayout {
    fn build(&self) -> Result<Rc<ParamLayout>> {
        ParamLayout::new(&self.0)
    }
}

#[wasm_bindgen(js_class = Graph)]
impl WebGraph {
    /// An empty graph.
    #[wasm_bindgen(constructor)]
    pub fn new() -> WebGraph {
        WebGraph::default()
    }

    /// An input that is written before a run.
    ///
    /// # Errors
    /// `shape`.
    pub fn input(&self, name: &str, shape: &[usize]) -> JsResult<WebTensor> {
        Ok(WebTensor(self.0.input(name, shape)?))
    }

    /// A slab of parameters.
    ///
    /// # Errors
    /// `shape`.
    pub fn slab(&self, name: &str, layout: &WebLayout) -> JsResult<WebSlab> {
        Ok(WebSlab(self.0.slab(name, &layout.build()?)?))
    }

    /// Appends the gradients of `loss` with respect to a slab and a step of Adam on it. `hyper` is an input of shape [4]:
    /// learning rate, 1 / (1 - beta1^t), 1 / (1 - beta2^t), 0.
    ///
    /// # Errors
    /// `shape`, `unsupported`.
    pub fn minimise(&self, loss: &WebTensor, slab: &WebSlab, hyper: &WebTensor, name: &str) -> JsResult<()> {
        let gradients = self.0.grad(&loss.0, &slab.0.tensors())?;
        self.0.adam(name, &slab.0, &gradients, &hyper.0, &AdamConfig::default())?;
        Ok(())
    }
}

#[wasm_bindgen(js_class = Slab)]
impl WebSlab {
    /// An entry.
    ///
    /// # Errors
    /// `shape` when there is none.
    pub fn get(&self, name: &str) -> JsResult<WebTensor> {
        Ok(WebTensor(self.0.get(name)?))
    }
}

#[wasm_bindgen(js_class = Buffer)]
impl WebBuffer {
    /// The values.
    ///
    /// # Errors
    /// `device-lost`, `gpu`.
    pub async fn read(&self) -> JsResult<js_sys::Float32Array> {
        let reading = self.0.read();
        Ok(js_sys::Float32Array::from(&reading.await?[..]))
    }
}

macro_rules! functions {
    // argument types come as tokens in brackets, which the attribute on the methods can read
    ($($(#[$doc:meta])* $name:ident ($($argument:ident: [$($kind:tt)*]),*) = |$x:ident| $body:expr;)*) => {
        #[wasm_bindgen(js_class = Tensor)]
        impl WebTensor { $(
            $(#[$doc])*
            ///
            /// # Errors
            /// `shape`.
            pub fn $name(&self, $($argument: $($kind)*),*) -> JsResult<WebTensor> {
                let $x = &self.0;
                let result: Result<Tensor> = $body;
                Ok(WebTensor(result?))
            }
        )* }
    };
}

functions! {
    /// The matrix product.
    matmul(other: [&WebTensor]) = |x| x.matmul(&other.0);
    /// a + b, broadcast.
    add(other: [&WebTensor]) = |x| x.add(&other.0);
    /// a - b, broadcast.
    sub(other: [&WebTensor]) = |x| x.sub(&other.0);
    /// a b, broadcast.
    mul(other: [&WebTensor]) = |x| x.mul(&other.0);
    /// a times a number.
    scale(by: [f64]) = |x| Ok(x.mul_scalar(by));
    /// a plus a number.
    offset(by: [f64]) = |x| Ok(x.add_scalar(by));
    /// e^x.
    exp() = |x| Ok(x.exp());
    /// x^2.
    square() = |x| Ok(x.square());
    /// max(x, 0).
    relu() = |x| Ok(x.relu());
    /// x where x > 0, else slope x.
    leaky_relu(slope: [f64]) = |x| Ok(x.leaky_relu_scalar(slope));
    /// x sigmoid(x).
    silu() = |x| Ok(x.silu());
    /// 1 / (1 + e^-x).
    sigmoid() = |x| Ok(x.sigmoid());
    /// ln(1 + e^x).
    softplus() = |x| Ok(x.softplus());
    /// The sum of all elements.
    sum() = |x| Ok(x.sum_all());
    /// The convolution with weights [out, in, kernel height, kernel width], the image upsampled by `factor` (nearest)
    /// first.
    conv2d(weight: [&WebTensor], factor: [usize], stride: [usize], padding: [usize]) =
        |x| x.conv2d_upsampled(&weight.0, factor, stride, padding);
    /// The convolution's bias [channels], or any other value of each channel, added to every pixel.
    add_channels(bias: [&WebTensor]) = |x| crate::nn::functional::add_channels(x, &bias.0);
    /// Group normalisation with a weight and a bias of each channel.
    group_norm(groups: [usize], weight: [&WebTensor], bias: [&WebTensor], eps: [f64]) = |x| {
        let affine = crate::nn::functional::Affine { weight: weight.0.clone(), bias: bias.0.clone() };
        crate::nn::functional::group_norm(x, groups, Some(&affine), eps)
    };
    /// Both tensors one behind the other along an axis.
    concat(other: [&WebTensor], axis: [usize]) = |x| x.graph().concat(&[x, &other.0], axis);
    /// `count` positions of an axis from `start` on.
    slice(axis: [usize], start: [usize], count: [usize]) = |x| x.slice(axis, start, count);
    /// Each pixel repeated `factor` times both ways.
    upsample(factor: [usize]) = |x| x.upsample_nearest(factor);
    /// The same elements under another shape.
    reshape(shape: [&[usize]]) = |x| x.reshape(shape);
    /// The same value, through which no gradient flows.
    detach() = |x| Ok(x.stop_gradient());
}

#[wasm_bindgen(js_class = Request)]
impl WebRequest {
    /// An empty request.
    #[wasm_bindgen(constructor)]
    pub fn new() -> WebRequest {
        WebRequest::default()
    }

    /// Asks for an output.
    pub fn output(&mut self, name: &str, tensor: &WebTensor) {
        self.outputs.push((name.to_string(), tensor.0.clone()));
    }

    /// Gives the buffer of a slab.
    pub fn buffer(&mut self, name: &str, buffer: &WebBuffer) {
        self.buffers.push((name.to_string(), buffer.0.clone()));
    }
}

#[wasm_bindgen(js_class = Executable)]
impl WebExecutable {
    /// The number of an input, for [`WebExecutable::write`].
    ///
    /// # Errors
    /// `shape` when there is none.
    pub fn input(&self, name: &str) -> JsResult<usize> {
        Ok(self.0.borrow().input(name)?.0)
    }

    /// Dispatches of one run.
    #[wasm_bindgen(getter)]
    pub fn dispatches(&self) -> usize {
        self.0.borrow().dispatches()
    }

    /// Sets an input.
    ///
    /// # Errors
    /// `shape` for another length.
    pub fn write(&self, input: usize, values: &[f32]) -> JsResult<()> {
        Ok(self.0.borrow_mut().write(crate::backend::InputId(input), values)?)
    }

    /// Runs, and gives all outputs one behind the other.
    ///
    /// # Errors
    /// `device-lost`, `gpu`.
    pub async fn run(&self) -> JsResult<js_sys::Float32Array> {
        let outputs = self.outputs();
        let reading = self.0.borrow_mut().run_and_read(&outputs);
        Ok(js_sys::Float32Array::from(&reading.await?[..]))
    }

    /// Runs on the CPU and gives all outputs one behind the other, at once.
    ///
    /// # Errors
    /// `unsupported` on the GPU, which answers later.
    pub fn run_now(&self) -> JsResult<js_sys::Float32Array> {
        let outputs = self.outputs();
        let mut executable = self.0.borrow_mut();
        let Executable::Cpu(executable) = &mut *executable else {
            return Err(Error::Unsupported("only the CPU answers at once; use run".into()).into());
        };
        executable.run();
        if let [output] = outputs[..] {
            return Ok(executable.with_output(output, |values| js_sys::Float32Array::from(values)));
        }
        let values: Vec<f32> = outputs.iter().flat_map(|&output| executable.read(output)).collect();
        Ok(js_sys::Float32Array::from(&values[..]))
    }
}

impl WebExecutable {
    fn outputs(&self) -> Vec<crate::backend::OutputId> {
        (0..self.0.borrow().plan().outputs.len()).map(crate::backend::OutputId).collect()
    }
}
