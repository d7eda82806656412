//! Finds BearSSL's source, and compiles from it what a TLS 1.2 client needs.
//!
//! `build/source.rs` finds the source (`build/apt.rs` fetches it, `build/archive.rs` checks and unpacks it),
//! `build/compile.rs` compiles it by the list in `build/files.rs`, against the headers that `build/headers.rs` has cut to size
//! where the feature `rsa-4096` is off.

#[path = "build/apt.rs"]
mod apt;
#[path = "build/archive.rs"]
mod archive;
#[path = "build/compile.rs"]
mod compile;
#[path = "build/files.rs"]
mod files;
#[path = "build/headers.rs"]
mod headers;
#[path = "build/source.rs"]
mod source;

fn main() {
    for path in ["build.rs", "build", "shim", "include"] {
        println!("cargo::rerun-if-changed={path}");
    }
    // A documentation builder has no source and no network, and links nothing.
    println!("cargo::rerun-if-env-changed=DOCS_RS");
    if std::env::var_os("DOCS_RS").is_some() {
        return;
    }
    if let Err(message) = source::locate().and_then(|source| compile::run(&source)) {
        eprintln!("bearssl-sys: {message}");
        std::process::exit(1);
    }
}
