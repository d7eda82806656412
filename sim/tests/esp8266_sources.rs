//! The sources for the RTOS SDK and for Arduino's core compile, against declarations of what they use of them: neither is here.

use std::path::{Path, PathBuf};
use std::process::Command;

const SDK: [&str; 13] = [
    "freertos/FreeRTOS.h",
    "freertos/event_groups.h",
    "freertos/task.h",
    "esp_event_loop.h",
    "esp_log.h",
    "esp_system.h",
    "esp_timer.h",
    "esp_wifi.h",
    "lwip/apps/sntp.h",
    "lwip/netdb.h",
    "lwip/sockets.h",
    "nvs_flash.h",
    "tcpip_adapter.h",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A folder in which each of these headers is the one of that name.
fn headers(names: &[&str], is: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/esp8266")
        .join(is);
    for name in names {
        let header = folder.path().join(name);
        std::fs::create_dir_all(header.parent().unwrap()).unwrap();
        std::fs::write(header, format!("#include \"{}\"\n", path.display())).unwrap();
    }
    let settings = root().join("examples/esp8266/settings.example.h");
    std::fs::copy(settings, folder.path().join("settings.h")).unwrap();
    folder
}

fn compile(compiler: &str, arguments: &[&str], headers: &Path, source: &str) {
    let example = root().join("examples/esp8266");
    let ran = Command::new(compiler)
        .args(arguments)
        .args(["-Wall", "-Wextra", "-Werror", "-fsyntax-only"])
        // The chip's addresses have half the bits.
        .arg("-Wno-int-to-pointer-cast")
        .arg("-I")
        .arg(headers)
        .arg("-I")
        .arg(root().join("capi"))
        .arg("-I")
        .arg(example.join("firmware"))
        .arg("-I")
        .arg(example.join("arduino/Bearcub/src"))
        .arg(example.join(source))
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[test]
fn the_project_for_the_rtos_sdk_compiles_with_either_trust() {
    let folder = headers(&SDK, "sdk.h");
    for trust in ["-DNOTHING", "-DAUTHORITY_DER=0x30,0x82"] {
        compile(
            "cc",
            &["-std=gnu99", trust],
            folder.path(),
            "rtos/main/main.c",
        );
    }
}

#[test]
fn the_sketch_for_arduino_compiles() {
    let folder = headers(&["ESP8266WiFi.h"], "arduino.h");
    let arguments = ["-x", "c++", "-std=gnu++17"];
    compile(
        "clang",
        &arguments,
        folder.path(),
        "arduino/Bearcub/examples/Sensor/Sensor.ino",
    );
}

#[test]
fn the_firmware_compiles_for_this_computer_without_a_warning() {
    let folder = headers(&[], "sdk.h");
    compile(
        "cc",
        &["-std=c99", "-pedantic"],
        folder.path(),
        "firmware/firmware.c",
    );
}

#[test]
fn what_the_build_script_copies_is_there() {
    let example = root().join("examples/esp8266");
    let script = std::fs::read_to_string(example.join("build-library")).unwrap();
    let copied: Vec<_> = script
        .split('"')
        .filter_map(|word| word.strip_prefix("$here/firmware/"))
        .collect();
    assert!(copied.len() >= 4, "{copied:?}");
    for name in copied {
        assert!(example.join("firmware").join(name).is_file(), "{name}");
    }
}
