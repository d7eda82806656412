//! What the README says about each peer's verification.

use bearcub_benches::link::Pipe;
use bearcub_benches::peers::{Host, Library, Target, Visit, Who};
use bearcub_benches::server::{self, Server};
use bearcub_lab::pki::{Fault, KeyKind, faulty};

/// What the server, rustls, does not present: a key that is too weak to sign with, an extension that it does not know.
const NOT_PRESENTED: [Fault; 2] = [Fault::WeakKey, Fault::UnknownCriticalExtension];

/// Whether the peer connects to a server whose chain has this fault.
fn accepts(who: Who, fault: Fault) -> bool {
    let chain = faulty(fault, KeyKind::P256);
    let host = Host::new(&chain.host).unwrap();
    let config = server::config(&chain, who.version).unwrap();
    let mut pipe = Pipe::new(Server::new(&config).unwrap());
    let mut peer = who.set_up(Target::new(&chain, &host)).unwrap();
    let connected = peer.connect(&mut pipe, Visit::Fresh, &mut |_| Ok(()));
    connected.is_ok()
}

#[test]
fn every_peer_accepts_the_faults_that_the_readme_lists_and_no_other() {
    for &who in Who::ALL {
        let expected: &[Fault] = match who.library {
            Library::Rustls => &[Fault::MissingKeyCertSign],
            Library::EmbeddedTls => &[
                Fault::CommonNameOnly,
                Fault::RenamedAuthority,
                Fault::IssuedByLeaf,
                Fault::IssuerWithoutBasicConstraints,
                Fault::PathLengthExceeded,
                Fault::MissingKeyCertSign,
                Fault::ClientAuthOnly,
            ],
            _ => &[Fault::CommonNameOnly],
        };
        let presented = Fault::ALL
            .into_iter()
            .filter(|fault| !NOT_PRESENTED.contains(fault));
        let accepted: Vec<_> = presented.filter(|fault| accepts(who, *fault)).collect();
        assert_eq!(accepted, expected, "{who}");
    }
}
