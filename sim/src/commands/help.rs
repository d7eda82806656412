//! What stands below the help of each command: examples, and what the exit status means.

use super::options::SUITES;

/// What the exit status means; `sim/TOOLS.md` says it too.
pub const EXIT: &str = "\
Exit status:
  0  it went well
  1  the connection, a replay, the disk or standard output failed
  2  the arguments, or the files that they name, are wrong
  3  what was to be checked does not hold: a pin does not match, no authority suffices, no configuration works, a device would fail
  4  what was to be explained is not known";

/// For every command, what it is called with.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "bearcub",
        &[
            "bearcub                                  what each connection costs on the boards",
            "bearcub connect localhost:8883 --learn   a connection, step by step",
            "bearcub explain 296                      what an error number means",
        ],
    ),
    (
        "table",
        &[
            "bearcub table",
            "bearcub table --all --modelled",
            "bearcub table --json > costs.json",
        ],
    ),
    (
        "replay",
        &[
            "bearcub replay broker.pcapng",
            "bearcub replay --json sim/recordings/*.pcapng",
        ],
    ),
    (
        "record",
        &[
            "bearcub record mqtt.example.org:8883 --learn --out broker.pcapng",
            "bearcub record --scenario aws-ca --force",
        ],
    ),
    (
        "connect",
        &[
            "bearcub connect mqtt.example.org:8883 --learn",
            "bearcub connect localhost:8883 --ca ca.pem --cert device.pem --key device-key.pem",
            "bearcub connect mqtt.example.org:8883 --ca ca.pem --resume --input-buffer 512 --json",
        ],
    ),
    (
        "board",
        &[
            "bearcub board esp8266 aws-ca --steps",
            "bearcub board esp8266 --features",
        ],
    ),
    (
        "check",
        &[
            "bearcub check",
            "bearcub check --all --json",
            "bearcub check --write",
        ],
    ),
    ("peers", &["bearcub peers", "bearcub peers --json"]),
    ("report", &["bearcub report --html costs.html"]),
    (
        "readme",
        &["bearcub readme --check", "bearcub readme --write"],
    ),
    (
        "publish",
        &[
            "bearcub publish -t plant/7/temp -m 21.5",
            "bearcub publish -h mqtt.example.org --cafile ca.pem -u plant --pw-file password -t plant/7/temp -q 1 -m 21.5",
            "journalctl -f | bearcub publish -t log -l",
        ],
    ),
    (
        "subscribe",
        &[
            "bearcub subscribe -t 'plant/#' -v",
            "bearcub subscribe -h mqtt.example.org --cafile ca.pem -t 'plant/+/cmd' -q 2 -C 1",
            "bearcub subscribe -i logger -c -q 1 -t '#' --json",
        ],
    ),
    (
        "rules",
        &[
            "bearcub rules -i clock --sql \"SELECT *, topic() as full_topic, timestamp() as received FROM 'rtjm/#'\" --republish 'stamped/${topic()}'",
            "bearcub rules -h mqtt.example.org --cafile ca.pem -i hot --sql-file hot.sql --republish 'alarm/${topic(2)}' --errors rules/errors",
            "echo '{\"temp\":21.5}' | bearcub rules --sql \"SELECT temp FROM 'plant/#'\" --republish temps --dry-run plant/7",
        ],
    ),
    (
        "fingerprint",
        &[
            "bearcub fingerprint mqtt.example.org:8883",
            "bearcub fingerprint server.pem --check 'sha256//JbQbUG5JMJUoI6brnx0x3vZF6jilxsapbXGVfjhN8Fg='",
            "bearcub fingerprint mqtt.example.org:8883 --check 'MqttFingerprint1 0A D8 2D 5E 4F 41 04 46 4B 46 49 65 AC 53 B1 4F 98 B8 DE 9C'",
            "bearcub fingerprint key.pem --passphrase-env PASSPHRASE --json",
            "openssl req -in device.csr | bearcub fingerprint -",
        ],
    ),
    (
        "probe",
        &[
            "bearcub probe mqtt.example.org:8883",
            "bearcub probe localhost:8883 --ca ca.pem --cert device.pem --key device-key.pem --rust src/server.rs",
            "bearcub probe mqtt.example.org:8883 --trust pin --board esp8266 --json",
        ],
    ),
    (
        "library",
        &[
            "bearcub library esp8266 --out build/bearcub",
            "bearcub library esp8266 --out components/bearcub --force",
        ],
    ),
    (
        "identity",
        &[
            "bearcub identity --cert device.pem --key device-key.pem",
            "bearcub identity --cert device.pem --key device-key.pem --rust src/identity.rs --image identity.bin",
            "bearcub identity --cert device.pem --key device-key.pem --tasmota tasmota.txt",
        ],
    ),
    (
        "anchors",
        &[
            "bearcub anchors --for mqtt.example.org:8883 --out src/anchors.rs",
            "bearcub anchors ca.pem --out src/anchors.rs --name HOME --chain server.pem",
            "bearcub anchors --system --subject ISRG --subject Amazon",
        ],
    ),
    (
        "ca",
        &[
            "bearcub ca init                       an authority, in ./ca",
            "bearcub ca server broker.home.arpa    key, certificate and configuration of a broker",
            "bearcub ca device plant-7             key and certificate of a device",
            "bearcub ca list --json",
        ],
    ),
    (
        "ca init",
        &[
            "bearcub ca init --name 'Home'",
            "bearcub ca init --dir /srv/ca --key rsa --passphrase-file passphrase",
        ],
    ),
    (
        "ca server",
        &[
            "bearcub ca server broker.home.arpa --ip 192.168.1.10",
            "bearcub ca server broker.home.arpa --key rsa --install /etc/mosquitto/bearcub",
        ],
    ),
    (
        "ca device",
        &[
            "bearcub ca device plant-7",
            "bearcub ca device plant-7 --days 730 --passphrase-env PASSPHRASE --json",
        ],
    ),
    (
        "ca renew",
        &[
            "bearcub ca renew plant-7",
            "bearcub ca renew broker.home.arpa --days 365",
            "bearcub ca renew --authority",
        ],
    ),
    (
        "ca revoke",
        &[
            "bearcub ca revoke plant-7",
            "bearcub ca revoke --serial 01c4be3f0c9d8d4e2b7f60a1953e8d7c42",
        ],
    ),
    ("ca list", &["bearcub ca list", "bearcub ca list --json"]),
    (
        "ca check",
        &[
            "bearcub ca check",
            "bearcub ca check --passphrase-file passphrase --json",
        ],
    ),
    (
        "doctor",
        &[
            "bearcub doctor sim/doctor.toml",
            "bearcub doctor device.toml --json",
        ],
    ),
    (
        "explain",
        &[
            "bearcub explain -1004",
            "bearcub explain unknown_ca",
            "bearcub explain -0x2700",
            "bearcub explain 'OpenSSL Error[0]: error:0A000418:SSL routines::tlsv1 alert unknown ca'",
        ],
    ),
    (
        "completions",
        &[
            "bearcub completions bash > ~/.local/share/bash-completion/completions/bearcub",
            "bearcub completions zsh > ~/.zfunc/_bearcub",
            "bearcub completions fish > ~/.config/fish/completions/bearcub.fish",
        ],
    ),
    (
        "man",
        &[
            "bearcub man | man -l -",
            "bearcub man fingerprint | man -l -",
            "bearcub man --out ~/.local/share/man/man1",
        ],
    ),
];

/// What stands below the help of the command with this name.
pub fn of(command: &str) -> String {
    let examples = EXAMPLES.iter().find(|(name, _)| *name == command);
    let mut text = String::new();
    if let Some((_, lines)) = examples {
        text.push_str(&format!("Examples:\n  {}\n\n", lines.join("\n  ")));
    }
    if matches!(command, "connect" | "record") {
        text.push_str(&format!("{SUITES}\n"));
    }
    text + EXIT
}
