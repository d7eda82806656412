//! rustls with ring.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::{Peer, Std, Talk, Target, Version, Visit, compare, repeat, sha256};
use crate::Result;
use crate::link::{Io, Link};
use crate::server::{protocol, provider};

pub struct Rustls<'a> {
    target: Target<'a>,
    name: ServerName<'static>,
    verifier: Arc<WebPkiServerVerifier>,
    fresh: Arc<ClientConfig>,
    resuming: Option<Arc<ClientConfig>>,
}

impl<'a> Rustls<'a> {
    pub fn new(target: Target<'a>, version: Version) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(target.root.into())?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build()?;
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[protocol(version)])?
            .with_webpki_verifier(verifier.clone())
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Rustls {
            target,
            name: ServerName::try_from(target.host.text.as_str())?.to_owned(),
            verifier,
            fresh: Arc::new(config),
            resuming: None,
        })
    }
}

impl Peer for Rustls<'_> {
    fn connect(&mut self, link: &mut dyn Link, visit: Visit, talk: &mut Talk<'_>) -> Result<()> {
        let config = if visit == Visit::Fresh {
            &self.fresh
        } else {
            if visit == Visit::Remember {
                self.resuming = None;
            }
            self.resuming.get_or_insert_with(|| {
                let mut config = ClientConfig::clone(&self.fresh);
                config.resumption = Resumption::in_memory_sessions(4);
                Arc::new(config)
            })
        };
        let mut connection = ClientConnection::new(config.clone(), self.name.clone())?;
        let mut link = Io(link);
        while connection.is_handshaking() {
            connection.complete_io(&mut link)?;
        }
        talk(&mut Std(&mut rustls::Stream::new(
            &mut connection,
            &mut link,
        )))?;
        connection.send_close_notify();
        while connection.wants_write() {
            connection.write_tls(&mut link)?;
        }
        Ok(())
    }

    fn validate(&mut self, _: &Arc<rustls::ServerConfig>, times: u64) -> Result<Duration> {
        let leaf = CertificateDer::from(self.target.leaf()?);
        let others = self.target.certificates.iter().skip(1);
        let others: Vec<_> = others.map(|der| CertificateDer::from(&der[..])).collect();
        repeat(times, || {
            let now = UnixTime::now();
            self.verifier
                .verify_server_cert(&leaf, &others, &self.name, &[], now)?;
            Ok(())
        })
    }

    fn fingerprint(&mut self, _: &Arc<rustls::ServerConfig>, times: u64) -> Result<Duration> {
        let leaf = CertificateDer::from(self.target.leaf()?);
        let pin = super::pin(&leaf)?;
        repeat(times, || {
            let certificate = webpki::EndEntityCert::try_from(&leaf)?;
            compare(&sha256(&certificate.subject_public_key_info()), &pin)
        })
    }
}
