//! Wireshark's own dissectors open and decrypt the recordings.

mod common;

use std::path::Path;
use std::process::Command;

use bearcub_sim::recording::Recording;
use common::recordings;

fn tshark(file: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(file)
        .args(arguments)
        .output()
        .ok()?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_recordings_open_and_decrypt() {
    if Command::new("tshark").arg("--version").output().is_err() {
        return common::not_checked("tshark is not installed");
    }
    for path in recordings() {
        let decrypted = tshark(&path, &["-T", "fields", "-e", "_ws.col.Info"]).unwrap();
        assert!(
            decrypted.contains("Description: Close Notify"),
            "{decrypted}"
        );
        assert!(
            !decrypted.contains("Encrypted Handshake Message"),
            "{decrypted}"
        );
        let recording = Recording::load(&path).unwrap();
        if recording.header.port == 8883 {
            let answer = match &recording.header.scenario[..] {
                "records-mqtt" => "Publish Ack",
                _ => "Ping Response",
            };
            for packet in ["Connect Command", "Connect Ack", "Publish Message", answer] {
                assert!(
                    decrypted.contains(packet),
                    "{}: {decrypted}",
                    path.display()
                );
            }
        } else {
            let data = tshark(&path, &["-Y", "data", "-T", "fields", "-e", "data.data"]).unwrap();
            for turn in &recording.header.turns {
                for side in [&turn.send, &turn.receive] {
                    assert!(data.contains(&bearcub_sim::hex::encode(&side.0)), "{data}");
                }
            }
        }
        let checks = [
            "-o",
            "tcp.check_checksum:TRUE",
            "-o",
            "ip.check_checksum:TRUE",
        ];
        let wrong = "tcp.checksum.status == 0 || ip.checksum.status == 0 || tcp.analysis.flags || _ws.malformed";
        let complaints = tshark(&path, &[&checks[..], &["-Y", wrong]].concat()).unwrap();
        assert_eq!(complaints, "", "{}", path.display());
    }
}
