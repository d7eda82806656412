//! What errors, alerts and log lines mean, in words.
//!
//! [`lookup`] finds out what a text is: an error number (`numbers`), a TLS alert (`alerts`), a status of OpenSSL's
//! verification (`verify`, all of them in `statuses`, the seldom ones explained in `rare`), a number of mbedTLS (`mbedtls`), or a line that OpenSSL (`lines`), Mosquitto
//! or an MQTT client (`brokers`) prints. `causes` has the three
//! likeliest causes for every error of the library, `mqtt` those of MQTT's.

mod alerts;
mod brokers;
mod causes;
mod lines;
mod mbedtls;
mod mqtt;
mod numbers;
mod rare;
mod statuses;
mod verify;

use serde::Serialize;

/// One explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// What it is: `296: alert 40 (handshake_failure) received`.
    pub title: String,
    /// What happened.
    pub happened: String,
    /// The three likeliest causes, the likeliest first.
    pub causes: Vec<String>,
    /// What to do.
    pub remedy: Vec<String>,
}

/// Something that is recognised by words in a line.
struct Topic {
    /// Lower case, words separated by single blanks; any of them, as whole words.
    phrases: &'static [&'static str],
    happened: &'static str,
    causes: [&'static str; 3],
    remedy: &'static [&'static str],
}

/// All of them.
fn topics() -> impl Iterator<Item = &'static Topic> {
    let brokers = brokers::TOPICS.iter();
    lines::TOPICS.iter().chain(brokers).chain(verify::topics())
}

impl Topic {
    fn answer(&self) -> Answer {
        answer(
            self.phrases[0].to_owned(),
            self.happened,
            self.causes,
            self.remedy,
        )
    }
}

fn answer(
    title: String,
    happened: impl Into<String>,
    causes: [&str; 3],
    remedy: &[&str],
) -> Answer {
    Answer {
        title,
        happened: happened.into(),
        causes: causes.map(str::to_owned).to_vec(),
        remedy: remedy.iter().map(|text| (*text).to_owned()).collect(),
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Explanations, the most specific first, and what else the same text may be, as commands.
    Known(Vec<Answer>, Vec<String>),
    /// Nothing; what comes nearest.
    Unknown(Vec<String>),
}

/// Explains a number, a name or a line of a log.
pub fn lookup(text: &str) -> Found {
    let words = normalised(text);
    if let Some(answer) = mbedtls::in_text(text) {
        return Found::Known(vec![answer], Vec::new());
    }
    // `error 20 at 0 depth lookup: …`, as `openssl verify` prints it.
    let found = match has_words(&words, "depth lookup") {
        true => by_number(&text.replace("error", "verify error")),
        false => by_number(text),
    };
    if let Some(found) = found {
        return found;
    }
    let mut answers = by_name(&words);
    let more = openssl_code(text).into_iter().chain(by_phrase(&words));
    for answer in verify::in_line(&words).into_iter().chain(more) {
        // A status and its words are one thing.
        if !answers
            .iter()
            .any(|known| known.happened == answer.happened)
        {
            answers.push(answer);
        }
    }
    if answers.is_empty() {
        return Found::Unknown(nearest(&words));
    }
    answers.truncate(3);
    Found::Known(answers, Vec::new())
}

/// Lower case; everything but letters and digits is a blank.
fn normalised(text: &str) -> String {
    let plain: String = text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn has_words(text: &str, phrase: &str) -> bool {
    format!(" {text} ").contains(&format!(" {phrase} "))
}

/// A number, alone or behind words that say whose it is.
fn by_number(text: &str) -> Option<Found> {
    let is_separator =
        |c: char| c.is_whitespace() || matches!(c, ':' | '=' | ',' | '(' | ')' | '#');
    let tokens: Vec<_> = text
        .split(is_separator)
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| !word.is_empty())
        .collect();
    tokens.iter().enumerate().find_map(|(place, token)| {
        let number: i32 = token.parse().ok()?;
        let before = normalised(&tokens[..place].join(" "));
        if before.is_empty() && tokens.len() > 1 {
            // The time at the start of a log's line.
            return None;
        }
        named(&before, number)
    })
}

/// The number behind those words.
fn named(before: &str, number: i32) -> Option<Found> {
    let ends = |names: &[&str]| {
        names
            .iter()
            .any(|name| before == *name || before.ends_with(&format!(" {name}")))
    };
    let known = |answers: Vec<Answer>| Some(Found::Known(answers, Vec::new()));
    if ends(&["alert", "alert number"]) {
        return known(alerts::both(u8::try_from(number).ok()?)?);
    }
    if ends(&[
        "verify error",
        "verify return code",
        "num",
        "x509",
        "verify",
    ]) {
        return known(vec![verify::number(number)?]);
    }
    if ends(&["rc", "connack", "state", "return code", "mqtt"]) {
        return known(vec![brokers::mqtt_status(number)?]);
    }
    let plain = ["error", "code", "tls", "tasmota", "bearssl", "bearcub"];
    if !before.is_empty() && !ends(&plain) {
        return None;
    }
    let mut answers = numbers::answers(number);
    if answers.is_empty() {
        answers.extend(mbedtls::decimal(number));
    }
    let mut also = Vec::new();
    if let Ok(alert) = u8::try_from(number)
        && alerts::both(alert).is_some()
    {
        also.push(format!("bearcub explain alert {number}"));
    }
    if before.is_empty() && verify::number(number).is_some() {
        also.push(format!("bearcub explain verify error {number}"));
    }
    if before.is_empty() && brokers::mqtt_status(number).is_some() {
        also.push(format!("bearcub explain rc {number}"));
    }
    (!answers.is_empty()).then_some(Found::Known(answers, also))
}

/// `BR_ERR_X509_NOT_TRUSTED`, `unknown_ca`, `tlsv1 alert unknown ca`.
fn by_name(words: &str) -> Vec<Answer> {
    if let Some(number) = numbers::by_name(words) {
        return numbers::answers(number);
    }
    alerts::in_line(words)
        .and_then(alerts::both)
        .unwrap_or_default()
}

/// Every topic with a phrase in the line, the longest first, without those whose phrase is within another's.
fn by_phrase(words: &str) -> Vec<Answer> {
    let mut hits: Vec<(&str, &Topic)> = topics()
        .filter_map(|topic| {
            let phrases = topic.phrases.iter().copied();
            let longest = phrases
                .filter(|phrase| has_words(words, phrase))
                .max_by_key(|phrase| phrase.len())?;
            Some((longest, topic))
        })
        .collect();
    hits.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
    let mut kept: Vec<(&str, &Topic)> = Vec::new();
    for (phrase, topic) in hits {
        if !kept.iter().any(|(longer, _)| has_words(longer, phrase)) {
            kept.push((phrase, topic));
        }
    }
    // A line that only introduces the reason says nothing where the reason is there.
    if kept.len() > 1 {
        kept.retain(|(_, topic)| !topic.phrases.contains(&lines::INTRODUCTION));
    }
    kept.into_iter().map(|(_, topic)| topic.answer()).collect()
}

/// `error:0A000418:…`, and `error:14094418:…` of older versions: the last three digits are the reason, from 1000 on an alert.
fn openssl_code(text: &str) -> Vec<Answer> {
    let code = text
        .split(|c: char| !c.is_ascii_hexdigit())
        .filter(|word| word.len() == 8)
        .find_map(|word| u32::from_str_radix(word, 16).ok())
        .filter(|code| matches!(code >> 24, 0x0a | 0x14));
    let Some(reason) = code.map(|code| code & 0xfff) else {
        return Vec::new();
    };
    let alert = reason.checked_sub(1000).and_then(|n| u8::try_from(n).ok());
    match alert.and_then(alerts::both) {
        Some(answers) => answers,
        None => lines::by_openssl_reason(reason).into_iter().collect(),
    }
}

/// Three things that are known and look alike.
fn nearest(words: &str) -> Vec<String> {
    let phrases = topics().flat_map(|topic| topic.phrases.iter().map(|text| (*text).to_owned()));
    let mut all: Vec<(f64, String)> = phrases
        .chain(alerts::names())
        .chain(numbers::names())
        .chain(verify::names())
        .chain(mbedtls::names())
        .map(|name| {
            let other = normalised(&name);
            let alike = strsim::sorensen_dice(words, &other)
                .max(strsim::normalized_damerau_levenshtein(words, &other));
            (alike, name)
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    all.dedup_by(|a, b| a.1 == b.1);
    all.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests;
