//! Every shader file has a registry row, is valid with what it imports, and fits WebGPU's default limits; every variant that
//! the registry's cases compile to is valid too, and binds what the host binds. The variants are written to
//! `target/shaders.json`, from which the browser tests compile them in Chromium.

use std::collections::BTreeMap;
use std::path::Path;

use inkling::backend::gpu::shader::{Key, resolve_imports};
use inkling::ops::registry::rows;
use inkling::ops::{AdapterKind, Arg, Kernel};
use inkling_tests::plan;
use naga::{AddressSpace, StorageAccess};

const MAX_STORAGE_BUFFERS: usize = 8;
const MAX_INVOCATIONS: u32 = 256;
const MAX_WORKGROUP_BYTES: u32 = 16 * 1024;
const MAX_GROUPS: u32 = 65_535;

/// One storage or uniform binding of a shader.
#[derive(Debug, PartialEq)]
enum Bound {
    Uniform { bytes: u32 },
    Storage { write: bool },
}

fn reflect(name: &str, source: &str) -> BTreeMap<u32, Bound> {
    let module =
        naga::front::wgsl::parse_str(source).unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
    let flags = naga::valid::ValidationFlags::all();
    naga::valid::Validator::new(flags, naga::valid::Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let mut layouter = naga::proc::Layouter::default();
    layouter.update(module.to_ctx()).expect("a layout");
    let mut bound = BTreeMap::new();
    let mut workgroup = 0;
    for (_, variable) in module.global_variables.iter() {
        let bytes = layouter[variable.ty].size;
        match (variable.space, &variable.binding) {
            (AddressSpace::Uniform, Some(binding)) => {
                bound.insert(binding.binding, Bound::Uniform { bytes });
            }
            (AddressSpace::Storage { access }, Some(binding)) => {
                bound.insert(binding.binding, Bound::Storage { write: access.contains(StorageAccess::STORE) });
            }
            (AddressSpace::WorkGroup, _) => workgroup += bytes,
            _ => {}
        }
    }
    assert!(workgroup <= MAX_WORKGROUP_BYTES, "{name} uses {workgroup} bytes of workgroup memory");
    let storage = bound.values().filter(|bound| matches!(bound, Bound::Storage { .. })).count();
    assert!(storage <= MAX_STORAGE_BUFFERS, "{name} binds {storage} storage buffers");
    for entry in &module.entry_points {
        let size: u32 = entry.workgroup_size.iter().product();
        assert!(size <= MAX_INVOCATIONS, "{name} has workgroups of {size}");
    }
    bound
}

#[test]
fn every_file_is_registered_and_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shaders");
    let rows = rows();
    let registered: Vec<&str> = rows.iter().flat_map(|row| row.shaders).map(|shader| shader.name).collect();
    let drawing = ["present"];
    for file in std::fs::read_dir(folder).expect("the shaders") {
        let path = file.expect("a file").path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_string();
        assert!(
            registered.contains(&name.as_str()) || drawing.contains(&name.as_str()),
            "{name}.wgsl is in no registry row"
        );
        reflect(&name, &resolve_imports(&std::fs::read_to_string(path).expect("the text")));
    }
}

#[test]
fn every_row_is_named_once_and_in_order() {
    let names: Vec<&str> = rows().iter().map(|row| row.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
}

#[test]
fn every_variant_binds_what_the_host_binds() {
    let mut variants: BTreeMap<String, String> = BTreeMap::new();
    let mut used = vec![];
    for row in rows() {
        for case in (row.cases)() {
            for step in &plan(&case).steps {
                for kind in [AdapterKind::Hardware, AdapterKind::Software] {
                    for kernel in step.op.lower(kind).kernels {
                        used.push(kernel.shader.name);
                        let wgsl = Key::new(&kernel).wgsl();
                        if variants.insert(wgsl.clone(), kernel.shader.name.to_string()).is_none() {
                            check_bindings(
                                &format!("{} in {}, {}", kernel.shader.name, row.name, case.name),
                                &kernel,
                                &wgsl,
                            );
                        }
                        assert!(
                            kernel.groups.iter().all(|&groups| (1..=MAX_GROUPS).contains(&groups)),
                            "{:?}",
                            kernel.groups
                        );
                    }
                }
            }
        }
    }
    for row in rows() {
        for shader in row.shaders {
            assert!(used.contains(&shader.name), "no case uses {}.wgsl", shader.name);
        }
    }
    let list: Vec<_> = variants.iter().map(|(wgsl, name)| serde_json::json!({ "name": name, "wgsl": wgsl })).collect();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::fs::create_dir_all(&target).expect("the target folder");
    std::fs::write(target.join("shaders.json"), serde_json::to_string(&list).expect("json")).expect("the list");
}

fn check_bindings(name: &str, kernel: &Kernel, wgsl: &str) {
    let bound = reflect(name, wgsl);
    match bound.get(&0) {
        Some(Bound::Uniform { bytes }) => {
            assert!(
                *bytes as usize <= kernel.uniform.len(),
                "{name}: {bytes} bytes of params, {} given",
                kernel.uniform.len()
            );
        }
        other => panic!("{name}: binding 0 is {other:?}"),
    }
    for (arg, binding) in kernel.args.iter().zip(1..) {
        let write = matches!(arg, Arg::Output(_) | Arg::ScratchOut(_));
        assert_eq!(bound.get(&binding), Some(&Bound::Storage { write }), "{name}: binding {binding}");
    }
    let own = bound.keys().filter(|&&binding| binding < 8).count();
    assert_eq!(own, kernel.args.len() + 1, "{name}: bindings that the host does not fill");
}
