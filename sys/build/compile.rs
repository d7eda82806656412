//! Compiles the listed files and the shim into one static library.

use std::env;
use std::path::Path;

use crate::files::FILES;

/// Compiles from a folder that has `inc/` and `src/`.
pub fn run(source: &Path) -> Result<(), String> {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let bare =
        env::var_os("CARGO_CFG_UNIX").is_none() && env::var_os("CARGO_CFG_WINDOWS").is_none();

    let mut build = cc::Build::new();
    build
        .include(source.join("inc"))
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

    build.file("shim/shim.c");
    for file in FILES {
        let path = source.join("src").join(file);
        if !path.is_file() {
            return Err(format!(
                "{} is missing: is this BearSSL 0.6?",
                path.display()
            ));
        }
        build.file(path);
    }
    build.try_compile("bearssl").map_err(|error| {
        format!(
            "compiling BearSSL for {target} failed: {error}\n\
             The compiler is taken from CC_{underscored} if that is set, its flags from CFLAGS_{underscored}.",
            target = variable("TARGET"),
            underscored = variable("TARGET").replace('-', "_"),
        )
    })?;
    // For packages that depend on this one, and for this package's own tests.
    println!("cargo::metadata=include={}", source.join("inc").display());
    println!("cargo::rustc-env=BEARSSL_SYS_TARGET={}", variable("TARGET"));
    println!("cargo::rustc-env=BEARSSL_SYS_SOURCE={}", source.display());
    Ok(())
}
