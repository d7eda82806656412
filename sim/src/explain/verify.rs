//! The numbers and texts of OpenSSL's verification: `verify error:num=20:unable to get local issuer certificate`.

use super::{Answer, Topic, answer, rare, statuses};

const CA_UNKNOWN: [&str; 3] = [
    "The CA file that was given is not that of the authority that issued the certificate, or none was given.",
    "The server does not send its intermediate certificate.",
    "The authority was made anew under the same name, and the old file is still used.",
];

/// By number; the texts are the phrases of the topic.
static STATUS: [(i32, Topic); 17] = [
    (
        2,
        Topic {
            phrases: &["unable to get issuer certificate"],
            happened: "An authority in the middle of the chain was found, and the one above it was not.",
            causes: CA_UNKNOWN,
            remedy: &[
                "Give the root, not only the intermediate, or use `-partial_chain`; see the chain with `openssl s_client -showcerts`.",
            ],
        },
    ),
    (
        7,
        Topic {
            phrases: &["certificate signature failure"],
            happened: "A certificate is not signed by the authority that it names.",
            causes: [
                "The authority has a new key under its old name, and the old certificate is still trusted (or the other way round).",
                "A file was damaged when it was copied.",
                "Someone forged the certificate.",
            ],
            remedy: &[
                "Compare the authority's subjectKeyIdentifier with the certificate's authorityKeyIdentifier.",
            ],
        },
    ),
    (
        9,
        Topic {
            phrases: &["certificate is not yet valid"],
            happened: "The certificate's validity has not begun by the clock of the machine that checks.",
            causes: [
                "The clock of the machine that checks is behind or not set.",
                "The certificate was just made on a machine whose clock is ahead, or in local time instead of UTC.",
                "The certificate was made for a later date.",
            ],
            remedy: &["Set the clock (devices: SNTP) before connecting."],
        },
    ),
    (
        10,
        Topic {
            phrases: &["certificate has expired", "certificate expired"],
            happened: "A certificate of the chain has run out by the clock of the machine that checks.",
            causes: [
                "The server's certificate was not renewed, or the server was not restarted after it.",
                "A root or intermediate has run out, and a newer one exists.",
                "The clock of the machine that checks is ahead.",
            ],
            remedy: &[
                "`bearcub fingerprint HOST:PORT` and `openssl x509 -noout -dates` show which; renew it and restart the server.",
            ],
        },
    ),
    (
        18,
        Topic {
            phrases: &["self signed certificate", "depth zero self signed cert"],
            happened: "The server shows a certificate that it signed itself, and the client does not trust it.",
            causes: [
                "The server has a self-signed certificate and the client was not given it as its CA.",
                "The broker still has the certificate of its package or of a test.",
                "Someone is in between with a certificate of their own.",
            ],
            remedy: &[
                "Make a private authority and a certificate of it for the server, or pin the server's key.",
            ],
        },
    ),
    (
        19,
        Topic {
            phrases: &["self signed certificate in certificate chain"],
            happened: "The chain ends with a root that the client does not have among its CAs.",
            causes: [
                "The private authority's certificate was not given (`--cafile`, `Trust::anchors`).",
                "The wrong root was given.",
                "A company's proxy opens TLS and shows its own chain.",
            ],
            remedy: &[
                "Give the root that `openssl s_client -showcerts` shows last, after making sure that it is the right one.",
            ],
        },
    ),
    (
        20,
        Topic {
            phrases: &["unable to get local issuer certificate"],
            happened: "The authority that issued the certificate is not among those that are trusted here.",
            causes: CA_UNKNOWN,
            remedy: &[
                "`bearcub anchors --for HOST:PORT` finds the root that suffices; let the server send its intermediates.",
            ],
        },
    ),
    (
        21,
        Topic {
            phrases: &["unable to verify the first certificate"],
            happened: "The server sent its own certificate alone, and nothing here issued it.",
            causes: [
                "The server does not send its intermediate certificate (`certfile` has the leaf only).",
                "The private authority's certificate was not given to the client.",
                "The CA file is empty or is another one.",
            ],
            remedy: &[
                "Put the intermediates behind the server's certificate in `certfile`, and restart it.",
            ],
        },
    ),
    (
        22,
        Topic {
            phrases: &["certificate chain too long"],
            happened: "The chain has more certificates than the limit.",
            causes: [
                "The file with the chain has a certificate several times, or a whole bundle.",
                "The limit (`-verify`, `-verify_depth`) is too low.",
                "Cross-signed certificates that are not needed are sent.",
            ],
            remedy: &["Send the leaf and its intermediates only."],
        },
    ),
    (
        23,
        Topic {
            phrases: &["certificate revoked"],
            happened: "The certificate is on its authority's list of revoked ones.",
            causes: [
                "The device or server was replaced and its certificate withdrawn.",
                "The list is a newer one and has more on it than was meant.",
                "The key was reported as lost.",
            ],
            remedy: &["Give the device a new certificate; find out why the old one was revoked."],
        },
    ),
    (
        3,
        Topic {
            phrases: &["unable to get certificate crl", "crl has expired"],
            happened: "Revocation is checked, and there is no current list for this authority.",
            causes: [
                "The list (`crlfile`) has run out: lists have a nextUpdate.",
                "There is no list for an intermediate.",
                "The file's path is wrong, or its owner cannot read it.",
            ],
            remedy: &[
                "Make a new list, put it in place, and let the broker read it again (SIGHUP).",
            ],
        },
    ),
    (
        79,
        Topic {
            phrases: &["invalid ca certificate"],
            happened: "A certificate that signed another one is not marked as an authority's.",
            causes: [
                "The authority was made without basicConstraints CA:TRUE.",
                "A server's or device's certificate was used to sign.",
                "It is a version 1 certificate.",
            ],
            remedy: &["Make the authority anew with CA:TRUE and keyCertSign."],
        },
    ),
    (
        25,
        Topic {
            phrases: &["path length constraint exceeded"],
            happened: "An authority issued another one though it may issue end certificates only.",
            causes: [
                "The authority was made with pathlen:0 and then an intermediate was made of it.",
                "An intermediate was taken for a root.",
                "The chain has a certificate too many.",
            ],
            remedy: &[
                "Issue from the authority that the path length allows, or make the root anew.",
            ],
        },
    ),
    (
        26,
        Topic {
            phrases: &[
                "unsupported certificate purpose",
                "unsuitable certificate purpose",
            ],
            happened: "The certificate's extKeyUsage does not allow this use.",
            causes: [
                "A server uses a certificate for clients (no serverAuth), or a device one for servers (no clientAuth).",
                "The certificate was made with another profile of the CA tool than was meant.",
                "An authority's certificate is used as a server's.",
            ],
            remedy: &["Issue it again with serverAuth for a server, clientAuth for a device."],
        },
    ),
    (
        62,
        Topic {
            phrases: &[
                "hostname mismatch",
                "host name verification failed",
                "certificate subject name does not match",
            ],
            happened: "The certificate is for another name than the one that was connected to.",
            causes: [
                "The client connects by IP address or short name, and the certificate has the full name only.",
                "The certificate has the name as its CN only, and no subjectAltName.",
                "Another server answers at this address.",
            ],
            remedy: &[
                "Connect by a name in the certificate (`openssl x509 -noout -ext subjectAltName`), or issue it with this name.",
            ],
        },
    ),
    (
        64,
        Topic {
            phrases: &["ip address mismatch"],
            happened: "The certificate does not have the IP address that was connected to.",
            causes: [
                "The certificate has host names only, no iPAddress.",
                "The server got another address.",
                "The address was written as a DNS name in the certificate.",
            ],
            remedy: &[
                "Connect by name, or issue the certificate with `IP:` in its subjectAltName.",
            ],
        },
    ),
    (
        66,
        Topic {
            phrases: &[
                "ee certificate key too weak",
                "ee key too small",
                "ca certificate key too weak",
                "ca md too weak",
                "ca signature digest algorithm too weak",
            ],
            happened: "A key or signature of the chain is too weak for the security level.",
            causes: [
                "An RSA key of 1024 bits.",
                "A certificate signed with SHA-1 or MD5.",
                "The system's policy was tightened with an update.",
            ],
            remedy: &["Issue the certificate again with RSA-2048 or P-256 and SHA-256."],
        },
    ),
];

/// All of them.
pub fn topics() -> impl Iterator<Item = &'static Topic> {
    all().map(|(_, topic)| topic)
}

fn all() -> impl Iterator<Item = &'static (i32, Topic)> {
    STATUS.iter().chain(&rare::STATUS)
}

/// The status with that number.
pub fn number(number: i32) -> Option<Answer> {
    if number == 0 {
        return Some(answer(
            "OpenSSL's verify status 0: ok".to_owned(),
            "The certificate was checked, and accepted.",
            [
                "All is as it should be.",
                "The check was made for another name or with other authorities than the device has.",
                "The failure that is looked for comes before or after the check of the certificate.",
            ],
            &[
                "Look at the lines before and behind it; `bearcub doctor` tries what the device would do.",
            ],
        ));
    }
    let (_, name, text, like) = statuses::ALL.iter().find(|(known, ..)| *known == number)?;
    let (_, topic) = all().find(|(known, _)| known == like)?;
    let mut answer = topic.answer();
    answer.title = format!("OpenSSL's verify error {number} (X509_V_ERR_{name}): {text}");
    Some(answer)
}

/// The status with a name or a text in that line, the longest.
pub fn in_line(words: &str) -> Option<Answer> {
    let name = |name: &str| format!("x509 v err {}", name.to_lowercase().replace('_', " "));
    let hits = statuses::ALL.iter().filter_map(|(number, short, text, _)| {
        if super::has_words(words, &name(short)) {
            return Some((short.len() + 100, *number));
        }
        // These words are anybody's.
        let is_telling = !matches!(number, 17 | 18);
        (is_telling && super::has_words(words, text)).then_some((text.len(), *number))
    });
    number(hits.max()?.1)
}

/// OpenSSL's names.
pub fn names() -> impl Iterator<Item = String> {
    let all = statuses::ALL.iter();
    all.map(|(_, name, ..)| format!("X509_V_ERR_{name}"))
}
