//! A chain from a file, validated with anchors as they were written: by rustls' validator, a second opinion on the bytes.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, Der, ServerName, TrustAnchor, UnixTime};
use x509_cert::der::Decode;
use x509_cert::der::asn1::AnyRef;

use super::source::Anchor;
use crate::failure::Failure;
use crate::material::private::spki_of;

/// Validates a server's chain, its own certificate first.
///
/// # Errors
/// Why it is refused.
pub fn validate(
    anchors: &[Anchor],
    chain: &[Vec<u8>],
    name: Option<&str>,
    now: i64,
) -> Result<(), Failure> {
    let refused = |why: &dyn std::fmt::Display| {
        Failure::Refuted(format!(
            "the chain does not validate with these authorities: {why}; nothing was written"
        ))
    };
    let mut trusted = Vec::new();
    for anchor in anchors {
        let anchor = anchor.borrow();
        trusted.push(TrustAnchor {
            subject: contents(anchor.subject)?,
            subject_public_key_info: contents(&spki_of(&anchor.key)?)?,
            name_constraints: None,
        });
    }
    let chain: Vec<_> = chain
        .iter()
        .map(|der| CertificateDer::from(der.as_slice()))
        .collect();
    let Some((leaf, issuers)) = chain.split_first() else {
        return Err(refused(&"there is none"));
    };
    let leaf = webpki::EndEntityCert::try_from(leaf).map_err(|error| refused(&error))?;
    let seconds = u64::try_from(now).unwrap_or_default();
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &trusted,
        issuers,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        webpki::KeyUsage::server_auth(),
        None,
        None,
    )
    .map_err(|error| refused(&error))?;
    if let Some(name) = name {
        let server = ServerName::try_from(name)
            .map_err(|_| Failure::Usage(format!("--server-name {name}: that is no host name")))?;
        leaf.verify_is_valid_for_subject_name(&server)
            .map_err(|_| refused(&format_args!("the certificate is not for {name}")))?;
    }
    Ok(())
}

/// What is within the outer SEQUENCE.
fn contents(der: &[u8]) -> Result<Der<'static>, Failure> {
    let outer = AnyRef::from_der(der)
        .map_err(|error| Failure::Other(format!("an anchor does not read back: {error}")))?;
    Ok(Der::from(outer.value().to_vec()))
}
