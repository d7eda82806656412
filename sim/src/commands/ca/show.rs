//! What `bearcub ca` prints about certificates: one, all of them, and what is wrong with them.

use std::path::PathBuf;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde::Serialize;
use serde_json::json;

use super::options::CheckOptions;
use crate::ca::Place;
use crate::ca::certificate::{entries, seconds, serial_text};
use crate::ca::change::server_names;
use crate::ca::check::{self, State, Weight};
use crate::ca::store::{Entry, Holder, Issued, Store};
use crate::commands::style::{bold, good, warning};
use crate::commands::{print, print_json};
use crate::failure::Failure;

/// A certificate, as `--json` shows it.
#[derive(Serialize)]
pub struct Row {
    holder: Option<Holder>,
    name: Option<String>,
    names: Vec<String>,
    state: State,
    serial: String,
    not_before: String,
    not_after: String,
    bytes: usize,
    file: PathBuf,
}

impl Row {
    pub fn new(issued: &Issued, holder: Option<(Holder, &str)>, state: State) -> Row {
        let validity = issued.certificate.tbs_certificate().validity();
        let mut names = Vec::new();
        if let Some((Holder::Server, _)) = holder
            && let Ok((dns, addresses)) = server_names(issued)
        {
            names = dns;
            names.extend(addresses.iter().map(ToString::to_string));
        }
        Row {
            holder: holder.map(|(holder, _)| holder),
            name: holder.map(|(_, name)| name.to_owned()),
            names,
            state,
            serial: serial_text(issued.serial()),
            not_before: validity.not_before.to_string(),
            not_after: validity.not_after.to_string(),
            bytes: issued.der.len(),
            file: issued.file.clone(),
        }
    }

    fn of(store: &Store, entry: &Entry, issued: &Issued, now: i64) -> Row {
        let is_current = issued.der == entry.current.der;
        Row::new(
            issued,
            Some((entry.holder, &entry.name)),
            State::of(store, issued, is_current, now),
        )
    }
}

pub fn list(place: &Place<'_>, json: bool) -> Result<(), Failure> {
    let store = Store::open(place.folder)?;
    let (found, unreadable) = store.entries()?;
    let rows: Vec<_> = found
        .iter()
        .flat_map(|entry| {
            let row = |issued| Row::of(&store, entry, issued, place.now);
            entry.all().map(row).collect::<Vec<_>>()
        })
        .collect();
    let revoked = entries(&store.crl);
    let authority = Row::new(
        &store.ca,
        None,
        State::of(&store, &store.ca, true, place.now),
    );
    if json {
        let revoked: Vec<_> = revoked
            .iter()
            .map(|entry| {
                let serial = serial_text(&entry.serial_number);
                json!({ "serial": serial, "date": entry.revocation_date.to_string() })
            })
            .collect();
        let unreadable: Vec<_> = unreadable.iter().map(ToString::to_string).collect();
        return print_json(&json!({
            "folder": place.folder,
            "authority": authority,
            "certificates": rows,
            "revoked": revoked,
            "unreadable": unreadable,
        }));
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["", "name", "state", "days", "bytes", "serial number"]);
    table.add_row(cells(&authority, &store.ca, "authority", place.now));
    for (row, issued) in rows.iter().zip(found.iter().flat_map(Entry::all)) {
        let holder = row.holder.map_or("", Holder::word);
        table.add_row(cells(row, issued, holder, place.now));
    }
    let trimmed: String = table
        .to_string()
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    print(&trimmed)?;
    for failure in unreadable {
        print(&format!("{} {failure}\n", warning("not readable")))?;
    }
    Ok(())
}

fn cells(row: &Row, issued: &Issued, holder: &str, now: i64) -> Vec<String> {
    let not_after = issued.certificate.tbs_certificate().validity().not_after;
    let left = (seconds(&not_after) - now) / 86_400;
    vec![
        holder.to_owned(),
        row.name.clone().unwrap_or_else(|| {
            let subject = issued.certificate.tbs_certificate().subject();
            crate::peer::printable(&subject.to_string())
        }),
        row.state.word().to_owned(),
        left.to_string(),
        row.bytes.to_string(),
        row.serial.clone(),
    ]
}

pub fn check(place: &Place<'_>, options: &CheckOptions, json: bool) -> Result<(), Failure> {
    let source = &options.passphrase;
    let given = source.passphrase_file.is_some() || source.passphrase_env.is_some();
    let store = Store::open(place.folder)?;
    let findings = check::check(&store, place.now, given.then_some(source))?;
    let problems = findings
        .iter()
        .filter(|finding| finding.weight == Weight::Problem)
        .count();
    if json {
        print_json(&json!({ "ok": problems == 0, "findings": findings }))?;
    } else {
        for finding in &findings {
            let word = match finding.weight {
                Weight::Problem => bold("problem"),
                Weight::Warning => warning("warning"),
            };
            print(&format!("{word}  {}\n", finding.text))?;
        }
        if problems == 0 {
            print(&format!(
                "{} {}\n",
                good("in order"),
                place.folder.display()
            ))?;
        }
    }
    match problems {
        0 => Ok(()),
        1 => Err(Failure::Refuted("1 problem was found".to_owned())),
        more => Err(Failure::Refuted(format!("{more} problems were found"))),
    }
}
