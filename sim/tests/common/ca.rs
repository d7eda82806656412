//! An authority that the binary makes.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Ran, bearcub_with, limited, openssl, text};

pub const PASSPHRASE: &str = "correct horse";
const VARIABLE: (&str, &str) = ("CA_TEST_PASSPHRASE", PASSPHRASE);

/// An authority in a folder of its own.
pub struct Ca {
    pub folder: TempDir,
}

impl Ca {
    pub fn none() -> Ca {
        Ca {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn new(further: &[&str]) -> Ca {
        let ca = Ca::none();
        ca.done(&[&["init", "--name", "Test"], further].concat());
        ca
    }

    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("ca")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// Runs an action, whose passphrase comes from a variable if nothing else is said. No output has a secret in it.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let dir = self.dir();
        let mut all = vec!["ca", "--dir", text(&dir), arguments[0]];
        let is_said = |word: &&str| word.contains("passphrase") || word.contains("insecure");
        if arguments[0] != "list" && !arguments.iter().any(is_said) {
            all.extend(["--passphrase-env", VARIABLE.0]);
        }
        all.extend(&arguments[1..]);
        let ran = bearcub_with(&all, &[VARIABLE], b"");
        let keys = tree(self.folder.path()).into_iter();
        let keys = keys.filter(|(path, ..)| text(path).ends_with("key.pem"));
        let keys = keys.map(|(.., key)| String::from_utf8_lossy(&key).into_owned());
        for secret in keys.chain([PASSPHRASE.to_owned()]) {
            for line in secret.lines().filter(|line| line.len() > 8) {
                let is_secret = !line.starts_with("-----");
                let is_shown = ran.stdout.contains(line) || ran.stderr.contains(line);
                assert!(!(is_secret && is_shown), "{arguments:?} shows a secret");
            }
        }
        ran
    }

    pub fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
        ran.stdout
    }

    /// Fails with this status and these words, and changes nothing.
    pub fn refused(&self, arguments: &[&str], status: i32, words: &[&str]) {
        let before = tree(self.folder.path());
        let ran = self.run(arguments);
        assert_eq!(ran.status, status, "{arguments:?}: {}", ran.stderr);
        for word in words {
            assert!(
                ran.stderr.contains(word),
                "{arguments:?}, {word}: {}",
                ran.stderr
            );
        }
        assert!(tree(self.folder.path()) == before, "{arguments:?}");
    }

    /// Whether OpenSSL takes a certificate, with the list of revoked ones.
    pub fn is_verified(&self, file: &str, purpose: &str) -> bool {
        let output = limited("openssl")
            .args(["verify", "-x509_strict", "-crl_check", "-purpose", purpose])
            .arg("-CAfile")
            .arg(self.file("ca.pem"))
            .arg("-CRLfile")
            .arg(self.file("crl.pem"))
            .arg(self.file(file))
            .output()
            .unwrap();
        output.status.success()
    }

    pub fn x509(&self, file: &str, further: &[&str]) -> String {
        let file = self.file(file);
        let arguments = [&["x509", "-noout", "-in", text(&file)], further].concat();
        String::from_utf8(openssl(&arguments)).unwrap()
    }

    /// The extensions, as OpenSSL prints them: each with what follows it.
    pub fn extensions(&self, file: &str) -> Vec<String> {
        let all = self.x509(file, &["-text"]);
        let all = all.split("X509v3 extensions:").nth(1).unwrap();
        let all = all.split("Signature Algorithm").next().unwrap();
        all.split("X509v3 ")
            .skip(1)
            .map(|one| one.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }
}

/// Every file with its content and mode.
pub fn tree(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    use std::os::unix::fs::PermissionsExt;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            found.extend(tree(&path));
            found.push((path, mode, Vec::new()));
        } else {
            let content = fs::read(&path).unwrap();
            found.push((path, mode, content));
        }
    }
    found.sort();
    found
}
