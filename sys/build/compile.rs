//! Compiles the listed files and the shim into one static library.

use std::env;
use std::path::Path;

use crate::files::FILES;
use crate::headers;

/// The files with code for BearSSL's interpreter.
const INTERPRETED: [&str; 3] = [
    "ssl/ssl_hs_client.c",
    "x509/x509_decoder.c",
    "x509/x509_minimal.c",
];

/// Compiles from a folder that has `inc/` and `src/`.
pub fn run(source: &Path) -> Result<(), String> {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let bare =
        env::var_os("CARGO_CFG_UNIX").is_none() && env::var_os("CARGO_CFG_WINDOWS").is_none();

    let include = if env::var_os("CARGO_FEATURE_RSA_4096").is_some() {
        source.join("inc")
    } else {
        headers::for_rsa_2048(source, Path::new(&variable("OUT_DIR")))?
    };
    let mut build = cc::Build::new();
    build
        .include(&include)
        .include(source.join("src"))
        .flag_if_supported("-ffunction-sections")
        .flag_if_supported("-fdata-sections")
        .warnings(false);
    // Nothing is taken from the system: the caller brings the time and the entropy.
    for name in [
        "BR_USE_UNIX_TIME",
        "BR_USE_WIN32_TIME",
        "BR_USE_URANDOM",
        "BR_USE_GETENTROPY",
        "BR_USE_WIN32_RAND",
        "BR_RDRAND",
    ] {
        build.define(name, "0");
    }
    if bare {
        build
            .include("include")
            .flag("-ffreestanding")
            .opt_level_str("s")
            .pic(false);
        if variable("CARGO_CFG_TARGET_ARCH") == "xtensa" {
            // Calls and literals reach further than the instructions do.
            build.flag("-mlongcalls").flag("-mtext-section-literals");
        }
    } else if variable("OPT_LEVEL") == "0" {
        // Public-key operations without optimisation make tests wait.
        build.opt_level(2);
    }

    // The ESP8266 reads its flash in words only. The interpreted code of these files is bytes; read in words it need not be
    // in RAM.
    let mut in_words = build.clone();
    in_words.flag("-mforce-l32");
    let mut has_words = false;

    build.file("shim/shim.c");
    for file in FILES {
        let path = source.join("src").join(file);
        if !path.is_file() {
            return Err(format!(
                "{} is missing: is this BearSSL 0.6?",
                path.display()
            ));
        }
        if variable("TARGET").contains("lx106") && INTERPRETED.contains(file) {
            in_words.file(path);
            has_words = true;
        } else {
            build.file(path);
        }
    }
    let objects = if has_words {
        in_words.try_compile_intermediates()
    } else {
        Ok(Vec::new())
    };
    let compiled = objects.and_then(|objects| build.objects(objects).try_compile("bearssl"));
    compiled.map_err(|error| {
        format!(
            "compiling BearSSL for {target} failed: {error}\n\
             The compiler is taken from CC_{underscored} if that is set, its flags from CFLAGS_{underscored}.",
            target = variable("TARGET"),
            underscored = variable("TARGET").replace('-', "_"),
        )
    })?;
    // For packages that depend on this one, and for this package's own tests.
    println!("cargo::metadata=include={}", include.display());
    println!("cargo::rustc-env=BEARSSL_SYS_INCLUDE={}", include.display());
    println!("cargo::rustc-env=BEARSSL_SYS_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=BEARSSL_SYS_SOURCE={}", source.display());
    Ok(())
}
