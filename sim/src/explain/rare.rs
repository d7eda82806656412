//! Statuses of OpenSSL's verification that set-up guides seldom mention.

use super::Topic;

/// By the number of the first of those that share the explanation.
pub static STATUS: [(i32, Topic); 15] = [
    (
        6,
        Topic {
            phrases: &["unable to decode issuer public key"],
            happened: "A public key in the chain cannot be read or used.",
            causes: [
                "The key is of a kind that this OpenSSL does not have, or its curve is written out instead of named.",
                "The certificate was damaged when it was copied.",
                "The authority was made with a tool of other standards.",
            ],
            remedy: &[
                "`openssl x509 -noout -text -in FILE` shows the key; issue the certificate again with RSA-2048 or a named P-256 key.",
            ],
        },
    ),
    (
        8,
        Topic {
            phrases: &["crl signature failure"],
            happened: "The list of revoked certificates cannot be used: it is damaged, another authority's, or not valid yet.",
            causes: [
                "The list (`crlfile`) is that of another authority, or of one that was made anew under the same name.",
                "The authority may not sign lists: its keyUsage lacks cRLSign.",
                "The clock of the machine that checks is wrong, or the list was cut short when it was copied.",
            ],
            remedy: &[
                "Make the list anew with the authority that issued the certificates (`bearcub ca` keeps one as crl.pem), put it in place, and reload the broker (SIGHUP).",
            ],
        },
    ),
    (
        13,
        Topic {
            phrases: &["format error in certificate s notbefore field"],
            happened: "A date in the certificate is not written as the standard wants it.",
            causes: [
                "The certificate was made by a faulty tool or by hand.",
                "It was damaged when it was copied.",
                "A date is beyond what the tool can write.",
            ],
            remedy: &[
                "Issue the certificate again; `openssl x509 -noout -dates -in FILE` shows what is read of it.",
            ],
        },
    ),
    (
        17,
        Topic {
            phrases: &["issuer certificate lookup error"],
            happened: "The check itself could not be carried out: memory, the store of authorities, or the program that asked for it.",
            causes: [
                "The CA file or folder changed or became unreadable while the program ran.",
                "The machine is out of memory.",
                "The program sets up the check wrongly, or refuses the certificate in code of its own.",
            ],
            remedy: &[
                "Restart the program, look for its own message before this one, and check that it may read `cafile` or `capath`.",
            ],
        },
    ),
    (
        27,
        Topic {
            phrases: &["certificate not trusted"],
            happened: "The authority is known, and is not trusted for this purpose.",
            causes: [
                "The CA file holds a `TRUSTED CERTIFICATE` block that allows other purposes only.",
                "The system's store marks this authority as rejected.",
                "The program asks for a purpose that the authority is not meant for.",
            ],
            remedy: &[
                "Export the plain certificate (`openssl x509 -in FILE -out FILE.pem`) and give that as the CA file.",
            ],
        },
    ),
    (
        29,
        Topic {
            phrases: &["subject issuer mismatch"],
            happened: "A certificate was looked at as the issuer, and is not: names, identifiers or serial number differ.",
            causes: [
                "The authority was made anew: its key identifier or serial number is another one now.",
                "The CA file has an older certificate of the same authority.",
                "The chain's file has certificates in the wrong order or of another chain.",
            ],
            remedy: &[
                "Compare the authority's subjectKeyIdentifier with the certificate's authorityKeyIdentifier (`openssl x509 -noout -ext subjectKeyIdentifier,authorityKeyIdentifier`).",
            ],
        },
    ),
    (
        32,
        Topic {
            phrases: &["key usage does not include certificate signing"],
            happened: "The certificate's keyUsage or its marks as an authority do not allow what it is used for.",
            causes: [
                "An authority was made without keyCertSign.",
                "A server's own certificate is marked as an authority's, or an authority's is used as a server's.",
                "The device's certificate lacks digitalSignature.",
            ],
            remedy: &[
                "Issue it again: keyCertSign and CA:TRUE for an authority, digitalSignature and CA:FALSE for a server or device. `bearcub ca` does so.",
            ],
        },
    ),
    (
        34,
        Topic {
            phrases: &["unhandled critical extension"],
            happened: "The certificate has an extension that is wrong, or critical and not known here.",
            causes: [
                "The certificate was made with a profile for another use.",
                "An extension was written by hand, with a wrong encoding or a contradiction to another one.",
                "The checking side is older than the extension.",
            ],
            remedy: &[
                "`openssl x509 -noout -text -in FILE` shows the extensions; issue the certificate again with the usual ones only.",
            ],
        },
    ),
    (
        40,
        Topic {
            phrases: &["proxy certificates not allowed please set the appropriate flag"],
            happened: "The chain has a proxy certificate (RFC 3820), which is not allowed here.",
            causes: [
                "A device's or user's certificate was used to sign another one.",
                "The certificate has the extension proxyCertInfo, from a grid or a test.",
                "The wrong file was given as the certificate.",
            ],
            remedy: &["Issue the certificate from the authority itself."],
        },
    ),
    (
        47,
        Topic {
            phrases: &["permitted subtree violation"],
            happened: "An authority of the chain is limited to certain names (nameConstraints), and the certificate has another one, or the limit cannot be read.",
            causes: [
                "The private authority was made for one domain, and the server's name is in another one.",
                "The certificate has an IP address, and the limit names domains only.",
                "The limit is written in a form that is not supported.",
            ],
            remedy: &[
                "`openssl x509 -noout -ext nameConstraints` of the authorities shows the limits; give the server a name within them.",
            ],
        },
    ),
    (
        63,
        Topic {
            phrases: &["email address mismatch"],
            happened: "The certificate is for another e-mail address than the one that was asked for.",
            causes: [
                "The program checks an address where it should check a host name.",
                "The certificate has no address.",
                "The address is misspelt.",
            ],
            remedy: &[
                "Let the program check the host name; servers and devices have no e-mail address.",
            ],
        },
    ),
    (
        65,
        Topic {
            phrases: &["no matching dane tlsa records"],
            happened: "The server's key is none of those that its TLSA records in the DNS name.",
            causes: [
                "The certificate was renewed with another key, and the records were not.",
                "The record is over the certificate instead of its key.",
                "Somebody else answers.",
            ],
            remedy: &[
                "Make the record anew (`3 1 1`: over the key), or keep the key when renewing.",
            ],
        },
    ),
    (
        73,
        Topic {
            phrases: &["ocsp verification needed"],
            happened: "A proof from a third party is demanded, and is missing or bad: OCSP's of not being revoked, or that of a public log.",
            causes: [
                "The server does not staple OCSP responses, or the authority's responder is away.",
                "The certificate's authority has no such service, as private ones have not.",
                "The response has run out, or the clock is wrong.",
            ],
            remedy: &[
                "Do not demand it for a private authority; revoke with a list (`crlfile`) instead.",
            ],
        },
    ),
    (
        76,
        Topic {
            phrases: &["cannot find certificate signature algorithm"],
            happened: "The signature's algorithm is not known here, or is not what certificate and issuer say it is.",
            causes: [
                "The certificate is signed with an algorithm that is switched off or too new (MD5, Ed25519, SHA-3).",
                "The issuer's key is of another kind than the signature.",
                "The certificate was altered by hand.",
            ],
            remedy: &["Issue the certificate again with RSA or P-256 and SHA-256."],
        },
    ),
    (
        80,
        Topic {
            phrases: &["path length invalid for non ca cert"],
            happened: "The certificate breaks a rule of RFC 5280 that is held to with `-x509_strict` only.",
            causes: [
                "The authority or certificate was made by hand or an old tool: an identifier, a mark as critical or a name is missing.",
                "It is of version 1, with extensions of version 3.",
                "A profile for authorities was used for a server, or the other way round.",
            ],
            remedy: &[
                "Issue it again with a current tool, or leave out `-x509_strict`; the rule that is broken is in the text.",
            ],
        },
    ),
];
