//! Fetches Debian's source package with a private apt configuration: no root, and the system's stays untouched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One source of packages, of either format of apt's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Base addresses.
    pub uris: Vec<String>,
    /// Suites, which are mostly code names.
    pub suites: Vec<String>,
    /// Components.
    pub components: Vec<String>,
    /// Options that decide whether apt trusts the source: name in deb822 spelling, and value, lines and all.
    pub options: Vec<(String, String)>,
}

/// The options that are carried over, in deb822 spelling.
const KEPT_OPTIONS: [&str; 3] = ["Signed-By", "Trusted", "Check-Valid-Until"];

/// Reads the one-line format (`deb [options] uri suite component...`).
pub fn parse_one_line(text: &str) -> Vec<Entry> {
    text.lines().filter_map(one_line).collect()
}

fn one_line(line: &str) -> Option<Entry> {
    let line = line.split('#').next()?.trim();
    let rest = line
        .strip_prefix("deb-src")
        .or_else(|| line.strip_prefix("deb"))?;
    if !rest.starts_with([' ', '\t', '[']) {
        return None;
    }
    let mut rest = rest.trim_start();
    let mut options = Vec::new();
    if let Some(bracket) = rest.strip_prefix('[') {
        let (inside, after) = bracket.split_once(']')?;
        for (name, value) in inside
            .split_whitespace()
            .filter_map(|option| option.split_once('='))
        {
            keep_option(&mut options, name, &value.replace(',', " "));
        }
        rest = after;
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Entry {
        uris: vec![words.next()?],
        suites: vec![words.next()?],
        components: words.collect(),
        options,
    })
}

/// Reads the deb822 format (paragraphs of `Field: value`, with continuation lines).
pub fn parse_deb822(text: &str) -> Vec<Entry> {
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    text.split(|line| line.trim().is_empty())
        .filter_map(paragraph)
        .collect()
}

fn paragraph(lines: &[&str]) -> Option<Entry> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in lines {
        if line.starts_with([' ', '\t']) {
            let (_, value) = fields.last_mut()?;
            value.push('\n');
            value.push_str(line);
        } else {
            let (name, value) = line.split_once(':')?;
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    let field = |name: &str| {
        fields
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    let words = |name: &str| -> Vec<String> {
        field(name)
            .map(|value| value.split_whitespace().map(str::to_owned).collect())
            .unwrap_or_default()
    };
    if words("Types").is_empty()
        || field("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no"))
    {
        return None;
    }
    let mut options = Vec::new();
    for (name, value) in &fields {
        keep_option(&mut options, name, value);
    }
    Some(Entry {
        uris: words("URIs"),
        suites: words("Suites"),
        components: words("Components"),
        options,
    })
}

fn keep_option(options: &mut Vec<(String, String)>, name: &str, value: &str) {
    if let Some(kept) = KEPT_OPTIONS
        .iter()
        .find(|kept| kept.eq_ignore_ascii_case(name))
    {
        options.push(((*kept).to_owned(), value.to_owned()));
    }
}

/// The distribution's own sources for a release, as deb822 text that asks for source packages only.
///
/// Of each entry only the release itself is kept (no updates, no security) and only the components that a
/// distribution builds itself. Returns an empty text if there are none.
pub fn source_entries(entries: &[Entry], codename: &str) -> String {
    let mut text = String::new();
    for entry in entries.iter().filter(|entry| is_distribution(entry)) {
        let components: Vec<&str> = entry
            .components
            .iter()
            .map(String::as_str)
            .filter(|name| matches!(*name, "main" | "universe"))
            .collect();
        let uris: Vec<&str> = entry
            .uris
            .iter()
            .map(String::as_str)
            .filter(|uri| !uri.starts_with("cdrom:"))
            .collect();
        if components.is_empty()
            || uris.is_empty()
            || !entry.suites.iter().any(|suite| suite == codename)
        {
            continue;
        }
        let mut paragraph = format!(
            "Types: deb-src\nURIs: {}\nSuites: {codename}\nComponents: {}\n",
            uris.join(" "),
            components.join(" "),
        );
        for (name, value) in &entry.options {
            paragraph.push_str(&format!("{name}: {value}\n"));
        }
        paragraph.push('\n');
        if !text.contains(&paragraph) {
            text.push_str(&paragraph);
        }
    }
    text
}

/// Whether an entry is the distribution's: signed by its archive key where a key is named, else by its address.
fn is_distribution(entry: &Entry) -> bool {
    match entry.options.iter().find(|(name, _)| name == "Signed-By") {
        // A key in the text itself says nothing about whose it is, so the address decides again.
        Some((_, key)) if !key.contains("BEGIN PGP") => {
            key.contains("debian-archive") || key.contains("ubuntu-archive")
        }
        _ => entry.uris.iter().any(|uri| {
            uri.split('/')
                .any(|part| matches!(part, "debian" | "ubuntu" | "ubuntu-ports"))
        }),
    }
}

/// The release's code name, from the text of `os-release`.
pub fn codename(os_release: &str) -> Option<String> {
    let value = os_release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
}

/// Fetches the source package into `folder` and returns the path of the file `name`.
pub fn fetch(folder: &Path, name: &str) -> Result<PathBuf, String> {
    if std::env::var("CARGO_NET_OFFLINE").is_ok_and(|value| value == "true") {
        return Err("CARGO_NET_OFFLINE forbids the network".to_owned());
    }
    let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = codename(&os_release)
        .ok_or("/etc/os-release has no VERSION_CODENAME, so this is no Debian release")?;
    let sources = source_entries(&system_entries(Path::new("/etc/apt")), &codename);
    if sources.is_empty() {
        return Err(format!(
            "the apt sources of this machine have no \"main\" for its release, {codename}"
        ));
    }
    let configuration = prepare(folder, &sources)?;
    let _ = fs::remove_file(folder.join(name));
    run_apt(folder, &configuration, &["update"])?;
    run_apt(
        folder,
        &configuration,
        &["source", "--download-only", "bearssl"],
    )?;
    let found = folder.join(name);
    if found.is_file() {
        return Ok(found);
    }
    Err(format!(
        "the source package of {codename} does not have {name}, so its version is another one"
    ))
}

/// All entries of the machine's apt configuration.
fn system_entries(etc_apt: &Path) -> Vec<Entry> {
    let mut entries =
        parse_one_line(&fs::read_to_string(etc_apt.join("sources.list")).unwrap_or_default());
    let mut parts: Vec<PathBuf> = fs::read_dir(etc_apt.join("sources.list.d"))
        .map(|folder| folder.flatten().map(|file| file.path()).collect())
        .unwrap_or_default();
    parts.sort();
    for part in parts {
        let text = fs::read_to_string(&part).unwrap_or_default();
        match part.extension().and_then(|extension| extension.to_str()) {
            Some("list") => entries.extend(parse_one_line(&text)),
            Some("sources") => entries.extend(parse_deb822(&text)),
            _ => {}
        }
    }
    entries
}

/// Writes the private configuration and returns its path.
fn prepare(folder: &Path, sources: &str) -> Result<PathBuf, String> {
    let failed =
        |error: std::io::Error| format!("cannot write below {}: {error}", folder.display());
    let folder_text = folder
        .to_str()
        .filter(|text| !text.contains(['"', '\\', '\n']));
    let folder_text =
        folder_text.ok_or("the build folder's path has characters that apt cannot read")?;
    for part in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(part)).map_err(failed)?;
    }
    fs::write(folder.join("private.sources"), sources).map_err(failed)?;
    // The hooks that the system runs after an update are for the system's lists, not for these.
    let text = format!(
        "Dir::Etc::sourcelist \"{folder_text}/private.sources\";\n\
         Dir::Etc::sourceparts \"-\";\n\
         Dir::State::lists \"{folder_text}/lists/\";\n\
         Dir::Cache \"{folder_text}/cache/\";\n\
         APT::Sandbox::User \"root\";\n\
         Acquire::Languages \"none\";\n\
         Acquire::Retries \"2\";\n\
         #clear APT::Update::Pre-Invoke;\n\
         #clear APT::Update::Post-Invoke;\n\
         #clear APT::Update::Post-Invoke-Success;\n"
    );
    let path = folder.join("apt.conf");
    fs::write(&path, text).map_err(failed)?;
    Ok(path)
}

fn run_apt(folder: &Path, configuration: &Path, arguments: &[&str]) -> Result<(), String> {
    let what = format!("apt-get {}", arguments.join(" "));
    let output = Command::new("apt-get")
        .arg("-c")
        .arg(configuration)
        .arg("--quiet")
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .output()
        .map_err(|error| format!("cannot run apt-get: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("E:")).collect();
    Err(format!(
        "\"{what}\" failed: {}",
        if errors.is_empty() {
            said.trim().to_owned()
        } else {
            errors.join(" ")
        }
    ))
}
