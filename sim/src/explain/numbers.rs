//! Error numbers: the library's, BearSSL's and Tasmota's, which are the same but for a few.

use bearcub::Error;

use super::{Answer, answer, causes};

/// BearSSL's names. Its numbers are the library's, but for 1.
const BEARSSL: [(i32, &str); 60] = [
    (0, "BR_ERR_OK"),
    (1, "BR_ERR_BAD_PARAM"),
    (2, "BR_ERR_BAD_STATE"),
    (3, "BR_ERR_UNSUPPORTED_VERSION"),
    (4, "BR_ERR_BAD_VERSION"),
    (5, "BR_ERR_BAD_LENGTH"),
    (6, "BR_ERR_TOO_LARGE"),
    (7, "BR_ERR_BAD_MAC"),
    (8, "BR_ERR_NO_RANDOM"),
    (9, "BR_ERR_UNKNOWN_TYPE"),
    (10, "BR_ERR_UNEXPECTED"),
    (12, "BR_ERR_BAD_CCS"),
    (13, "BR_ERR_BAD_ALERT"),
    (14, "BR_ERR_BAD_HANDSHAKE"),
    (15, "BR_ERR_OVERSIZED_ID"),
    (16, "BR_ERR_BAD_CIPHER_SUITE"),
    (17, "BR_ERR_BAD_COMPRESSION"),
    (18, "BR_ERR_BAD_FRAGLEN"),
    (19, "BR_ERR_BAD_SECRENEG"),
    (20, "BR_ERR_EXTRA_EXTENSION"),
    (21, "BR_ERR_BAD_SNI"),
    (22, "BR_ERR_BAD_HELLO_DONE"),
    (23, "BR_ERR_LIMIT_EXCEEDED"),
    (24, "BR_ERR_BAD_FINISHED"),
    (25, "BR_ERR_RESUME_MISMATCH"),
    (26, "BR_ERR_INVALID_ALGORITHM"),
    (27, "BR_ERR_BAD_SIGNATURE"),
    (28, "BR_ERR_WRONG_KEY_USAGE"),
    (29, "BR_ERR_NO_CLIENT_AUTH"),
    (31, "BR_ERR_IO"),
    (32, "BR_ERR_X509_OK"),
    (33, "BR_ERR_X509_INVALID_VALUE"),
    (34, "BR_ERR_X509_TRUNCATED"),
    (35, "BR_ERR_X509_EMPTY_CHAIN"),
    (36, "BR_ERR_X509_INNER_TRUNC"),
    (37, "BR_ERR_X509_BAD_TAG_CLASS"),
    (38, "BR_ERR_X509_BAD_TAG_VALUE"),
    (39, "BR_ERR_X509_INDEFINITE_LENGTH"),
    (40, "BR_ERR_X509_EXTRA_ELEMENT"),
    (41, "BR_ERR_X509_UNEXPECTED"),
    (42, "BR_ERR_X509_NOT_CONSTRUCTED"),
    (43, "BR_ERR_X509_NOT_PRIMITIVE"),
    (44, "BR_ERR_X509_PARTIAL_BYTE"),
    (45, "BR_ERR_X509_BAD_BOOLEAN"),
    (46, "BR_ERR_X509_OVERFLOW"),
    (47, "BR_ERR_X509_BAD_DN"),
    (48, "BR_ERR_X509_BAD_TIME"),
    (49, "BR_ERR_X509_UNSUPPORTED"),
    (50, "BR_ERR_X509_LIMIT_EXCEEDED"),
    (51, "BR_ERR_X509_WRONG_KEY_TYPE"),
    (52, "BR_ERR_X509_BAD_SIGNATURE"),
    (53, "BR_ERR_X509_TIME_UNKNOWN"),
    (54, "BR_ERR_X509_EXPIRED"),
    (55, "BR_ERR_X509_DN_MISMATCH"),
    (56, "BR_ERR_X509_BAD_SERVER_NAME"),
    (57, "BR_ERR_X509_CRITICAL_EXTENSION"),
    (58, "BR_ERR_X509_NOT_CA"),
    (59, "BR_ERR_X509_FORBIDDEN_KEY_USAGE"),
    (60, "BR_ERR_X509_WEAK_PUBLIC_KEY"),
    (62, "BR_ERR_X509_NOT_TRUSTED"),
];

/// BearSSL's names.
pub fn names() -> impl Iterator<Item = String> {
    BEARSSL.iter().map(|(_, name)| (*name).to_owned())
}

/// The number with one of BearSSL's names in that line.
pub fn by_name(words: &str) -> Option<i32> {
    let hits = BEARSSL
        .iter()
        .filter(|(_, name)| super::has_words(words, &super::normalised(name)));
    let (number, name) = *hits.max_by_key(|(_, name)| name.len())?;
    // The library's number for it.
    Some(if name == "BR_ERR_BAD_PARAM" {
        -1300
    } else {
        number
    })
}

/// What a number means; several answers where projects differ. None if nobody uses it.
pub fn answers(number: i32) -> Vec<Answer> {
    let mut answers = Vec::new();
    if let Some(error) = Error::from_code(number) {
        answers.push(of(number, &error));
    }
    match number {
        0 | 32 => answers.push(answer(
            format!("{number}: no error"),
            "The number says that all is well. A connection that ended with it was closed in good order.",
            [
                "The server said goodbye: it was restarted, or the device was idle for longer than the keep-alive.",
                "Another client connected with the same client identifier, and the broker dropped this one.",
                "The program closed the connection and looked at the error of the one that it had closed.",
            ],
            &["Look in the broker's log for why it closed the connection."],
        )),
        1 => {
            let error = Error::from_code(-1300);
            answers.extend(error.map(|error| Answer {
                title: "1: in BearSSL itself, BR_ERR_BAD_PARAM (here -1300)".to_owned(),
                ..of(-1300, &error)
            }));
        }
        54 => {
            let error = Error::from_code(-1310);
            answers.extend(error.map(|error| Answer {
                title: "54: in BearSSL and Tasmota also \"not yet valid\" (here -1310)".to_owned(),
                ..of(-1310, &error)
            }));
        }
        _ => {}
    }
    answers
}

fn of(number: i32, error: &Error) -> Answer {
    let name = BEARSSL
        .iter()
        .find(|(known, _)| *known == number && number != 1);
    let title = match name {
        Some((_, name)) => format!("error {number}: {name}"),
        None => format!("error {number}"),
    };
    let text = match number {
        // What an error carries beside its number is not known here.
        -1103..=-1100 => error
            .to_string()
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned(),
        -1299..=-1200 => error.to_string().replace(" (byte 0)", ""),
        -1301 => "the server agreed to a fragment length and sent a larger record".to_owned(),
        6 => "a record does not fit the input buffer".to_owned(),
        31 => "the transport below TLS failed".to_owned(),
        _ => error.to_string(),
    };
    let mut happened = text;
    if let Some(first) = happened.get(..1) {
        happened = format!("{}{}.", first.to_uppercase(), &happened[1..]);
    }
    answer(
        title,
        happened,
        causes::of(error),
        &[error.explain().remedy],
    )
}
