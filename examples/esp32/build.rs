//! Turns `cfg.toml` into the constant `SETTINGS` (of the type in `src/settings.rs`), and checks what can be checked here.
//!
//! Without the file the firmware is built, too; it says on its serial port what is missing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use toml::{Table, Value};

fn main() {
    println!("cargo::rerun-if-env-changed=BEARCUB_CFG");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let path = PathBuf::from(env::var("BEARCUB_CFG").unwrap_or("cfg.toml".into()));
    println!("cargo::rerun-if-changed={}", path.display());
    let table = match fs::read_to_string(&path) {
        Ok(text) => text.parse().unwrap_or_else(|error| fail(&path, &error)),
        Err(error) => {
            println!(
                "cargo::warning={}: {error}; copy cfg.example.toml",
                path.display()
            );
            Table::new()
        }
    };
    let code = Cfg { path, table }.to_rust();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    fs::write(out.join("cfg.rs"), code).unwrap();
}

struct Cfg {
    path: PathBuf,
    table: Table,
}

impl Cfg {
    /// The constant, as Rust.
    fn to_rust(&self) -> String {
        self.check_names();
        let port = self.value("broker", "port").map(|port| {
            let number = port.as_integer().and_then(|port| u16::try_from(port).ok());
            number.unwrap_or_else(|| fail(&self.path, &"broker.port is no port"))
        });
        let mut code = String::from(
            "pub const SETTINGS: crate::settings::Settings = crate::settings::Settings {\n",
        );
        for (field, section, name) in [
            ("wifi_name", "wifi", "name"),
            ("wifi_password", "wifi", "password"),
            ("host", "broker", "host"),
            ("name", "device", "name"),
            ("reading", "topics", "reading"),
            ("command", "topics", "command"),
            ("state", "topics", "state"),
            ("time_server", "time", "server"),
        ] {
            let text = self.text(section, name).unwrap_or_default();
            writeln!(code, "    {field}: {text:?},").unwrap();
        }
        writeln!(code, "    port: {},", port.unwrap_or(8883)).unwrap();
        for (field, name) in [("user", "user"), ("password", "password")] {
            writeln!(code, "    {field}: {:?},", self.text("device", name)).unwrap();
        }
        writeln!(code, "    pins: &{:?},", self.pins()).unwrap();
        let authority = self.der("broker", "authority");
        writeln!(code, "    authority: {authority},").unwrap();
        let (certificate, key) = (self.der("device", "certificate"), self.der("device", "key"));
        writeln!(code, "    certificate: {certificate},\n    key: {key},").unwrap();
        let built = env::var("SOURCE_DATE_EPOCH")
            .ok()
            .and_then(|text| text.parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        writeln!(code, "    built: {},\n}};", built.unwrap_or(now.as_secs())).unwrap();
        code
    }

    /// A misspelt name would be a setting that does nothing.
    fn check_names(&self) {
        let known = [
            ("wifi", &["name", "password"][..]),
            ("broker", &["host", "port", "pins", "authority"]),
            (
                "device",
                &["name", "certificate", "key", "user", "password"],
            ),
            ("topics", &["reading", "command", "state"]),
            ("time", &["server"]),
        ];
        for (section, content) in &self.table {
            let names = known.iter().find(|(name, _)| name == section);
            let entries = content.as_table();
            let (Some((_, names)), Some(entries)) = (names, entries) else {
                fail(&self.path, &format!("there is no section [{section}]"));
            };
            for name in entries.keys() {
                if !names.contains(&name.as_str()) {
                    fail(&self.path, &format!("[{section}] has no setting {name}"));
                }
            }
        }
    }

    fn value(&self, section: &str, name: &str) -> Option<&Value> {
        self.table.get(section)?.get(name)
    }

    fn text(&self, section: &str, name: &str) -> Option<&str> {
        let text = self.value(section, name)?.as_str();
        Some(text.unwrap_or_else(|| fail(&self.path, &format!("{section}.{name} is no text"))))
    }

    fn pins(&self) -> Vec<&str> {
        let Some(pins) = self.value("broker", "pins") else {
            return Vec::new();
        };
        let pins: Option<Vec<&str>> = pins
            .as_array()
            .map(|pins| pins.iter().map(Value::as_str).collect())
            .unwrap_or_default();
        pins.unwrap_or_else(|| fail(&self.path, &"broker.pins is no list of texts"))
    }

    /// The bytes of a certificate or key as Rust: `&[48, 130, …]`; empty where there is none.
    fn der(&self, section: &str, name: &str) -> String {
        let Some(file) = self.text(section, name) else {
            return "&[]".into();
        };
        let file = self.path.parent().unwrap_or(Path::new("")).join(file);
        println!("cargo::rerun-if-changed={}", file.display());
        let bytes = fs::read(&file).unwrap_or_else(|error| fail(&file, &error));
        if bytes.first() == Some(&0x30) {
            return format!("&{bytes:?}");
        }
        match pem_rfc7468::decode_vec(&bytes) {
            Ok((_, der)) => format!("&{der:?}"),
            Err(error) => fail(&file, &format!("neither DER nor PEM: {error}")),
        }
    }
}

fn fail(path: &Path, why: &dyn std::fmt::Display) -> ! {
    println!("cargo::error={}: {why}", path.display());
    std::process::exit(1);
}
