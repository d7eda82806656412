//! `bearcub ca`: a private authority for a broker and its devices. [`options`] are its arguments, `show` is what prints.

pub mod options;
mod show;

use std::io::IsTerminal;
use std::path::Path;

use serde_json::json;
use zeroize::Zeroizing;

use super::style::good;
use super::{print, print_json};
use crate::ca::Place;
use crate::ca::change::{self, Renewal, Revocation};
use crate::ca::check::State;
use crate::ca::disk::Disk;
use crate::ca::issue::{self, Init, New, Request, What};
use crate::ca::mosquitto::Broker;
use crate::ca::store::{CONFIGURATION, CRL, Holder, Issued, KEY};
use crate::failure::Failure;
use crate::files;
use crate::material::passphrase::Passphrase;
pub use options::CaOptions;
use options::{Action, DeviceOptions, InitOptions, RenewOptions, RevokeOptions, ServerOptions};
use show::Row;

/// What a passphrase has at least.
const PASSPHRASE_MIN: usize = 8;

/// Does it.
///
/// # Errors
/// What is wrong; nothing was changed then.
pub fn run(options: &CaOptions) -> Result<(), Failure> {
    let now = files::time(&options.time)?.ok_or_else(|| {
        Failure::Usage("--time unset: certificates need a time to be valid from".to_owned())
    })?;
    let disk = Disk::real();
    let place = Place {
        folder: &options.dir,
        now,
        disk: &disk,
    };
    let json = options.json;
    match &options.action {
        Action::Init(options) => init(&place, options, json),
        Action::Server(options) => server(&place, options, json),
        Action::Device(options) => device(&place, options, json),
        Action::Renew(options) => renew(&place, options, json),
        Action::Revoke(options) => revoke(&place, options, json),
        Action::List => show::list(&place, json),
        Action::Check(options) => show::check(&place, options, json),
    }
}

fn init(place: &Place<'_>, options: &InitOptions, json: bool) -> Result<(), Failure> {
    issue::may_init(place.folder)?;
    let name = match &options.name {
        Some(name) => name.clone(),
        // Devices tell authorities apart by name.
        None => {
            let number = crate::lab::fresh_seed()?;
            format!("Private authority {}", crate::hex::encode(&number[..4]))
        }
    };
    let passphrase = match options.insecure_unencrypted_key {
        true => None,
        false => Some(new_passphrase(&options.passphrase)?),
    };
    let ca = issue::init(
        place,
        &Init {
            name: &name,
            kind: options.key,
            days: options.days,
            passphrase: passphrase.as_ref().map(|text| text.as_str()),
        },
    )?;
    if json {
        return print_json(&json!({
            "folder": place.folder,
            "name": name,
            "encrypted": passphrase.is_some(),
            "authority": Row::new(&ca, None, State::Valid),
        }));
    }
    let key = match passphrase.is_some() {
        true => "its key is encrypted with the passphrase, without which nothing can be issued",
        false => "its key is NOT encrypted",
    };
    print(&format!(
        "{} {name}, in {}\n  valid until {}; {key}\n  keep a copy of the folder somewhere else\n",
        good("made"),
        place.folder.display(),
        end(&ca),
    ))
}

/// A passphrase that nobody knows yet: from where it is said to be, or typed twice.
fn new_passphrase(source: &Passphrase) -> Result<Zeroizing<String>, Failure> {
    let given = source.passphrase_file.is_some() || source.passphrase_env.is_some();
    let passphrase = if given {
        source.get()?
    } else if std::io::stdin().is_terminal() {
        let ask = |prompt: &str| {
            rpassword::prompt_password(prompt)
                .map(Zeroizing::new)
                .map_err(|error| Failure::Usage(format!("the passphrase cannot be read: {error}")))
        };
        let first = ask("Passphrase for the authority's key: ")?;
        if *ask("The same again: ")? != *first {
            return Err(Failure::Usage(
                "the two are not the same; nothing was made".to_owned(),
            ));
        }
        first
    } else {
        return Err(Failure::Usage(
            "the authority's key is to be encrypted, and there is no terminal to ask for a passphrase; give --passphrase-file FILE \
             or --passphrase-env NAME (or --insecure-unencrypted-key)"
                .to_owned(),
        ));
    };
    match passphrase.chars().count() < PASSPHRASE_MIN {
        true => Err(Failure::Usage(format!(
            "the passphrase has less than {PASSPHRASE_MIN} characters, and would be guessed; take a longer one"
        ))),
        false => Ok(passphrase),
    }
}

fn server(place: &Place<'_>, options: &ServerOptions, json: bool) -> Result<(), Failure> {
    let broker = Broker {
        port: options.port,
        bind: options.bind,
        install: options.install.clone(),
    };
    let request = Request {
        name: &options.name,
        days: options.days,
        what: What::Server {
            names: &options.dns,
            addresses: &options.ip,
            kind: options.key,
            broker: &broker,
        },
    };
    let new = issue::issue(place, &request, &options.passphrase)?;
    let configuration = new.folder.join(CONFIGURATION);
    if json {
        return issued_json(Holder::Server, &new, Some(&configuration));
    }
    issued(&new)?;
    match &options.install {
        Some(folder) => print(&format!(
            "  {} says what to copy to {}\n",
            configuration.display(),
            folder.display()
        )),
        None => print(&format!("  mosquitto -c {}\n", configuration.display())),
    }
}

fn device(place: &Place<'_>, options: &DeviceOptions, json: bool) -> Result<(), Failure> {
    let request = Request {
        name: &options.name,
        days: options.days,
        what: What::Device,
    };
    let new = issue::issue(place, &request, &options.passphrase)?;
    match json {
        true => issued_json(Holder::Device, &new, None),
        false => issued(&new),
    }
}

fn issued(new: &New) -> Result<(), Failure> {
    let mut text = format!(
        "{} {}: {}, {} B, valid until {}\n",
        good("made"),
        new.folder.display(),
        "key.pem and cert.pem",
        new.issued.der.len(),
        end(&new.issued)
    );
    if let Some(retired) = &new.retired {
        text.push_str(&format!(
            "  what was revoked is now in {}\n",
            retired.display()
        ));
    }
    print(&text)
}

fn issued_json(holder: Holder, new: &New, configuration: Option<&Path>) -> Result<(), Failure> {
    let name = new.folder.file_name().unwrap_or_default();
    let row = Row::new(
        &new.issued,
        Some((holder, &name.to_string_lossy())),
        State::Valid,
    );
    print_json(&json!({
        "certificate": row,
        "key": new.folder.join(KEY),
        "configuration": configuration,
        "retired": new.retired,
    }))
}

fn renew(place: &Place<'_>, options: &RenewOptions, json: bool) -> Result<(), Failure> {
    let what = match &options.name {
        Some(name) => Renewal::Name(name),
        None => Renewal::Authority,
    };
    let renewed = change::renew(place, what, options.days, &options.passphrase)?;
    if json {
        let holder = renewed.holder.map(|holder| {
            let name = options.name.as_deref().unwrap_or_default();
            (holder, name)
        });
        return print_json(&json!({
            "certificate": Row::new(&renewed.issued, holder, State::Valid),
        }));
    }
    let next = match renewed.holder {
        None => "brokers need the new ca.pem; devices that have its name and key do not",
        Some(Holder::Server) => "the broker reads it when it is reloaded (SIGHUP)",
        Some(Holder::Device) => "the device needs it; its key is the same",
    };
    print(&format!(
        "{} {}: valid until {}\n  {next}\n",
        good("renewed"),
        renewed.issued.file.display(),
        end(&renewed.issued)
    ))
}

fn revoke(place: &Place<'_>, options: &RevokeOptions, json: bool) -> Result<(), Failure> {
    let what = match (&options.name, &options.serial) {
        (Some(name), _) => Revocation::Name(name),
        (None, serial) => Revocation::Serial(serial.as_deref().unwrap_or_default()),
    };
    let revoked = change::revoke(place, what, &options.passphrase)?;
    if json {
        return print_json(&json!({ "serials": revoked.serials, "list": revoked.number }));
    }
    print(&format!(
        "{} {}\n  {} is list number {}; reload the broker (SIGHUP), so that it reads it: who is connected stays until it is started anew\n",
        good("revoked"),
        revoked.serials.join(", "),
        place.folder.join(CRL).display(),
        revoked.number
    ))
}

fn end(issued: &Issued) -> String {
    let validity = issued.certificate.tbs_certificate().validity();
    validity.not_after.to_string()
}
