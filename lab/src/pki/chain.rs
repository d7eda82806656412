//! A chain as a server or a device presents it.

use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::key::{KeyPair, encode_pem};
use super::time::Time;
use crate::Error;
use crate::program::openssl;

/// Certificates in the order in which they are sent, the key of the first, and what the other
/// side trusts.
#[derive(Clone, Debug)]
pub struct Chain {
    /// DER, the leaf first. A root is in it only where real servers send one.
    pub certificates: Vec<Vec<u8>>,
    /// The private key of the leaf.
    pub key: Arc<KeyPair>,
    /// DER of self-signed certificates, any one of which is meant to be enough as trust anchor.
    /// The first is the one that a device would most likely have.
    pub roots: Vec<Vec<u8>>,
    /// The name under which a client reaches this server; empty for a device.
    pub host: String,
}

/// The files of a chain on disk, all PEM.
#[derive(Clone, Debug)]
pub struct ChainFiles {
    /// The leaf alone.
    pub leaf: PathBuf,
    /// What follows the leaf; empty when nothing does.
    pub intermediates: PathBuf,
    /// All that is sent, the leaf first.
    pub chain: PathBuf,
    /// The private key, PKCS#8.
    pub key: PathBuf,
    /// All the roots.
    pub roots: PathBuf,
}

impl Chain {
    /// The first certificate, in DER.
    pub fn leaf(&self) -> &[u8] {
        &self.certificates[0]
    }

    /// The most likely trust anchor, in DER.
    pub fn root(&self) -> &[u8] {
        &self.roots[0]
    }

    /// The bytes that the certificates take in a TLS 1.2 Certificate message, header included.
    pub fn message_len(&self) -> usize {
        4 + 3
            + self
                .certificates
                .iter()
                .map(|certificate| 3 + certificate.len())
                .sum::<usize>()
    }

    /// All that is sent, the leaf first.
    pub fn chain_pem(&self) -> String {
        certificates_pem(&self.certificates)
    }

    /// The leaf alone.
    pub fn leaf_pem(&self) -> String {
        certificates_pem(&self.certificates[..1])
    }

    /// The most likely trust anchor.
    pub fn root_pem(&self) -> String {
        certificates_pem(&self.roots[..1])
    }

    /// All the roots.
    pub fn roots_pem(&self) -> String {
        certificates_pem(&self.roots)
    }

    /// The private key, PKCS#8.
    pub fn key_pem(&self) -> String {
        self.key.pkcs8_pem()
    }

    /// Writes the chain's files to a folder, as `<prefix>leaf.pem` and so on.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn write_to(&self, folder: &Path, prefix: &str) -> io::Result<ChainFiles> {
        let write = |name: &str, text: String| {
            let path = folder.join(format!("{prefix}{name}.pem"));
            std::fs::write(&path, text).map(|()| path)
        };
        Ok(ChainFiles {
            leaf: write("leaf", self.leaf_pem())?,
            intermediates: write("intermediates", certificates_pem(&self.certificates[1..]))?,
            chain: write("chain", self.chain_pem())?,
            key: write("key", self.key_pem())?,
            roots: write("roots", self.roots_pem())?,
        })
    }

    /// Asks OpenSSL whether a client that trusts `root` alone would accept this server under
    /// [`host`](Self::host) at that time: a second opinion for tests.
    ///
    /// The rules are those of OpenSSL's security level 2 (no SHA-1, no RSA below 2048 bits) and
    /// its strict mode. A device's chain (without a host) is checked as a client's.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`], with OpenSSL's reason in the log.
    pub fn verify_with_openssl(&self, root: &[u8], at: Time) -> Result<(), Error> {
        let folder = tempfile::tempdir()?;
        let files = self.write_to(folder.path(), "")?;
        let anchor = folder.path().join("anchor.pem");
        std::fs::write(&anchor, certificates_pem(&[root.to_vec()]))?;
        let at = at.unix().to_string();
        let mut arguments: Vec<OsString> = Vec::new();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
        add(&["verify", "-no-CAfile", "-no-CApath", "-no-CAstore"]);
        add(&["-x509_strict", "-auth_level", "2"]);
        if self.host.is_empty() {
            add(&["-purpose", "sslclient"]);
        } else if self.host.parse::<IpAddr>().is_ok() {
            add(&["-purpose", "sslserver", "-verify_ip", &self.host]);
        } else {
            add(&["-purpose", "sslserver", "-verify_hostname", &self.host]);
        }
        add(&["-attime", &at]);
        arguments.extend(["-trusted".into(), anchor.into_os_string()]);
        if self.certificates.len() > 1 {
            arguments.extend(["-untrusted".into(), files.intermediates.into_os_string()]);
        }
        arguments.push(files.leaf.into_os_string());
        openssl(&arguments, b"").map(drop)
    }
}

/// Certificates as one PEM text.
pub fn certificates_pem(certificates: &[Vec<u8>]) -> String {
    certificates
        .iter()
        .map(|certificate| encode_pem("CERTIFICATE", certificate))
        .collect()
}
