//! A program around files that the binary has written, compiled against the library as a user's would be.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::text;

/// The start of its source: `std`'s streams as `embedded-io` wants them.
const TCP: &str = r#"
use std::io::{Read, Write};

struct Tcp(std::net::TcpStream);
impl embedded_io::ErrorType for Tcp {
    type Error = std::io::Error;
}
impl embedded_io::Read for Tcp {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, std::io::Error> {
        self.0.read(into)
    }
}
impl embedded_io::Write for Tcp {
    fn write(&mut self, data: &[u8]) -> Result<usize, std::io::Error> {
        self.0.write(data)
    }
    fn flush(&mut self) -> Result<(), std::io::Error> {
        self.0.flush()
    }
}
"#;

/// Compiles the program of that name, whose source is `main` with a `Tcp` at its end, in a folder that has the other files in
/// `src`; no warning passes. Says where it is.
pub fn compile(folder: &Path, name: &str, main: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = format!(
        "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         bearcub = {{ path = {:?} }}\nembedded-io = {{ version = \"0.7\", features = [\"std\"] }}\n\
         rand_core = {{ version = \"0.10\", default-features = false }}\n\
         getrandom = {{ version = \"0.4\", features = [\"sys_rng\"] }}\n[lints.rust]\nwarnings = \"deny\"\n",
        text(root)
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/main.rs"), format!("{main}{TCP}")).unwrap();
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("RUSTFLAGS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    target.join("debug").join(name)
}
