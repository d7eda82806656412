//! What `cargo sim` prints.

mod common;

use bearcub_sim::scenarios;
use common::{bearcub, recording, recordings, text};
use serde_json::Value;

/// The names that never change.
const FIXED: [&str; 6] = [
    "aws-fingerprint",
    "aws-ca",
    "letsencrypt-fingerprint",
    "letsencrypt-ca",
    "selfsigned-fingerprint",
    "selfsigned-ca",
];

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is not a number"))
}

#[test]
fn the_json_has_the_shape_that_others_rely_on() {
    let ran = bearcub(&["--modelled", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = ran.json();
    let list = report["scenarios"].as_array().unwrap();
    for fixed in FIXED {
        assert!(list.iter().any(|entry| entry["name"] == fixed), "{fixed}");
    }
    for entry in list {
        assert_eq!(entry["board"], "esp8266");
        assert_eq!(entry["engine"], "bearssl");
        assert_eq!(entry["measured"], false);
        assert_eq!(entry["ok"], true);
        let ram = &entry["ram"];
        let parts: u64 = ["context", "input_buffer", "output_buffer"]
            .iter()
            .map(|part| number(&ram["parts"][part]))
            .sum();
        assert!((parts..parts + 8).contains(&number(&ram["kept"])));
        assert_eq!(
            number(&ram["handshake"]),
            number(&ram["stack"]) + number(&ram["parts"]["scratch"])
        );
        assert!((1000..100_000).contains(&number(&ram["stack"])), "{ram}");
        assert!(number(&entry["operations"]["sha256_block"]) > 10);
        let times = &entry["milliseconds"];
        assert!(number(&times["160mhz"]) > 150);
        assert!(number(&times["80mhz"]) > number(&times["160mhz"]));
        assert!(entry["published"].is_object());
    }
    let published = |name: &str| {
        let entry = list.iter().find(|entry| entry["name"] == name).unwrap();
        entry["published"].clone()
    };
    assert_eq!(number(&published("aws-ca")["milliseconds"]["160mhz"]), 1000);
    assert_eq!(number(&published("aws-fingerprint")["handshake"]), 6460);
    assert_eq!(published("selfsigned-ca"), serde_json::json!({}));
}

#[test]
fn operations_are_those_that_the_protocol_asks_for() {
    let report = bearcub(&["table", "--json"]).json();
    let of = |name: &str, operation: &str| {
        let list = report["scenarios"].as_array().unwrap();
        let entry = list.iter().find(|entry| entry["name"] == name).unwrap();
        entry["operations"][operation].as_u64().unwrap_or(0)
    };
    // The server's signature; with CA two certificates besides.
    assert_eq!(of("aws-fingerprint", "rsa2048_public"), 1);
    assert_eq!(of("aws-ca", "rsa2048_public"), 3);
    // Key exchange (an own key, a shared secret) and the client's signature.
    assert_eq!(of("aws-fingerprint", "p256_mul"), 1);
    assert_eq!(of("aws-fingerprint", "p256_mulgen"), 2);
    // Encryption to the server's key is all there is without validation.
    assert_eq!(of("letsencrypt-fingerprint", "rsa2048_public"), 1);
    assert_eq!(of("letsencrypt-ca", "rsa4096_public"), 2);
    assert_eq!(of("selfsigned-ca", "x25519"), 2);
    assert_eq!(of("selfsigned-ca", "p256_muladd"), 2);
}

/// The host's stack, and the sum it is part of, may differ a little from run to run.
fn without_stack(mut report: Value) -> Value {
    for entry in report["scenarios"].as_array_mut().unwrap() {
        let ram = entry["ram"].as_object_mut().unwrap();
        ram.remove("stack");
        ram.remove("handshake");
    }
    report
}

#[test]
fn two_runs_print_the_same() {
    let run = || without_stack(bearcub(&["--modelled", "--json"]).json());
    assert_eq!(run(), run());
    let run = || bearcub(&["--modelled", "--markdown"]).stdout;
    assert_eq!(run(), run());
}

#[test]
fn the_table_names_every_scenario_and_says_what_is_modelled() {
    let ran = bearcub(&["--modelled"]);
    assert_eq!(ran.status, 0);
    for scenario in scenarios::ALL {
        assert!(ran.stdout.contains(scenario.name));
        assert!(bearcub_sim::scenarios::find(scenario.name).is_ok());
    }
    assert!(ran.stdout.contains("modelled"));
    assert!(ran.stdout.contains("1024 bytes in and 1024 out"));
}

#[test]
fn resumed_sessions_and_choices_are_there_on_request() {
    let report = bearcub(&["--all", "--modelled", "--json"]).json();
    let entries = report["scenarios"].as_array().unwrap();
    assert_eq!(entries.len(), scenarios::every().count());
    let of = |name: &str| entries.iter().find(|entry| entry["name"] == name).unwrap();
    let kept = |name| of(name)["ram"]["kept"].as_u64().unwrap();
    assert_eq!(kept("choice-fragment-512") + 512, kept("choice-base"));
    assert_eq!(kept("choice-shared-buffer") + 1056, kept("choice-base"));
    let scratch = |name| of(name)["ram"]["parts"]["scratch"].as_u64().unwrap();
    assert_eq!(scratch("choice-rsa-2048") + 768, scratch("choice-base"));
    for scenario in scenarios::RESUMED {
        // No public-key operation is left.
        let operations = of(scenario.name)["operations"].as_object().unwrap();
        assert!(
            operations.keys().all(|name| name.ends_with("_block")),
            "{operations:?}"
        );
    }
}

#[test]
fn a_scenario_that_fails_is_in_the_table_and_in_the_status() {
    let folder = tempfile::tempdir().unwrap();
    for path in recordings() {
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    // One is missing, one is another one, one is damaged.
    std::fs::remove_file(folder.path().join("aws-ca.pcapng")).unwrap();
    std::fs::copy(
        recording("selfsigned-ca"),
        folder.path().join("letsencrypt-ca.pcapng"),
    )
    .unwrap();
    std::fs::write(folder.path().join("selfsigned-ca.pcapng"), "garbage").unwrap();
    let ran = bearcub(&["--modelled", "--recordings", text(folder.path())]);
    assert_eq!(ran.status, 2);
    assert!(ran.stdout.contains("FAILED aws-ca: "), "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("this is a recording of `selfsigned-ca`")
    );
    assert!(
        ran.stderr.contains("3 of 8 scenarios failed"),
        "{}",
        ran.stderr
    );
    let report = bearcub(&["--json", "--modelled", "--recordings", text(folder.path())]);
    assert_eq!(report.status, 2);
    let report = report.json();
    let entry = &report["scenarios"][1];
    assert_eq!(
        (&entry["name"], &entry["ok"]),
        (&"aws-ca".into(), &false.into())
    );
    assert!(entry["error"].as_str().unwrap().contains("aws-ca.pcapng"));
}

#[test]
fn the_readme_is_checked_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("README.md");
    let readme = |action: &str| bearcub(&["readme", action, "--file", text(&file)]);
    assert_eq!(readme("--check").status, 2);
    std::fs::write(&file, "# no place\n").unwrap();
    let ran = readme("--write");
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("<!-- sim:table -->"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "# no place\n");

    std::fs::write(&file, "# x\n<!-- sim:table -->\n<!-- /sim:table -->\nend\n").unwrap();
    assert_eq!(readme("--check").status, 1);
    assert_eq!(readme("--write").status, 0);
    let checked = bearcub(&["readme", "--check", "--json", "--file", text(&file)]).json();
    assert_eq!(
        (&checked["current"], &checked["written"]),
        (&true.into(), &false.into())
    );
    let table = bearcub(&["table", "--markdown"]).stdout;
    let expected = format!("# x\n<!-- sim:table -->\n{table}<!-- /sim:table -->\nend\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
    assert_eq!(bearcub(&["readme"]).status, 2);
}

#[test]
fn the_page_stands_alone_and_has_every_scenario() {
    use bearcub_sim::report::html::{Contents, page};
    use bearcub_sim::report::rows;
    let rows = rows(&scenarios::folder(), scenarios::every(), &[]);
    let contents = Contents {
        rows: &rows,
        features: &[],
        beside: &Default::default(),
        versions: &["<tool> & others".to_owned()],
    };
    let page = page(&contents).unwrap();
    for scenario in scenarios::every() {
        assert!(
            page.contains(&format!(">{}<", scenario.name)),
            "{}",
            scenario.name
        );
    }
    assert!(page.contains("&lt;tool&gt; &amp; others"));
    for elsewhere in ["<script", "<link", "src=", "url(", "@import"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}
