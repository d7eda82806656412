//! What is left of an authority when a change of it fails, or the power goes, at any of its steps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bearcub_sim::ca::Place;
use bearcub_sim::ca::certificate::serial_text;
use bearcub_sim::ca::change::{self, Renewal, Revocation};
use bearcub_sim::ca::check::{self, Weight};
use bearcub_sim::ca::disk::{Disk, Fault, leftovers};
use bearcub_sim::ca::issue::{self, Init, Request, What};
use bearcub_sim::ca::key::Kind;
use bearcub_sim::ca::mosquitto::Broker;
use bearcub_sim::ca::store::{CERTIFICATE, Issued, Store};
use bearcub_sim::failure::Failure;
use bearcub_sim::material::passphrase::Passphrase;

const NOW: i64 = 1_800_000_000;

type Operation = fn(&Place<'_>) -> Result<(), Failure>;

fn init(place: &Place<'_>) -> Result<(), Failure> {
    let options = Init {
        name: "Test",
        kind: Kind::Ec,
        days: 100,
        passphrase: None,
    };
    issue::init(place, &options).map(drop)
}

fn request(place: &Place<'_>, name: &str, what: What<'_>) -> Result<(), Failure> {
    let request = Request {
        name,
        days: 60,
        what,
    };
    issue::issue(place, &request, &Passphrase::default()).map(drop)
}

fn server(place: &Place<'_>) -> Result<(), Failure> {
    let broker = Broker {
        port: 8883,
        bind: None,
        install: None,
    };
    let what = What::Server {
        names: &[],
        addresses: &[],
        kind: Kind::Ec,
        broker: &broker,
    };
    request(place, "broker.test", what)
}

fn device(place: &Place<'_>) -> Result<(), Failure> {
    request(place, "plant", What::Device)
}

fn renew(place: &Place<'_>) -> Result<(), Failure> {
    let what = Renewal::Name("plant");
    change::renew(place, what, None, &Passphrase::default()).map(drop)
}

fn renew_authority(place: &Place<'_>) -> Result<(), Failure> {
    change::renew(place, Renewal::Authority, None, &Passphrase::default()).map(drop)
}

fn revoke(place: &Place<'_>) -> Result<(), Failure> {
    let what = Revocation::Name("plant");
    change::revoke(place, what, &Passphrase::default()).map(drop)
}

/// Every change, behind those that it needs.
const CHANGES: [(&str, &[Operation], Operation); 7] = [
    ("init", &[], init),
    ("server", &[init], server),
    ("device", &[init, server], device),
    ("renew", &[init, server, device], renew),
    (
        "renew the authority",
        &[init, server, device],
        renew_authority,
    ),
    ("revoke", &[init, server, device, renew], revoke),
    ("device once more", &[init, server, device, revoke], device),
];

fn run(operation: Operation, folder: &Path, disk: &Disk) -> Result<(), Failure> {
    operation(&Place {
        folder,
        now: NOW,
        disk,
    })
}

/// A folder that holds an authority in `ca`, after these changes.
fn prepared(before: &[Operation]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for operation in before {
        run(*operation, &folder.path().join("ca"), &Disk::real()).unwrap();
    }
    folder
}

/// Every file with its content; folders with none. A folder comes before what is in it.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path.clone());
                found.insert(path, None);
            } else if path.file_name().unwrap() != ".lock" {
                found.insert(path.clone(), Some(fs::read(&path).unwrap()));
            }
        }
    }
    found
}

/// The same without the folder's own place.
fn relative(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let strip = |path: PathBuf| path.strip_prefix(folder).unwrap().to_owned();
    let tree = tree(folder).into_iter();
    tree.map(|(path, content)| (strip(path), content)).collect()
}

/// A copy, on which a change can be tried.
fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for (path, content) in tree(from) {
        let place = to.path().join(path.strip_prefix(from).unwrap());
        match content {
            None => fs::create_dir(&place).unwrap(),
            Some(content) => fs::write(&place, content).unwrap(),
        }
        let mode = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&place, mode).unwrap();
    }
    to
}

fn problems(folder: &Path) -> Vec<String> {
    let store = Store::open(folder).unwrap();
    let findings = check::check(&store, NOW, None).unwrap();
    let problems = findings
        .into_iter()
        .filter(|finding| finding.weight == Weight::Problem);
    problems.map(|finding| finding.text).collect()
}

/// The serial numbers of all certificates that the folder knows of.
fn known(folder: &Path) -> BTreeSet<String> {
    let store = Store::open(folder).unwrap();
    let (entries, _) = store.entries().unwrap();
    let mut known: BTreeSet<_> = entries
        .iter()
        .flat_map(|entry| entry.all().map(|issued| serial_text(issued.serial())))
        .collect();
    for folder in store.retired().unwrap() {
        let issued = Issued::read(&folder.join(CERTIFICATE)).unwrap();
        known.insert(serial_text(issued.serial()));
    }
    known
}

/// How many steps a change has.
fn steps(before: &Path, operation: Operation) -> usize {
    let folder = copy(before);
    let disk = Disk::real();
    run(operation, &folder.path().join("ca"), &disk).unwrap();
    disk.steps()
}

#[test]
fn a_change_that_fails_at_any_step_changes_nothing() {
    for (name, before, operation) in CHANGES {
        let before = prepared(before);
        let steps = steps(before.path(), operation);
        assert!(steps >= 5, "{name}");
        for step in 0..steps {
            let folder = copy(before.path());
            let ca = folder.path().join("ca");
            let failed = run(operation, &ca, &Disk::failing(step, Fault::Error));
            let Err(failure) = failed else {
                // Tidying up failed, and the change was done.
                assert_eq!(step, steps - 1, "{name}, step {step}");
                continue;
            };
            let text = failure.to_string();
            if text.contains("may be lost") {
                assert_eq!(problems(&ca), [""; 0], "{name}, step {step}");
                continue;
            }
            assert!(text.contains("nothing was changed"), "{text}");
            let (was, is) = (relative(before.path()), relative(folder.path()));
            let names = (was.keys(), is.keys());
            assert!(was == is, "{name}, step {step}: {text}\n{names:?}");
        }
    }
}

#[test]
fn a_power_cut_at_any_step_leaves_a_usable_authority() {
    for (name, changes, operation) in CHANGES {
        let before = prepared(changes);
        for step in 0..steps(before.path(), operation) {
            let folder = copy(before.path());
            let ca = folder.path().join("ca");
            let at = format!("{name}, step {step}");
            let cut = run(operation, &ca, &Disk::failing(step, Fault::PowerCut));
            if ca.exists() {
                assert_eq!(problems(&ca), [""; 0], "{at}");
            }
            if !changes.is_empty() {
                // A certificate that is forgotten cannot be revoked.
                let known_before = known(&before.path().join("ca"));
                assert!(known_before.is_subset(&known(&ca)), "{at}");
            }
            // What was not done can be done; what was done is not done twice.
            if let Err(failure) = run(operation, &ca, &Disk::real()) {
                let text = failure.to_string();
                let done = ["is there already", "revoked already"];
                assert!(done.iter().any(|word| text.contains(word)), "{at}: {text}");
            }
            assert_eq!(problems(&ca), [""; 0], "{at}: {cut:?}");
            // And the next change removes what was left.
            let next = |place: &Place<'_>| request(place, "next", What::Device);
            run(next, &ca, &Disk::real()).unwrap();
            assert!(leftovers(&ca).unwrap().is_empty(), "{at}");
        }
    }
}

#[test]
fn an_init_that_was_cut_off_is_tidied_up_by_the_next() {
    let before = tempfile::tempdir().unwrap();
    for step in 0..steps(before.path(), init) {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca");
        let _ = run(init, &ca, &Disk::failing(step, Fault::PowerCut));
        if !ca.exists() {
            run(init, &ca, &Disk::real()).unwrap();
        }
        let beside = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(beside, 1, "step {step}");
    }
}

#[test]
fn what_was_revoked_stays_revoked_through_a_power_cut_in_whatever_follows() {
    let before = prepared(&[init, server, device, revoke]);
    let serial = {
        let store = Store::open(&before.path().join("ca")).unwrap();
        let (entries, _) = store.entries().unwrap();
        let entry = entries.iter().find(|entry| entry.name == "plant").unwrap();
        entry.current.serial().clone()
    };
    for operation in [device as Operation, renew_authority] {
        for step in 0..steps(before.path(), operation) {
            let folder = copy(before.path());
            let ca = folder.path().join("ca");
            let _ = run(operation, &ca, &Disk::failing(step, Fault::PowerCut));
            assert!(Store::open(&ca).unwrap().is_revoked(&serial), "step {step}");
        }
    }
}
