//! From a kernel's description to WGSL and a pipeline: imports are resolved and the fused program is written out as
//! calls to `shaders/shared/pointwise.wgsl`.

use std::borrow::Cow;
use std::fmt::Write;

use super::Pipeline;
use crate::ops::{Arg, Indexing, Kernel, Program, Register, Shader};

/// The binding of a program's first operand.
const FIRST_OPERAND: u32 = 8;
/// The binding of a program's constants and index arithmetic.
pub(crate) const PROGRAM_UNIFORM: u32 = 15;

/// The text of a file of `shaders`. The page gets the files from `www/wasm/shaders.js` instead, which it fetches where
/// there is a GPU.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! wgsl {
    ($path:expr) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../shaders/", $path, ".wgsl"))
    };
}
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use wgsl;

/// The shared files that `// @import NAME` names.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! shared {
    ($($name:literal),* $(,)?) => {
        /// Every file of `shaders/shared`: name and text.
        pub const SHARED: &[(&str, &str)] = &[$(($name, wgsl!(concat!("shared/", $name)))),*];
    };
}
#[cfg(not(target_arch = "wasm32"))]
shared!(
    "conv2d_forward",
    "conv2d_gather",
    "conv2d_params",
    "conv2d_register",
    "conv2d_register_narrow",
    "conv2d_tile",
    "embedding_params",
    "matmul_params",
    "max_pool_params",
    "matmul_register",
    "matmul_tile",
    "normalize_backward_row",
    "normalize_params",
    "normalize_row",
    "pointwise",
    "reduce_params",
    "rng",
    "softmax_row",
    "tile_product",
    "workgroup_tree",
);

/// What tells pipelines apart. Constants are not part of it: they travel in a uniform block.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    shader: Shader,
    /// Whether each storage buffer from binding 1 on is written.
    writes: Vec<bool>,
    /// The generated epilogue.
    program: Option<String>,
    operands: usize,
}

impl Key {
    /// The key of a kernel's pipeline.
    pub fn new(kernel: &Kernel) -> Self {
        let writes = kernel.args.iter().map(|arg| matches!(arg, Arg::Output(_) | Arg::ScratchOut(_))).collect();
        let epilogue = kernel.program.as_ref().map(|(program, _)| program_code(program, is_epilogue(kernel)));
        let operands = kernel.program.as_ref().map_or(0, |(program, _)| buffers(program, is_epilogue(kernel)));
        Key { shader: kernel.shader, writes, program: epilogue, operands }
    }

    /// The complete WGSL.
    pub fn wgsl(&self) -> String {
        let source = match &self.program {
            Some(program) => replace_epilogue(&self.shader.source(), program),
            None => self.shader.source().into_owned(),
        };
        resolve_imports(&source)
    }

    pub(super) fn compile(&self, device: &wgpu::Device) -> Pipeline {
        let label = Some(self.shader.name);
        let source = wgpu::ShaderSource::Wgsl(self.wgsl().into());
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor { label, source });
        let entry = |binding: u32, ty: wgpu::BufferBindingType| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        };
        let storage = |write: bool| wgpu::BufferBindingType::Storage { read_only: !write };
        let mut entries = vec![entry(0, wgpu::BufferBindingType::Uniform)];
        entries.extend(self.writes.iter().zip(1..).map(|(&write, binding)| entry(binding, storage(write))));
        if self.program.is_some() {
            entries.extend((0..self.operands as u32).map(|index| entry(FIRST_OPERAND + index, storage(false))));
            entries.push(entry(PROGRAM_UNIFORM, wgpu::BufferBindingType::Uniform));
        }
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label, entries: &entries });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: None,
        });
        Pipeline { pipeline, layout }
    }
}

/// The inputs that a kernel's program reads, with their bindings.
pub(super) fn operand_bindings(kernel: &Kernel) -> Vec<(u32, usize)> {
    let Some((program, first)) = &kernel.program else { return vec![] };
    let count = buffers(program, is_epilogue(kernel));
    (0..count).map(|index| (FIRST_OPERAND + index as u32, first + index)).collect()
}

/// The bytes of the block at [`PROGRAM_UNIFORM`]: 64 constants, then (inner, len) of each operand.
pub(super) fn program_uniform(program: &Program) -> Vec<u8> {
    let mut constants = vec![0.0f32; CONSTANTS];
    for (slot, &value) in constants.iter_mut().zip(program.constants()) {
        *slot = value as f32;
    }
    let mut bytes = bytemuck::cast_slice(&constants).to_vec();
    for index in 0..OPERANDS {
        let (inner, len) = match program.operands().get(index) {
            Some(Indexing::Modular { inner, len }) => (*inner as u32, *len as u32),
            _ => (1, 1),
        };
        bytes.extend_from_slice(bytemuck::cast_slice(&[inner, len, 0, 0]));
    }
    bytes
}

const CONSTANTS: usize = 64;
const OPERANDS: usize = 8;

/// Kernels that only run a program have no element of their own: operand 0 is a buffer there.
fn is_epilogue(kernel: &Kernel) -> bool {
    !matches!(kernel.shader.name, "pointwise" | "reduce" | "reduce_tree")
}

fn buffers(program: &Program, epilogue: bool) -> usize {
    program.operands().len() - usize::from(epilogue)
}

/// The WGSL that takes the place of the marked region.
fn program_code(program: &Program, epilogue: bool) -> String {
    let skipped = usize::from(epilogue);
    let mut code = String::from("// @import pointwise\n");
    for index in skipped..program.operands().len() {
        let binding = FIRST_OPERAND as usize + index - skipped;
        let _ = writeln!(code, "@group(0) @binding({binding}) var<storage, read> operand_{index}: array<f32>;");
    }
    let _ = write!(
        code,
        "struct Program {{ constants: array<vec4f, {}>, operands: array<vec4u, {OPERANDS}> }}\n\
         @group(0) @binding({PROGRAM_UNIFORM}) var<uniform> program: Program;\n\
         fn epilogue(acc: f32, i: u32) -> f32 {{\n",
        CONSTANTS / 4
    );
    for (index, indexing) in program.operands().iter().enumerate() {
        let _ = match (index < skipped, indexing) {
            (true, _) => writeln!(code, "  let r{index} = acc;"),
            (_, Indexing::Full) => writeln!(code, "  let r{index} = operand_{index}[i];"),
            (_, Indexing::Modular { len: 1, .. }) => writeln!(code, "  let r{index} = operand_{index}[0];"),
            (_, Indexing::Modular { inner: 1, .. }) => {
                writeln!(code, "  let r{index} = operand_{index}[i % program.operands[{index}].y];")
            }
            (_, Indexing::Modular { .. }) => writeln!(
                code,
                "  let r{index} = operand_{index}[(i / program.operands[{index}].x) % program.operands[{index}].y];"
            ),
        };
    }
    let name = |register: &Register| match *register {
        Register::Operand(index) => format!("r{index}"),
        Register::Value(index) => format!("v{index}"),
        Register::Constant(index) => format!("program.constants[{}][{}]", index / 4, index % 4),
    };
    for (index, instruction) in program.instructions().iter().enumerate() {
        let arguments: Vec<String> =
            instruction.arguments.iter().take(instruction.function.arity()).map(name).collect();
        let _ = writeln!(code, "  let v{index} = pw_{}({});", instruction.function.name(), arguments.join(", "));
    }
    let _ = write!(code, "  return {};\n}}\n", name(&program.result()));
    code
}

/// Replaces the lines from `// @epilogue-begin` to `// @epilogue-end`.
fn replace_epilogue(source: &str, code: &str) -> String {
    let mut result = String::new();
    let mut inside = false;
    for line in source.lines() {
        match line.trim() {
            "// @epilogue-begin" => {
                inside = true;
                result.push_str(code);
            }
            "// @epilogue-end" => inside = false,
            _ if inside => {}
            _ => {
                result.push_str(line);
                result.push('\n');
            }
        }
    }
    result
}

/// Replaces each `// @import NAME` by the shared file, once.
pub fn resolve_imports(source: &str) -> String {
    let mut seen = vec![];
    let mut result = String::new();
    import_into(source, &mut seen, &mut result);
    result
}

/// The text of `shaders/shared/NAME.wgsl`.
#[cfg(not(target_arch = "wasm32"))]
fn shared_source(name: &str) -> Cow<'static, str> {
    let shared = SHARED.iter().find(|(other, _)| *other == name);
    // a shader that names a file which does not exist is our own bug, found by the shader tests
    let (_, text) = shared.unwrap_or_else(|| panic!("shaders/shared/{name}.wgsl is not registered"));
    Cow::Borrowed(text)
}

/// The text of `shaders/shared/NAME.wgsl`.
#[cfg(target_arch = "wasm32")]
fn shared_source(name: &str) -> Cow<'static, str> {
    Cow::Owned(crate::web::shaders::text(&format!("shared/{name}")))
}

fn import_into(source: &str, seen: &mut Vec<String>, result: &mut String) {
    for line in source.lines() {
        match line.trim().strip_prefix("// @import ") {
            Some(name) => {
                let name = name.trim();
                if seen.iter().any(|other| other == name) {
                    continue;
                }
                seen.push(name.to_string());
                import_into(&shared_source(name), seen, result);
            }
            None => {
                result.push_str(line);
                result.push('\n');
            }
        }
    }
}
