//! Chains that a client must refuse, one fault each.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::certificate::{AltName, Authority, KeyUsage, Name, Purpose, Role, Template};
use super::chain::Chain;
use super::der;
use super::key::{Hash, KeyKind, KeyPair, Shared};
use super::shapes::{local_names, root_kind};
use super::time::{Time, Validity};

/// What is wrong with a chain. Everything else about it is in order, and
/// [`host`](Chain::host) is `localhost` unless it says otherwise here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The leaf ended on 2025-03-01.
    Expired,
    /// The leaf begins on 2034-01-01.
    NotYetValid,
    /// The intermediate authority ended on 2025-03-01; the leaf is valid.
    ExpiredIntermediate,
    /// The leaf is for `other.test`.
    WrongName,
    /// The leaf says `localhost` in its common name and has no subjectAltName. RFC 9525 wants it
    /// refused; OpenSSL's command line still accepts it.
    CommonNameOnly,
    /// The leaf has 127.0.0.1 in subjectAltName and no DNS name.
    IpAddressOnly,
    /// The leaf is for `*.wild.test`; the host is `a.b.wild.test`, which is one label too many.
    WildcardTooDeep,
    /// The leaf is for `*.wild.test`; the host is `wild.test`, which is one label too few.
    WildcardApex,
    /// The root that the client trusts has another name and another key.
    UnknownAuthority,
    /// The root that the client trusts has the right name and another key; no key identifiers
    /// give it away.
    ImpostorAuthority,
    /// The root that the client trusts has the right key and another name.
    RenamedAuthority,
    /// One bit of the leaf's signature is wrong.
    BadSignature,
    /// The root issued the leaf itself. Its signature is genuine, but it was made for another key
    /// than the one that the leaf has now.
    ForgedLeaf,
    /// The root's signature on the intermediate authority is genuine, but it was made for another
    /// key than the one that the authority has now, with which it issued the leaf.
    ForgedIntermediate,
    /// The intermediate authority is not sent.
    MissingIntermediate,
    /// The leaf was issued by another end-entity certificate (basicConstraints `cA` false).
    IssuedByLeaf,
    /// The leaf's issuer has no basicConstraints at all.
    IssuerWithoutBasicConstraints,
    /// The leaf stands two authorities below an intermediate one that allows none below it.
    PathLengthExceeded,
    /// The leaf's issuer has keyUsage without keyCertSign.
    MissingKeyCertSign,
    /// The leaf's key is RSA-1024, whatever kind was asked for.
    WeakKey,
    /// The leaf is signed with SHA-1.
    Sha1Signature,
    /// The leaf's extKeyUsage allows clients only.
    ClientAuthOnly,
    /// The leaf has a critical extension that nobody knows.
    UnknownCriticalExtension,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 23] = [
        Fault::Expired,
        Fault::NotYetValid,
        Fault::ExpiredIntermediate,
        Fault::WrongName,
        Fault::CommonNameOnly,
        Fault::IpAddressOnly,
        Fault::WildcardTooDeep,
        Fault::WildcardApex,
        Fault::UnknownAuthority,
        Fault::ImpostorAuthority,
        Fault::RenamedAuthority,
        Fault::BadSignature,
        Fault::ForgedLeaf,
        Fault::ForgedIntermediate,
        Fault::MissingIntermediate,
        Fault::IssuedByLeaf,
        Fault::IssuerWithoutBasicConstraints,
        Fault::PathLengthExceeded,
        Fault::MissingKeyCertSign,
        Fault::WeakKey,
        Fault::Sha1Signature,
        Fault::ClientAuthOnly,
        Fault::UnknownCriticalExtension,
    ];
}

/// A chain with one fault and otherwise keys of that kind: root (not sent) ← intermediate ← leaf.
/// The same chain every time.
///
/// ```
/// use bearcub_lab::pki::{Fault, KeyKind, NOW, faulty};
///
/// let chain = faulty(Fault::WrongName, KeyKind::P256);
/// assert!(chain.verify_with_openssl(chain.root(), NOW).is_err());
/// ```
///
/// # Panics
///
/// If `openssl` is missing or fails.
pub fn faulty(fault: Fault, kind: KeyKind) -> Arc<Chain> {
    static CHAINS: Shared<(Fault, KeyKind), Chain> = Shared::new();
    CHAINS.get_or_make((fault, kind), || build(fault, kind))
}

fn build(fault: Fault, kind: KeyKind) -> Chain {
    let key = |name| KeyPair::shared(root_kind(kind), name);
    let name = |common_name| {
        Name::new()
            .organization("Bearcub (lab)")
            .common_name(common_name)
    };
    let past = Validity {
        not_after: Time::utc(2025, 3, 1),
        ..Validity::DEFAULT
    };
    let future = Validity {
        not_before: Time::utc(2034, 1, 1),
        ..Validity::DEFAULT
    };

    let mut root = Template::authority(name("Fault Root"), None);
    let mut intermediate = Template::authority(name("Fault Intermediate"), None);
    let mut leaf = Template::server(Name::cn("localhost"), &local_names());
    let mut leaf_kind = kind;
    let mut host = "localhost";
    match fault {
        Fault::Expired => leaf.validity = past,
        Fault::NotYetValid => leaf.validity = future,
        Fault::ExpiredIntermediate => intermediate.validity = past,
        Fault::WrongName => {
            leaf.subject = Name::cn("other.test");
            leaf.alt_names = vec!["other.test".into()];
        }
        Fault::CommonNameOnly => leaf.alt_names.clear(),
        Fault::IpAddressOnly => {
            leaf.subject = Name::new();
            leaf.alt_names = vec![AltName::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST))];
        }
        Fault::WildcardTooDeep => host = "a.b.wild.test",
        Fault::WildcardApex => host = "wild.test",
        Fault::ImpostorAuthority => {
            root.key_identifiers = false;
            intermediate.key_identifiers = false;
        }
        Fault::IssuedByLeaf => {
            intermediate.role = Role::EndEntity;
            intermediate.key_usage = vec![KeyUsage::DigitalSignature];
        }
        Fault::IssuerWithoutBasicConstraints => intermediate.role = Role::Unsaid,
        Fault::PathLengthExceeded => {
            intermediate.role = Role::Authority {
                path_length: Some(0),
            }
        }
        Fault::MissingKeyCertSign => intermediate.key_usage = vec![KeyUsage::CrlSign],
        Fault::WeakKey => leaf_kind = KeyKind::Rsa1024,
        Fault::Sha1Signature => leaf.hash = Some(Hash::Sha1),
        Fault::ClientAuthOnly => leaf.purposes = vec![Purpose::ClientAuth],
        // Arcs under 2.25 are made from UUIDs; nobody has registered this one.
        Fault::UnknownCriticalExtension => {
            leaf.extensions
                .push(super::extension(&[2, 25, 1], true, &[0x05, 0x00]));
        }
        Fault::UnknownAuthority
        | Fault::RenamedAuthority
        | Fault::BadSignature
        | Fault::ForgedLeaf
        | Fault::ForgedIntermediate
        | Fault::MissingIntermediate => {}
    }

    let root = Authority::root(&root, key("fault root"));
    let template = intermediate;
    let intermediate = root.intermediate(&template, key("fault intermediate"));
    let leaf_key = KeyPair::shared(leaf_kind, "fault leaf");
    let certificates = match fault {
        Fault::PathLengthExceeded => {
            let lower = Template::authority(name("Fault Lower Intermediate"), None);
            let lower = intermediate.intermediate(&lower, key("fault lower intermediate"));
            vec![
                lower.issue(&leaf, &leaf_key),
                lower.certificate,
                intermediate.certificate,
            ]
        }
        Fault::ForgedLeaf => {
            let signed = root.issue(&leaf, &KeyPair::shared(leaf_kind, "fault victim"));
            vec![graft(&root.issue(&leaf, &leaf_key), &signed)]
        }
        Fault::ForgedIntermediate => {
            let forger = root.intermediate(&template, key("fault forger"));
            vec![
                forger.issue(&leaf, &leaf_key),
                graft(&forger.certificate, &intermediate.certificate),
            ]
        }
        _ => vec![
            intermediate.issue(&leaf, &leaf_key),
            intermediate.certificate,
        ],
    };
    let mut chain = Chain {
        certificates,
        key: leaf_key,
        roots: vec![root.certificate],
        host: host.to_owned(),
    };
    match fault {
        Fault::RenamedAuthority => {
            let renamed = Template::authority(name("Renamed Root"), None);
            chain.roots = vec![Authority::root(&renamed, root.key).certificate];
        }
        Fault::UnknownAuthority | Fault::ImpostorAuthority => {
            let same = fault == Fault::ImpostorAuthority;
            let name = name(if same { "Fault Root" } else { "Stranger Root" });
            let mut other = Template::authority(name, None);
            other.key_identifiers = !same;
            let other = Authority::root(&other, key("stranger root"));
            chain.roots = vec![other.certificate];
        }
        Fault::BadSignature => *chain.certificates[0].last_mut().expect("not empty") ^= 1,
        Fault::MissingIntermediate => chain.certificates.truncate(1),
        _ => {}
    }
    chain
}

/// A certificate with the signature of another one.
fn graft(certificate: &[u8], signed: &[u8]) -> Vec<u8> {
    let parts = |certificate| {
        let (_, fields, _) = der::split(certificate);
        let (_, _, signature) = der::split(fields);
        let (tbs, signature) = fields.split_at(fields.len() - signature.len());
        (tbs.to_vec(), signature.to_vec())
    };
    der::sequence(&[parts(certificate).0, parts(signed).1])
}
