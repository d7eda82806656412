//! A terminal, at which somebody types.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::limited;

/// Runs a line of shell on a terminal, without colours, and types an answer where something is asked that ends like that. Gives
/// the exit status and what was shown.
pub fn on_terminal(folder: &Path, line: &str, answers: &[(&str, &str)]) -> (i32, String) {
    let line = format!("tty; {line}");
    let mut child = limited("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .env("NO_COLOR", "1")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script`: apt-get install bsdutils");
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (mut shown, mut byte) = (Vec::new(), [0]);
    while stdout.read(&mut byte).unwrap() == 1 {
        shown.push(byte[0]);
        let asked = |(question, _): &&(&str, &str)| shown.ends_with(question.as_bytes());
        if let Some((_, answer)) = answers.iter().find(asked) {
            wait_until_hidden(&String::from_utf8_lossy(&shown));
            stdin.write_all(format!("{answer}\n").as_bytes()).unwrap();
        }
    }
    let status = child.wait().unwrap().code().unwrap();
    let shown = String::from_utf8(shown).unwrap().replace("\r\n", "\n");
    let (_, shown) = shown.split_once('\n').expect("what `tty` prints");
    (status, shown.to_owned())
}

/// What is typed before the question is asked would be shown, as on any terminal.
fn wait_until_hidden(shown: &str) {
    let terminal = shown.lines().next().unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let state = Command::new("stty").args(["-F", terminal, "-a"]).output();
        let state = String::from_utf8(state.unwrap().stdout).unwrap();
        if state.split_whitespace().any(|word| word == "-echo") {
            return;
        }
        assert!(Instant::now() < end, "what is typed is shown: {shown}");
    }
}
