//! Builds the C++ part and the two shared libraries that `plugins` loads and unloads.
#![expect(clippy::panic, reason = "a build script fails by panicking")]

use std::path::{Path, PathBuf};

/// As distributions build C++ libraries: optimized, and nothing to follow frames by but the unwind tables.
const FLAGS: [&str; 2] = ["-O2", "-fomit-frame-pointer"];

fn main() {
    println!("cargo:rerun-if-changed=cpp");
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").force_frame_pointer(false);
    for flag in FLAGS {
        build.flag(flag);
    }
    build.clone().file("cpp/work.cpp").compile("work");
    for name in ["plugin_one", "plugin_two"] {
        let library = shared(&build, name);
        println!("cargo:rustc-env={name}={}", library.display());
    }
}

/// A shared library whose one function is called `name`.
fn shared(build: &cc::Build, name: &str) -> PathBuf {
    let library = Path::new(&std::env::var_os("OUT_DIR").unwrap_or_default()).join(name);
    let library = library.with_extension("so");
    let status = build
        .get_compiler()
        .to_command()
        .args(["-shared", "-fPIC", "-g0", "cpp/plugin.cpp"])
        .arg(format!("-DNAME={name}"))
        .arg("-o")
        .arg(&library)
        .status();
    match status {
        Ok(status) if status.success() => library,
        other => panic!("{name}: {other:?}"),
    }
}
