//! The seeds of every target, written where `FUZZ_SEEDS` says when any target starts. What they are is in the README.

mod chains;

use std::path::Path;

use crate::puppet::script::{Do, write};
use crate::puppet::{Puppet, Setting};
use crate::recordings::TRACKS;

/// One folder for each target.
struct Corpus<'a> {
    folder: &'a Path,
    count: usize,
}

impl Corpus<'_> {
    fn add(&mut self, target: &str, name: &str, bytes: &[u8]) {
        let folder = self.folder.join(target);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(name), bytes).expect("a file");
        self.count += 1;
    }
}

/// Writes all of them and ends the process, if the variable is set.
pub fn write_if_wanted() {
    let Some(folder) = std::env::var_os("FUZZ_SEEDS") else {
        return;
    };
    let mut corpus = Corpus {
        folder: Path::new(&folder),
        count: 0,
    };
    recordings(&mut corpus);
    puppets(&mut corpus);
    chains::write(&mut corpus);
    keys(&mut corpus);
    mqtt(&mut corpus);
    sntp(&mut corpus);
    println!("{} seeds in {}", corpus.count, corpus.folder.display());
    std::process::exit(0);
}

/// `tls_bytes`: every recording's server, whole, and in pieces of another size. `recording`: the files.
fn recordings(corpus: &mut Corpus<'_>) {
    for (number, track) in TRACKS.iter().enumerate() {
        let bytes = [&[number as u8, number as u8 % 6][..], &track.server].concat();
        corpus.add("tls_bytes", &track.name, &bytes);
        let file = format!(
            "{}/../sim/recordings/{}.pcapng",
            env!("CARGO_MANIFEST_DIR"),
            track.name
        );
        corpus.add(
            "recording",
            &track.name,
            &std::fs::read(file).expect("a recording"),
        );
    }
}

/// `tls_server`: an honest server in every setting, which must succeed; and some that are not honest.
fn puppets(corpus: &mut Corpus<'_>) {
    for suite in 0..5u8 {
        for (group, flags, buffers) in [
            (0, 0, 0),
            (1, 1, 1),
            (0, 4 + 8 + 2, 2),
            (3, 2, 3),
            (0, 16, 0),
            (0, 16 + 3 + 8, 1),
        ] {
            let bytes = [suite | group << 3, flags, buffers];
            let setting = Setting::new(bytes);
            let steps = setting.honest();
            let mut puppet = Puppet::new(&setting, steps.clone());
            let ending = setting.connect(&mut puppet);
            assert!(
                puppet.is_honest && ending.negotiated.is_some(),
                "{setting:?}: {ending:?}"
            );
            assert_eq!(ending.plaintext, puppet.data);
            let name = |what: &str| format!("{suite}-{group}-{flags}-{buffers}-{what}");
            let whole = [&bytes[..], &write(&steps)].concat();
            corpus.add("tls_server", &name("honest"), &whole);
            if group == 0 && buffers == 0 {
                let odd: [(Do, &[u8]); 9] = [
                    (Do::HelloRequest, &[]),
                    (Do::Alert, &[1, 100]),
                    (Do::Split, &[0, 16]),
                    (Do::Corrupt, &[9, 1]),
                    (Do::Skip, &[]),
                    (Do::Replay, &[]),
                    (Do::Record, &[23, 3]),
                    (Do::Record, &[22, 3, 1, 0, 0, 0]),
                    (Do::SignedKeyExchange, &[0, 5, 0, 0]),
                ];
                for (number, (what, body)) in odd.into_iter().enumerate() {
                    let mut steps = steps.clone();
                    let place = if what == Do::SignedKeyExchange {
                        2
                    } else {
                        steps.len() - 2
                    };
                    steps.insert(place.min(steps.len()), (what, body.to_vec()));
                    let bytes = [&bytes[..], &write(&steps)].concat();
                    corpus.add("tls_server", &name(&format!("odd-{number}")), &bytes);
                }
            }
        }
    }
}

/// `keys`: the test data of the library, by parser.
fn keys(corpus: &mut Corpus<'_>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut certificates = Vec::new();
    let mut private = Vec::new();
    for folder in ["tests/data", "tests/trust_data"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("a folder");
        for entry in entries.map(|entry| entry.expect("an entry").path()) {
            let name = entry
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let Ok(bytes) = std::fs::read(&entry) else {
                continue;
            };
            if bytes.len() > 6000 {
                continue;
            }
            let is_text = bytes.starts_with(b"-----") || name.ends_with(".pem");
            let parsers: &[u8] = if is_text { &[0] } else { &[1, 2, 3, 8, 10] };
            for parser in parsers {
                let mut seed = vec![*parser];
                if *parser == 8 {
                    seed.push(100);
                }
                seed.extend(&bytes);
                corpus.add("keys", &format!("{parser}-{name}"), &seed);
            }
            if !is_text {
                match bearcub::identity::PrivateKey::from_der(&bytes) {
                    Ok(_) => private.push(bytes),
                    Err(_)
                        if bearcub::identity::LeafPublicKey::from_certificate(&bytes).is_ok() =>
                    {
                        certificates.push(bytes)
                    }
                    Err(_) => {}
                }
            }
        }
    }
    // A chain with its key, and the image of one.
    for (number, key) in private.iter().enumerate().take(4) {
        let mut chain = vec![11];
        let mut image = b"BCI1".to_vec();
        let items: Vec<&[u8]> = [&key[..]]
            .into_iter()
            .chain(certificates.iter().map(|one| &one[..]).take(2))
            .collect();
        for item in &items {
            chain.extend((item.len() as u16).to_be_bytes());
            chain.extend(*item);
        }
        let mut body = Vec::new();
        for place in 0..4 {
            let length = items.get(place).map_or(0, |item| item.len());
            body.extend((length as u32).to_le_bytes());
        }
        for item in &items {
            body.extend(*item);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        image.extend((12 + body.len() as u32).to_le_bytes());
        image.extend([0; 4]);
        image.extend(body);
        corpus.add("keys", &format!("11-chain-{number}"), &chain);
        corpus.add(
            "keys",
            &format!("7-image-{number}"),
            &[&[7], &image[..]].concat(),
        );
    }
    let texts: [(u8, &str); 12] = [
        (
            4,
            "25b41b506e4930952823a6eb9f1d31def645ea38a5c6c6a96d71957e384df058",
        ),
        (4, "sha256//JbQbUG5JMJUoI6brnx0x3vZF6jilxsapbXGVfjhN8Fg="),
        (
            4,
            "0A D8 2D 5E 4F 41 04 46 4B 46 49 65 AC 53 B1 4F 98 B8 DE 9C",
        ),
        (
            4,
            "SHA1:0a:d8:2d:5e:4f:41:04:46:4b:46:49:65:ac:53:b1:4f:98:b8:de:9c",
        ),
        (5, "mqtt.example.org\n*.example.org"),
        (5, "192.0.2.7"),
        (5, "[2001:db8::7]"),
        (5, "xn--bcher-kva.test.\nxn--bcher-kva.test"),
        (9, "491231235959Z"),
        (9, "99991231235959Z"),
        (9, "240229000000Z"),
        (6, "\u{1}\u{20}"),
    ];
    for (number, (parser, text)) in texts.into_iter().enumerate() {
        corpus.add(
            "keys",
            &format!("text-{number}"),
            &[&[parser], text.as_bytes()].concat(),
        );
    }
    let setting = Setting::new([0, 16, 0]);
    let session = setting.session.expect("a session");
    corpus.add("keys", "6-session", &[&[6], &session[..]].concat());
}

/// `mqtt_codec`: one packet of each kind. `mqtt_session`: a session of each kind with an honest broker.
fn mqtt(corpus: &mut Corpus<'_>) {
    let packets: [&[u8]; 12] = [
        b"\x20\x02\x00\x00",
        b"\x20\x02\x01\x00",
        b"\x20\x02\x00\x07",
        b"\x30\x09\x00\x03a/b21.5",
        b"\x3b\x0b\x00\x03a/b\x12\x3421.5",
        b"\x40\x02\xff\xff",
        b"\x50\x02\x00\x01",
        b"\x62\x02\x00\x01",
        b"\x70\x02\x00\x01",
        b"\x90\x06\x00\x09\x00\x01\x02\x80",
        b"\xb0\x02\x00\x01",
        b"\xd0\x00",
    ];
    for (number, packet) in packets.iter().enumerate() {
        corpus.add(
            "mqtt_codec",
            &format!("packet-{number}"),
            &[&[3], *packet].concat(),
        );
    }
    corpus.add("mqtt_codec", "all", &[&[5][..], &packets.concat()].concat());
    corpus.add("mqtt_codec", "topics", b"\x07a/+/#\na/b/c");
    let long = [&b"\x01\x32\xac\x02\x00\x03a/b\x00\x07"[..], &[b'x'; 293]].concat();
    corpus.add("mqtt_codec", "long", &long);

    // A step is a number, a length, bytes; 18 is what an honest broker answers.
    let answer: &[u8] = &[18, 0];
    let scripts: [&[&[u8]]; 8] = [
        &[
            answer,
            &[11, 2, 0, 9],
            &[11, 2, 1, 9],
            answer,
            &[11, 2, 2, 9],
            answer,
            answer,
        ],
        &[
            answer,
            &[12, 1, 3],
            answer,
            &[8, 3, 1, b'h', b'i'],
            &[8, 3, 2, b'h', b'i'],
            &[4, 1, 2],
        ],
        &[answer, &[9, 1, 255], &[10, 1, 1], answer, &[10, 1, 9]],
        &[answer, &[14, 1, 20], &[15, 1, 40], &[15, 1, 40], answer],
        &[
            answer,
            &[11, 2, 2, 200],
            &[17, 1, 0],
            answer,
            answer,
            answer,
        ],
        &[
            answer,
            &[12, 1, 2],
            answer,
            &[13, 1, 1],
            answer,
            &[17, 1, 1],
        ],
        &[&[1, 1, 5], &[1, 1, 128], &[1, 1, 0]],
        &[
            answer,
            &[8, 3, 1, b'h', b'i'],
            &[16, 0],
            &[19, 0],
            answer,
            &[11, 2, 1, 9],
            &[19, 0],
            answer,
            answer,
        ],
    ];
    for (number, script) in scripts.iter().enumerate() {
        for (flags, sizes) in [
            (0, 0xfd),
            (0x41, 0x7e),
            (0x43 + 16 + 32, 0xfb),
            (0xc1, 0xfe),
        ] {
            let mut bytes = vec![flags, sizes];
            if flags >= 0xc0 {
                bytes.extend([0xff; 256]);
            }
            bytes.extend(script.concat());
            corpus.add("mqtt_session", &format!("{number}-{flags:02x}"), &bytes);
        }
    }
}

/// `sntp`: a sound answer, a kiss of death, and one of each that is refused.
fn sntp(corpus: &mut Corpus<'_>) {
    let mut packet = [0; 48];
    packet[0] = 0x24;
    packet[1] = 2;
    packet[24..32].copy_from_slice(b"12345678");
    packet[32..36].copy_from_slice(&3_913_056_000u32.to_be_bytes());
    packet[40..44].copy_from_slice(&3_913_056_000u32.to_be_bytes());
    let mut add = |name: &str, at: usize, bytes: &[u8]| {
        let mut changed = packet;
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        let head = b"12345678\x64\0\0\0";
        corpus.add("sntp", name, &[&head[..], &changed, &changed].concat());
    };
    add("sound", 0, &[]);
    add("kiss", 1, b"\0\0\0\0\0\0\0\0\0\0\0RATE");
    add("other", 24, b"x");
    add("unsynchronised", 0, &[0xe4]);
    add("second-era", 32, &[1; 16]);
    add("distant", 4, &[1; 8]);
}
