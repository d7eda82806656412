//! The server for the comparison of memory: `openssl s_server` in a process of its own.

use std::net::SocketAddr;

use bearcub_lab::pki::Chain;
use bearcub_lab::server::{OpensslConfig, OpensslServer};

use crate::Result;
use crate::peers::Version;

/// One server for each version of TLS; they reverse lines.
pub struct Servers {
    tls12: OpensslServer,
    tls13: OpensslServer,
}

impl Servers {
    /// Starts both.
    ///
    /// # Errors
    /// If one of them does not listen.
    pub fn start(chain: &Chain) -> Result<Servers> {
        // Records stay small for the peers that cannot ask for that. There are no tickets, which not every peer keeps.
        let config = OpensslConfig::new(chain)
            .ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
            .groups("P-256")
            .argument("-max_send_frag")
            .argument("1024")
            .argument("-no_ticket")
            .argument("-num_tickets")
            .argument("0")
            .argument("-ciphersuites")
            .argument("TLS_AES_128_GCM_SHA256");
        Ok(Servers {
            tls12: OpensslServer::start(&config)?,
            tls13: OpensslServer::start(&config.tls13_only())?,
        })
    }

    /// Where the one for that version listens.
    pub fn addr(&self, version: Version) -> SocketAddr {
        match version {
            Version::Tls12 => self.tls12.addr(),
            Version::Tls13 => self.tls13.addr(),
        }
    }
}
