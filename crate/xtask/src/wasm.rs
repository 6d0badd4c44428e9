//! The wasm build: cargo, then wasm-bindgen, then wasm-opt, for each variant.

use clap::ValueEnum;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";

/// The profile of the workspace's Cargo.toml, and the folder of the target directory named after it.
const PROFILE: &str = "wasm";

/// LLVM's measure of a function's cost up to which it is inlined, far below what it takes at this level. The kernels
/// say themselves what must be inlined, and were measured to be as fast.
const INLINE_THRESHOLD: u32 = 5;

/// What the page's scripts import: `NAME.js`, `NAME.d.ts` and `NAME_bg.wasm`.
const NAME: &str = "inkling";

/// Flags of wasm-opt. The features must be named: it refuses instructions it was not told of.
const OPTIMISER_FLAGS: &[&str] = &[
    "-O3",
    "--enable-simd",
    "--enable-relaxed-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-sign-ext",
    "--strip-debug",
    "--strip-producers",
];

/// One of the two builds of the engine, or what is fetched besides.
#[derive(Clone, Copy, ValueEnum)]
pub enum Variant {
    /// 128-bit SIMD, which every current browser has
    Plain,
    /// The same with relaxed SIMD: fused multiply-add
    Relaxed,
    /// The measures of drawn digits, with 128-bit SIMD
    Measures,
}

impl Variant {
    const ALL: [Self; 3] = [Self::Plain, Self::Relaxed, Self::Measures];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Relaxed => "relaxed",
            Self::Measures => "measures",
        }
    }

    /// The package that is linked, and its module's name.
    fn package(self) -> (&'static str, &'static str) {
        match self {
            Self::Plain | Self::Relaxed => ("inkling-wasm", "inkling_wasm.wasm"),
            Self::Measures => ("inkling-wasm-measures", "inkling_wasm_measures.wasm"),
        }
    }

    /// Its folder of the target directory: one for each set of flags, for in a shared one such builds would evict each
    /// other.
    fn target_folder(self) -> &'static str {
        match self {
            Self::Plain | Self::Measures => "plain",
            Self::Relaxed => "relaxed",
        }
    }

    fn target_features(self) -> &'static str {
        match self {
            Self::Plain | Self::Measures => "+simd128",
            Self::Relaxed => "+simd128,+relaxed-simd",
        }
    }
}

/// Why the wasm could not be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program could not be started.
    #[error("cannot start `{program}`: {source}. {advice}")]
    Start { program: String, advice: &'static str, source: io::Error },
    /// A program ran and failed; it has said why on standard error.
    #[error("`{program}` failed ({status}); its messages are above")]
    Failed { program: String, status: std::process::ExitStatus },
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    /// wasm-bindgen refused the module.
    #[error("wasm-bindgen: {0}")]
    Bindgen(String),
    /// The optimiser is an npm package that is not there.
    #[error("{path} is missing: run `npm ci` first", path = .0.display())]
    NoOptimiser(PathBuf),
}

/// Builds the variants that are out of date. `only` restricts it to one; `optimise` runs wasm-opt.
pub fn build(only: Option<Variant>, optimise: bool) -> Result<(), Error> {
    let root = repository_root();
    write_shaders(&root)?;
    for variant in Variant::ALL {
        if only.is_none_or(|only| only.name() == variant.name()) {
            build_variant(&root, variant, optimise)?;
        }
    }
    Ok(())
}

/// Writes `www/wasm/shaders.js` and its types: the texts of all shaders by name, without comments and indentation, for
/// the pages that have a GPU. Lines that begin with `// @` are the loader's markers and stay.
fn write_shaders(root: &Path) -> Result<(), Error> {
    let folder = root.join("shaders");
    let mut texts = BTreeMap::new();
    for (folder, prefix) in [(folder.clone(), ""), (folder.join("shared"), "shared/")] {
        let failed = |source| Error::File { path: folder.clone(), source };
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".wgsl")) else { continue };
            let source = String::from_utf8_lossy(&read(&path)?).into_owned();
            let lines = source.lines().map(str::trim).filter(|line| !line.is_empty());
            let kept = lines.filter(|line| !line.starts_with("//") || line.starts_with("// @"));
            texts.insert(format!("{prefix}{name}"), kept.map(|line| format!("{line}\n")).collect::<String>());
        }
    }
    let list: Vec<String> = texts.iter().map(|(name, text)| format!("  {name:?}: {text:?},\n")).collect();
    let out_dir = root.join("www/wasm");
    create_dir(&out_dir)?;
    write(&out_dir.join("shaders.js"), format!("export default {{\n{}}};\n", list.concat()).as_bytes())?;
    let types = "declare const shaders: Record<string, string>;\nexport default shaders;\n";
    write(&out_dir.join("shaders.d.ts"), types.as_bytes())
}

fn build_variant(root: &Path, variant: Variant, optimise: bool) -> Result<(), Error> {
    let compiled = compile(root, variant)?;
    let out_dir = root.join("www/wasm").join(variant.name());

    // cargo decides whether the module changed; the stamp says whether these files were made from it
    let stamp = stamp(root, &read(&compiled)?, optimise)?;
    let stamp_file = out_dir.join(".stamp");
    if fs::read_to_string(&stamp_file).is_ok_and(|old| old == stamp) {
        println!("wasm {:8} up to date", variant.name());
        return Ok(());
    }

    // built beside and moved, so that an interrupted build leaves no half-written folder
    let parent = root.join("www/wasm");
    create_dir(&parent)?;
    let scratch = tempfile::Builder::new()
        .prefix(".building-")
        .tempdir_in(&parent)
        .map_err(|source| Error::File { path: parent.clone(), source })?;
    bind(&compiled, scratch.path())?;
    let module = scratch.path().join(format!("{NAME}_bg.wasm"));
    let before = read(&module)?.len();
    if optimise {
        run_optimiser(root, &module)?;
    }
    write(&scratch.path().join(".stamp"), stamp.as_bytes())?;
    replace_dir(scratch, &out_dir)?;

    let after = read(&out_dir.join(format!("{NAME}_bg.wasm")))?.len();
    println!("wasm {:8} {} KiB, {} KiB before wasm-opt", variant.name(), after / 1024, before / 1024);
    Ok(())
}

/// Runs cargo and returns the path of the module it made.
fn compile(root: &Path, variant: Variant) -> Result<PathBuf, Error> {
    let (package, module) = variant.package();
    let target_dir = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), PathBuf::from)
        .join("wasm")
        .join(variant.target_folder());
    let flags = format!(
        "target.{TARGET}.rustflags = [\"-C\", \"target-feature={}\", \"-C\", \"llvm-args=-inline-threshold={INLINE_THRESHOLD}\"]",
        variant.target_features()
    );
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(root)
        .args(["build", "--package", package, "--profile", PROFILE])
        .args(["--target", TARGET, "--config", &flags, "--target-dir"])
        .arg(&target_dir)
        // these would silently replace the flags above
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    run(command, "cargo build", "Install Rust from https://rustup.rs")?;
    Ok(target_dir.join(TARGET).join(PROFILE).join(module))
}

/// Writes the JavaScript glue, its types and the module without names into `out_dir`.
fn bind(compiled: &Path, out_dir: &Path) -> Result<(), Error> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(compiled)
        .out_name(NAME)
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(false)
        .web(true)
        .and_then(|bindgen| bindgen.generate(out_dir))
        .map_err(|error| Error::Bindgen(format!("{error:#}")))
}

/// Replaces `module` by what wasm-opt, from the npm package binaryen, makes of it.
fn run_optimiser(root: &Path, module: &Path) -> Result<(), Error> {
    let mut command = Command::new("node");
    command.arg(optimiser(root)?).arg(module).args(OPTIMISER_FLAGS).arg("-o").arg(module);
    run(command, "wasm-opt", "Install Node 20.19 or later")
}

/// Identifies what a variant's files were made from. The version of wasm-bindgen stands in `compiled`.
fn stamp(root: &Path, compiled: &[u8], optimise: bool) -> Result<String, Error> {
    let mut hash = Sha256::new();
    hash.update(compiled);
    if optimise {
        hash.update(OPTIMISER_FLAGS.join(" "));
        hash.update(read(&root.join("node_modules/binaryen/package.json"))?);
    }
    Ok(hash.finalize().iter().fold(String::new(), |mut text, byte| {
        // writing to a String cannot fail
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The script that npm installed as wasm-opt.
fn optimiser(root: &Path) -> Result<PathBuf, Error> {
    let program = root.join("node_modules/binaryen/bin/wasm-opt");
    if program.is_file() { Ok(program) } else { Err(Error::NoOptimiser(program)) }
}

/// Runs a command that writes its own messages.
fn run(mut command: Command, program: &str, advice: &'static str) -> Result<(), Error> {
    let status = command.status().map_err(|source| Error::Start { program: program.to_owned(), advice, source })?;
    if status.success() { Ok(()) } else { Err(Error::Failed { program: program.to_owned(), status }) }
}

fn repository_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::File { path: path.to_path_buf(), source })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(|source| Error::File { path: path.to_path_buf(), source })
}

fn create_dir(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|source| Error::File { path: path.to_path_buf(), source })
}

/// Puts the finished `scratch` folder where `destination` is.
fn replace_dir(scratch: tempfile::TempDir, destination: &Path) -> Result<(), Error> {
    let failed = |source| Error::File { path: destination.to_path_buf(), source };
    if destination.exists() {
        fs::remove_dir_all(destination).map_err(failed)?;
    }
    fs::rename(scratch.keep(), destination).map_err(failed)?;
    #[cfg(unix)]
    {
        // a temporary folder is private; this one is served
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(destination, fs::Permissions::from_mode(0o755)).map_err(failed)?;
    }
    Ok(())
}
