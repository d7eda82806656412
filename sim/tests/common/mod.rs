//! What the tests have in common: the binary, and places for files.

#![allow(dead_code)]

pub mod ca;
pub mod document;
pub mod generated;
pub mod terminal;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What the binary did.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).expect("the binary prints UTF-8");
        let ran = Ran {
            status: output.status.code().expect("the binary was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("one JSON object")
    }
}

/// Runs the binary.
pub fn bearcub(arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_bearcub"))
        .args(arguments)
        .output();
    Ran::of(output.expect("the binary can be run"))
}

/// A program that is killed (status 124) if it takes over two minutes.
pub fn limited(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["120", program]);
    command
}

/// Runs the binary with these variables set, and with that on its standard input.
pub fn bearcub_with(arguments: &[&str], variables: &[(&str, &str)], input: &[u8]) -> Ran {
    use std::io::Write;
    let mut child = limited(env!("CARGO_BIN_EXE_bearcub"))
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be run");
    // It may end without having read its input.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    Ran::of(child.wait_with_output().expect("the binary ends"))
}

/// Runs the binary on a terminal, and gives its exit status and everything that was shown.
pub fn bearcub_on_terminal(arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String) {
    let quoted: Vec<_> = arguments.iter().map(|word| format!("'{word}'")).collect();
    let line = format!("{} {}", env!("CARGO_BIN_EXE_bearcub"), quoted.join(" "));
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env_remove("NO_COLOR")
        // Logs of CI get colours, whatever their terminal.
        .env_remove("CI")
        .env("TERM", "xterm")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("`script`: apt-get install bsdutils");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().expect("it was not killed"), shown)
}

/// Runs `openssl`, which must succeed, and gives what it printed.
pub fn openssl(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(arguments)
        .env("OPENSSL_CONF", "/dev/null")
        .output()
        .expect("openssl: apt-get install openssl");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {log}");
    output.stdout
}

/// Fails with status 2 and prints nothing else; gives what it says.
pub fn refused(arguments: &[&str]) -> String {
    let ran = bearcub_with(arguments, &[], b"");
    assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
    assert_eq!(ran.stdout, "", "{arguments:?}");
    ran.stderr
}

/// The recordings of the source tree.
pub fn recordings() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder with the recordings")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "pcapng")
        })
        .collect();
    files.sort();
    files
}

/// One of them.
pub fn recording(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("recordings/{name}.pcapng"))
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Something cannot be checked on this machine. Where everything has to be, that is a failure.
pub fn not_checked(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "not checked: {why}");
    println!("not checked: {why}");
}
