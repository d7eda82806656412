use super::*;
use crate::probe::reader::Request;
use crate::probe::scan::Fragment;

fn agreeing(sizes: &[(usize, Option<bool>)]) -> Findings {
    let fragment = |(bytes, kept): &(usize, Option<bool>)| Fragment {
        bytes: *bytes,
        acknowledged: true,
        largest_record: 0,
        kept: *kept,
    };
    Findings {
        fragments: sizes.iter().map(fragment).collect(),
        ..Findings::default()
    }
}

#[test]
fn the_buffer_is_what_the_server_agrees_to_and_keeps_to() {
    assert_eq!(input(&agreeing(&[(512, Some(true)), (1024, None)])), 1024);
    assert_eq!(input(&agreeing(&[(512, Some(true))])), 512);
    assert_eq!(input(&agreeing(&[(2048, None), (4096, None)])), 2048);
    assert_eq!(input(&agreeing(&[])), LARGEST);
    // A word that was broken once is not relied on.
    assert_eq!(
        input(&agreeing(&[(512, Some(false)), (1024, None)])),
        LARGEST
    );
}

#[test]
fn the_groups_are_the_fewest_that_both_keys_need() {
    let wishes = Wishes {
        server_name: "a.test",
        now: 0,
        trust: None,
        client: None,
        alpn: &[],
        input: None,
        output: 1024,
        send: None,
        candidates: &[],
    };
    let (ecdhe_rsa, static_rsa) = (0xc02f, 0x009c);
    let mut findings = Findings {
        groups: vec![29, 23],
        ..Findings::default()
    };
    assert_eq!(groups(&findings, &wishes, static_rsa, None), "none");
    assert_eq!(groups(&findings, &wishes, ecdhe_rsa, None), "x25519");
    // A device's certificate is most likely on P-256, which the server must have been offered.
    findings.flight.request = Some(Request::default());
    assert_eq!(groups(&findings, &wishes, ecdhe_rsa, None), "x25519-p256");
    findings.groups = vec![23];
    assert_eq!(groups(&findings, &wishes, ecdhe_rsa, None), "p256");
    findings.flight.request = None;
    findings.groups = vec![24];
    assert_eq!(
        groups(&findings, &wishes, ecdhe_rsa, None),
        names::DEFAULT_GROUPS
    );
}
