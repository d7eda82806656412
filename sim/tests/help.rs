//! What every command has in common: examples, exit statuses, completions, pages of the manual, colours.

mod common;

use std::path::Path;
use std::process::Command;

use common::{bearcub, bearcub_on_terminal, bearcub_with, refused, text};

/// The commands, as `--help` lists them, and those below them: `ca`, `ca init`.
fn commands() -> Vec<String> {
    let mut all = Vec::new();
    for command in below("") {
        let further = below(&command);
        let further = further.iter().map(|name| format!("{command} {name}"));
        all.extend([vec![command.clone()], further.collect()].concat());
    }
    all
}

fn below(command: &str) -> Vec<String> {
    let help = help(command);
    let Some(list) = help.split("Commands:\n").nth(1) else {
        return Vec::new();
    };
    let list = list.split("\n\n").next().unwrap();
    let names = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

fn help(command: &str) -> String {
    let arguments: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
    let ran = bearcub(&arguments);
    assert_eq!(ran.status, 0, "{command}");
    ran.stdout
}

#[test]
fn every_command_has_examples_that_are_calls_of_it_and_its_exit_statuses() {
    let all = commands();
    assert!(all.len() >= 15, "{all:?}");
    for command in &all {
        let help = help(command);
        let examples = help
            .split("Examples:\n")
            .nth(1)
            .unwrap_or_else(|| panic!("{command}: {help}"));
        let examples = examples.split("\n\n").next().unwrap();
        assert!(
            examples.contains(&format!("bearcub {command}")),
            "{command}: {help}"
        );
        assert!(help.contains("Exit status:"), "{command}");
    }
}

#[test]
fn what_the_examples_show_are_arguments_that_there_are() {
    for command in commands() {
        let help = help(&command);
        let (usage, examples) = help.split_once("Examples:\n").unwrap();
        let examples = examples.split("\n\n").next().unwrap();
        for line in examples
            .lines()
            .filter(|line| line.contains(&format!("bearcub {command}")))
        {
            let call = line.split(&format!("bearcub {command}")).nth(1).unwrap();
            let call = call.split(['|', '>', '#']).next().unwrap();
            for word in call
                .split_whitespace()
                .filter(|word| word.starts_with("--"))
            {
                assert!(usage.contains(word), "{command}: {word} is in no option");
            }
        }
    }
}

#[test]
fn the_exit_statuses_are_those_of_the_document() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("TOOLS.md");
    let document = std::fs::read_to_string(document).unwrap();
    let help = bearcub(&["--help"]).stdout;
    let statuses = help.split("Exit status:\n").nth(1).unwrap();
    for line in statuses.lines().filter(|line| !line.trim().is_empty()) {
        let (number, meaning) = line.trim().split_once("  ").unwrap();
        let row = format!("| {number} | {meaning} |");
        assert!(document.contains(&row), "{row} is not in TOOLS.md");
    }
    for command in commands() {
        assert!(
            document.contains(&format!("`{command}`")),
            "{command} is not in TOOLS.md"
        );
    }
}

#[test]
fn shells_take_the_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = bearcub(&["completions", shell]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        for word in ["fingerprint", "anchors", "identity"] {
            assert!(ran.stdout.contains(word), "{shell}");
        }
    }
    let script = bearcub(&["completions", "bash"]).stdout;
    let try_it = format!(
        "{script}\nCOMP_WORDS=(bearcub finger); COMP_CWORD=1; _bearcub bearcub finger bearcub; echo \"${{COMPREPLY[*]}}\""
    );
    let output = Command::new("bash").args(["-c", &try_it]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "fingerprint"
    );
    assert!(refused(&["completions", "tcsh"]).contains("bash"));
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let page = bearcub(&["man"]).stdout;
    assert!(
        page.contains(".TH bearcub") && page.contains("EXIT STATUS"),
        "{page}"
    );
    let page = bearcub(&["man", "fingerprint"]).stdout;
    assert!(
        page.contains("bearcub\\-fingerprint") && page.contains("\\-\\-check"),
        "{page}"
    );
    let examples = ".SH \"EXAMPLES\"\n.nf\n  bearcub fingerprint mqtt";
    assert!(page.contains(examples), "{page}");
    let page = bearcub(&["man", "ca-init"]).stdout;
    assert!(page.contains(".TH bearcub-ca-init"), "{page}");
    assert!(refused(&["man", "dance"]).contains("fingerprint"));
    let folder = tempfile::tempdir().unwrap();
    let out = text(folder.path()).to_owned();
    let ran = bearcub(&["man", "--out", &out]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let pages = std::fs::read_dir(&out).unwrap().count();
    assert_eq!(pages, commands().len() + 1);
    assert!(refused(&["man", "--out", &out]).contains("--force"));
    assert_eq!(bearcub(&["man", "--out", &out, "--force"]).status, 0);
}

#[test]
fn colours_are_for_terminals_that_did_not_say_no() {
    let escape = '\u{1b}';
    let arguments = ["explain", "296"];
    assert!(!bearcub(&arguments).stdout.contains(escape));
    let forced = bearcub_with(&arguments, &[("CLICOLOR_FORCE", "1")], b"");
    assert!(forced.stdout.contains(escape));
    assert!(bearcub_on_terminal(&arguments, &[]).1.contains(escape));
    assert!(
        !bearcub_on_terminal(&arguments, &[("NO_COLOR", "1")])
            .1
            .contains(escape)
    );
    assert!(
        !bearcub_on_terminal(&["--help"], &[("NO_COLOR", "1")])
            .1
            .contains(escape)
    );
    assert!(
        !bearcub_on_terminal(&arguments, &[("TERM", "dumb")])
            .1
            .contains(escape)
    );
}

#[test]
fn replay_speaks_json() {
    let recording = common::recording("selfsigned-ca");
    let ran = bearcub(&["replay", "--json", text(&recording), "/nowhere.pcapng"]);
    assert_eq!(ran.status, 2);
    let json = ran.json();
    assert_eq!(json["recordings"][0]["exact"], true);
    assert!(json["recordings"][0]["cost"]["kept"].as_u64().unwrap() > 1000);
    assert_eq!(json["recordings"][1]["exact"], false);
    assert!(
        json["recordings"][1]["error"]["message"]
            .as_str()
            .unwrap()
            .contains("/nowhere.pcapng")
    );
}
