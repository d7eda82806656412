//! A chain from a file, judged by the library: its client is shown the chain by a server that says no more than that.

use bearcub::Error;
use bearcub::error::NetworkError;
use bearcub::trust::{PublicKey, ServerName};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::Candidate;
use crate::client::{Link, Run, Script};
use crate::failure::Failure;
use crate::hex::Hex;
use crate::lab;
use crate::plan::{Plan, TrustPlan};

/// Validates a server's chain, its own certificate first, as the library would in a handshake. Without a name it is held to
/// the first one in the certificate.
///
/// # Errors
/// Why it is refused.
pub fn validate(
    anchors: &[&Candidate],
    chain: &[Vec<u8>],
    name: Option<&str>,
    now: i64,
) -> Result<(), Failure> {
    let Some(leaf) = chain.first() else {
        return Err(Failure::Usage("there is no chain".to_owned()));
    };
    let leaf = Certificate::from_der(leaf).map_err(|error| {
        Failure::Usage(format!("the first certificate cannot be read: {error}"))
    })?;
    let own = own_name(&leaf).filter(|name| ServerName::parse(name).is_ok());
    let server_name = name.or(own.as_deref()).ok_or_else(|| {
        Failure::Refuted(
            "the first certificate has no name that a device could connect to: issue it with a subjectAltName".to_owned(),
        )
    })?;
    let anchors = anchors.iter().map(|one| Hex(one.der.clone())).collect();
    let plan = Plan {
        clock: Some(now),
        ..Plan::unlimited(server_name, TrustPlan::Anchors(anchors))
    };
    let run = Run {
        plan: &plan,
        seed: lab::fresh_seed()?,
        script: Script::Silence,
        measure_stack: false,
    };
    let mut server = Showing {
        flight: flight(&leaf, chain)?,
        at: 0,
    };
    match run.connect(&mut server, &mut |_| {}) {
        // It has taken the chain, and waits for what follows.
        Ok(_) => Ok(()),
        Err(failure) if failure.tls() == Some(&Error::Network(NetworkError::Truncated)) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// A name that the certificate is for.
fn own_name(leaf: &Certificate) -> Option<String> {
    let tbs = leaf.tbs_certificate();
    let names = tbs.get_extension::<SubjectAltName>().ok().flatten();
    let Some((_, names)) = names else {
        let mut subject = tbs.subject().iter();
        let common = subject.find(|one| one.oid.to_string() == "2.5.4.3")?;
        return String::from_utf8(common.value.value().to_vec()).ok();
    };
    names.0.iter().find_map(|name| match name {
        GeneralName::DnsName(name) => Some(match name.as_str().strip_prefix("*.") {
            Some(domain) => format!("any.{domain}"),
            None => name.to_string(),
        }),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
            let v6 = <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from);
            v4.or(v6).ok().map(|address| address.to_string())
        }
        _ => None,
    })
}

/// ServerHello and Certificate, in as many records as they take.
fn flight(leaf: &Certificate, chain: &[Vec<u8>]) -> Result<Vec<u8>, Failure> {
    let info = leaf.tbs_certificate().subject_public_key_info().to_der();
    let info = info.map_err(|error| Failure::Usage(format!("the server's key: {error}")))?;
    let key = PublicKey::from_spki(&info)
        .map_err(|error| Failure::from(Error::from(error)).at("the server's key"))?;
    let suite = match key {
        PublicKey::Ec { .. } => 0xc02b_u16,
        PublicKey::Rsa { .. } => 0xc02f,
    };
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    hello.push(0);
    hello.extend(suite.to_be_bytes());
    hello.push(0);
    // renegotiation_info, empty (RFC 5746 section 3.4).
    hello.extend([0, 5, 0xff, 1, 0, 1, 0]);
    let certificates: Vec<u8> = chain.iter().flat_map(|der| with_length(der)).collect();
    let messages = [message(2, &hello), message(11, &with_length(&certificates))].concat();
    let records = messages.chunks(16_384).flat_map(|part| {
        let length = u16::try_from(part.len()).unwrap_or_default().to_be_bytes();
        [&[22, 3, 3, length[0], length[1]], part].concat()
    });
    Ok(records.collect())
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &with_length(body)].concat()
}

/// Behind its length in three bytes (RFC 5246 section 4.3).
fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or_default().to_be_bytes();
    [&length[1..], bytes].concat()
}

/// A server that takes whatever it is told, says its piece, and leaves.
struct Showing {
    flight: Vec<u8>,
    at: usize,
}

impl Link for Showing {
    fn send(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        Ok(bytes.len())
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        let rest = &self.flight[self.at..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.at += length;
        Ok(length)
    }
}
