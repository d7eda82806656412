//! Chains of certificates.

use super::Corpus;
use crate::chain::{Case, Draft, HOSTS, NOW, ROOT_NAME, Root, algorithm};
use crate::der::{element, sequence};

/// `chain`: chains of one to four certificates that are in order under every root, and one for each extension and name that
/// the verifiers look at.
pub fn write(corpus: &mut Corpus<'_>) {
    let dns: &[(u8, &[u8])] = &[(0x82, b"mqtt.example.org"), (0x87, &[192, 0, 2, 7])];
    let mut add = |name: &str, root: Root, host: usize, drafts: Vec<Draft>| {
        let case = Case {
            root,
            names_real_algorithm: true,
            host,
            now: NOW,
            parts: drafts.iter().map(Draft::write).collect(),
        };
        corpus.add("chain", name, &case.write());
    };
    for root in [Root::P256, Root::Bare, Root::Rsa, Root::P384] {
        for length in 1..=4usize {
            let mut drafts = vec![Draft::leaf(dns)];
            drafts.extend((1..length).map(|place| Draft::authority(place, Some(place as u8 - 1))));
            for place in 0..length - 1 {
                drafts[place].issuer = drafts[place + 1].subject.clone();
            }
            let last = drafts.last_mut().expect("one at least");
            last.issuer = ROOT_NAME.to_owned();
            last.algorithm = algorithm(root);
            add(&format!("good-{root:?}-{length}"), root, 0, drafts);
        }
    }
    let leaf = |change: &dyn Fn(&mut Draft)| {
        let mut draft = Draft::leaf(dns);
        change(&mut draft);
        vec![draft]
    };
    for (host, _) in HOSTS.iter().enumerate() {
        let names: &[(u8, &[u8])] = &[
            (0x82, b"*.example.org"),
            (0x82, b"*.org"),
            (0x82, b"xn--bcher-kva.example.org"),
            (0x81, b"a@example.org"),
            (0x86, b"https://example.org/"),
            (0x87, &[192, 0, 2, 7]),
            (0xa4, &[0x30, 0]),
        ];
        add(
            &format!("names-{host}"),
            Root::P256,
            host,
            vec![Draft::leaf(names)],
        );
        add(
            &format!("no-names-{host}"),
            Root::P256,
            host,
            leaf(&|draft| drop(draft.extensions.pop())),
        );
    }
    let name_constraints =
        |tag: u8| sequence(&[&element(tag, &sequence(&[&element(0x82, b"example.org")]))]);
    let below = |change: &dyn Fn(&mut Draft)| {
        let mut authority = Draft::authority(1, None);
        change(&mut authority);
        let mut leaf = Draft::leaf(dns);
        leaf.issuer = authority.subject.clone();
        vec![leaf, authority]
    };
    for tag in [0xa0, 0xa1] {
        for critical in [false, true] {
            let extension = (0x1e, critical, name_constraints(tag));
            add(
                &format!("constraints-{tag:x}-{critical}"),
                Root::P256,
                0,
                below(&|draft| draft.extensions.push(extension.clone())),
            );
        }
    }
    add(
        "no-constraints",
        Root::P256,
        0,
        below(&|draft| drop(draft.extensions.remove(0))),
    );
    add(
        "no-sign-usage",
        Root::P256,
        0,
        below(&|draft| draft.extensions[1].2 = vec![3, 2, 7, 0x80]),
    );
    add(
        "usage-of-authority",
        Root::P256,
        0,
        below(&|draft| {
            draft
                .extensions
                .push((0x25, false, vec![0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2]))
        }),
    );
    add(
        "authority-as-leaf",
        Root::P256,
        0,
        leaf(&|draft| draft.extensions[0].2 = vec![0x30, 3, 1, 1, 0xff]),
    );
    add(
        "client-only",
        Root::P256,
        0,
        leaf(&|draft| draft.extensions[2].2 = vec![0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2]),
    );
    add(
        "any-usage",
        Root::P256,
        0,
        leaf(&|draft| draft.extensions[2].2 = vec![0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0]),
    );
    add(
        "generalized",
        Root::P256,
        0,
        leaf(&|draft| draft.validity[1] = (0x18, b"99991231235959Z".to_vec())),
    );
    add(
        "key-agreement",
        Root::P256,
        0,
        leaf(&|draft| draft.extensions[1].2 = vec![3, 2, 3, 8]),
    );
    add(
        "unknown-critical",
        Root::P256,
        0,
        leaf(&|draft| draft.extensions.push((0x7f, true, vec![5, 0]))),
    );
    add(
        "policies",
        Root::P256,
        0,
        leaf(&|draft| {
            draft.extensions.push((
                0x20,
                true,
                vec![0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0],
            ))
        }),
    );
    add(
        "identifiers",
        Root::P256,
        0,
        leaf(&|draft| {
            draft.extensions.push((0x0e, false, vec![4, 2, 1, 2]));
            draft
                .extensions
                .push((0x23, false, vec![0x30, 4, 0x80, 2, 1, 2]));
        }),
    );
    add("extra", Root::P256, 0, {
        let mut drafts = leaf(&|_| {});
        drafts.push(Draft::authority(1, None));
        drafts
    });
}
