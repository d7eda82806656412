//! The parts of the build that decide: which archive is accepted, and which apt sources are asked for it.

#[path = "../build/apt.rs"]
#[allow(dead_code)]
mod apt;
#[path = "../build/archive.rs"]
#[allow(dead_code)]
mod archive;

use std::path::{Path, PathBuf};

use apt::{codename, parse_deb822, parse_one_line, source_entries};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

#[test]
fn one_line_entries_are_read_with_their_options() {
    let text = format!(
        "# a comment\n\
         deb http://mirror.example/debian bookworm main contrib # and another\n\
         deb-src [arch=amd64 signed-by={KEYRING}] http://mirror.example/debian bookworm main\n\
         nonsense\n"
    );
    let entries = parse_one_line(&text);
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].components, ["main", "contrib"]);
    assert_eq!(entries[1].uris, ["http://mirror.example/debian"]);
    assert_eq!(
        entries[1].options,
        [("Signed-By".to_owned(), KEYRING.to_owned())]
    );
}

#[test]
fn deb822_paragraphs_are_read_with_comments_and_continuation_lines() {
    let text = "Types: deb\n\
        # URIs: http://old.example/debian\n\
        URIs: http://mirror.example/debian\n\
        Suites: bookworm\n  bookworm-updates\n\
        Components: main\n\
        Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abcd\n\
        \n\
        Types: deb\nEnabled: no\nURIs: http://off.example/debian\nSuites: bookworm\nComponents: main\n";
    let entries = parse_deb822(text);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].suites, ["bookworm", "bookworm-updates"]);
    assert_eq!(
        entries[0].options[0].1,
        "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abcd"
    );
}

#[test]
fn only_the_releases_own_main_is_asked_and_only_for_sources() {
    let text = format!(
        "deb [signed-by={KEYRING}] http://mirror.example/debian bookworm main contrib non-free\n\
         deb [signed-by={KEYRING}] http://mirror.example/debian bookworm-updates main\n\
         deb [signed-by={KEYRING}] http://mirror.example/debian trixie main\n\
         deb [signed-by=/etc/apt/keyrings/vendor.gpg] http://vendor.example/debian bookworm main\n\
         deb http://vendor.example/packages bookworm main\n\
         deb cdrom:[Debian] bookworm main\n"
    );
    let expected = format!(
        "Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\nSigned-By: {KEYRING}\n\n"
    );
    assert_eq!(source_entries(&parse_one_line(&text), "bookworm"), expected);
}

#[test]
fn an_entry_that_is_there_twice_is_asked_once() {
    let line = "deb http://mirror.example/debian bookworm main\n";
    let both = parse_one_line(&(line.to_owned() + &line.replace("deb ", "deb-src ")));
    assert_eq!(both.len(), 2);
    assert_eq!(
        source_entries(&both, "bookworm").matches("Types:").count(),
        1
    );
    assert_eq!(source_entries(&[], "bookworm"), "");
}

#[test]
fn a_key_in_the_text_is_carried_over_as_it_is() {
    let text = "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n\
        Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abcd\n";
    let made = source_entries(&parse_deb822(text), "trixie");
    assert_eq!(
        parse_deb822(&made)[0].options,
        parse_deb822(text)[0].options
    );
}

#[test]
fn the_code_name_is_read_from_os_release() {
    assert_eq!(
        codename("ID=debian\nVERSION_CODENAME=bookworm\n").as_deref(),
        Some("bookworm")
    );
    assert_eq!(
        codename("VERSION_CODENAME=\"trixie\"\n").as_deref(),
        Some("trixie")
    );
    assert_eq!(codename("ID=debian\nVERSION_CODENAME=\n"), None);
    assert_eq!(codename("ID=arch\n"), None);
}

#[test]
fn another_archive_is_refused_with_both_hashes_named() {
    let complaint = archive::check(b"abc").unwrap_err();
    assert!(complaint.contains(archive::SHA256), "{complaint}");
    assert!(
        complaint.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        "{complaint}"
    );
}

#[test]
fn storing_replaces_the_archive_and_leaves_nothing_else() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("storing");
    let _ = std::fs::remove_dir_all(&folder);
    for content in [&b"first"[..], b"second"] {
        let path = archive::store(content, &folder).unwrap();
        assert_eq!(std::fs::read(path).unwrap(), content);
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn only_headers_and_sources_are_unpacked_and_only_inside() {
    let wanted = |path: &str| archive::wanted(Path::new(path));
    assert_eq!(
        wanted("bearssl-0.6/src/ssl/prf.c"),
        Some("src/ssl/prf.c".into())
    );
    assert_eq!(
        wanted("bearssl-0.6/inc/bearssl.h"),
        Some("inc/bearssl.h".into())
    );
    assert_eq!(wanted("bearssl-0.6/test/x509/alltests.txt"), None);
    assert_eq!(wanted("bearssl-0.6/src/../../outside"), None);
    assert_eq!(wanted("/src/src/absolute"), None);
}
