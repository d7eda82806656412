//! The server of all jobs: rustls with ring, in the client's thread, an echo.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use bearcub_lab::pki::Chain;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, SupportedProtocolVersion};

use crate::Result;
use crate::peers::Version;

/// Most bytes of plaintext in a record that the server sends.
pub const RECORD: usize = 4096;

/// The only algorithms of server and clients: AES-128-GCM with SHA-256, and P-256 for the key exchange, which every peer
/// has.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: vec![
            ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
            ring::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            ring::cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ],
        kx_groups: vec![ring::kx_group::SECP256R1],
        ..ring::default_provider()
    })
}

/// rustls' name of a version.
pub fn protocol(version: Version) -> &'static SupportedProtocolVersion {
    match version {
        Version::Tls12 => &rustls::version::TLS12,
        Version::Tls13 => &rustls::version::TLS13,
    }
}

/// A server's configuration and the sessions it remembers.
pub fn config(chain: &Chain, version: Version) -> Result<Arc<ServerConfig>> {
    let certificates = chain.certificates.iter().cloned().map(CertificateDer::from);
    let key = PrivatePkcs8KeyDer::from(chain.key.pkcs8_der().to_vec());
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[protocol(version)])?
        .with_no_client_auth()
        .with_single_cert(certificates.collect(), PrivateKeyDer::Pkcs8(key))?;
    // rustls counts the record's header.
    config.max_fragment_size = Some(RECORD + 5);
    Ok(Arc::new(config))
}

/// One connection, as the server has it.
pub struct Server(ServerConnection);

impl Server {
    /// A connection that begins.
    ///
    /// # Errors
    /// What rustls says about the configuration.
    pub fn new(config: &Arc<ServerConfig>) -> Result<Server> {
        let mut connection = ServerConnection::new(config.clone())?;
        connection.set_buffer_limit(None);
        Ok(Server(connection))
    }

    /// Works on what the client sent, and echoes data.
    ///
    /// # Errors
    /// Why the server refuses it.
    pub fn input(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() && self.0.read_tls(&mut bytes)? > 0 {
            let state = self.0.process_new_packets().map_err(io::Error::other)?;
            let mut data = vec![0; state.plaintext_bytes_to_read()];
            self.0.reader().read_exact(&mut data)?;
            self.0.writer().write_all(&data)?;
            if state.peer_has_closed() {
                self.0.send_close_notify();
            }
        }
        Ok(())
    }

    /// Puts what is for the client at the end of `into`.
    ///
    /// # Errors
    /// None, in memory.
    pub fn output(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        while self.0.wants_write() {
            self.0.write_tls(into)?;
        }
        Ok(())
    }

    /// Seals data as a record of its own.
    ///
    /// # Errors
    /// None, in memory.
    pub fn seal(&mut self, data: &[u8]) -> io::Result<()> {
        self.0.writer().write_all(data)
    }

    /// Whether an earlier session was resumed.
    pub fn is_resumed(&self) -> bool {
        self.0.handshake_kind() == Some(HandshakeKind::Resumed)
    }
}
