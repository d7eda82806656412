//! What a program does not name is not linked: two linked programs, their symbols and their sizes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection, ObjectSymbol, SectionKind};

struct Program {
    symbols: BTreeSet<String>,
    /// Bytes of code and constants.
    size: u64,
}

fn build() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/linking");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("linking");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status()
        .unwrap();
    assert!(status.success());
    target.join("release")
}

fn look_into(path: &Path) -> Program {
    let bytes = std::fs::read(path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let symbols = file
        .symbols()
        .filter(|symbol| symbol.is_definition())
        .filter_map(|symbol| symbol.name().ok().map(String::from));
    let kept = [
        SectionKind::Text,
        SectionKind::ReadOnlyData,
        SectionKind::ReadOnlyString,
    ];
    let size = file
        .sections()
        .filter(|section| kept.contains(&section.kind()))
        .map(|section| section.size())
        .sum();
    Program {
        symbols: symbols.collect(),
        size,
    }
}

#[test]
fn what_a_program_does_not_name_is_not_linked() {
    let folder = build();
    let [none, small, full] = ["none", "small", "full"].map(|name| look_into(&folder.join(name)));

    let optional = [
        "br_chacha20_ct_run",
        "br_poly1305_ctmul_run",
        "br_sslrec_in_chapol_vtable",
        "br_x509_minimal_vtable",
        "br_x509_minimal_run",
        "br_ec_c25519_m31",
        "br_ec_prime_i31",
        "br_ecdsa_i31_vrfy_asn1",
        "br_ecdsa_i31_sign_asn1",
        "br_rsa_i31_pkcs1_sign",
        "br_rsa_i31_private",
    ];
    let always = [
        "br_ssl_hs_client_run",
        "br_aes_ct_ctr_run",
        "br_ghash_ctmul",
        "br_rsa_i31_pkcs1_vrfy",
        "br_ec_p256_m31",
    ];
    for symbol in always {
        assert!(
            small.symbols.contains(symbol),
            "{symbol} is missing from the small program"
        );
        assert!(
            full.symbols.contains(symbol),
            "{symbol} is missing from the full program"
        );
    }
    assert!(small.symbols.contains("br_x509_decoder_push"));
    for symbol in optional {
        assert!(
            full.symbols.contains(symbol),
            "{symbol} is missing from the full program"
        );
        assert!(
            !small.symbols.contains(symbol),
            "{symbol} is linked into the small program"
        );
    }
    assert!(none.symbols.iter().all(|symbol| !symbol.starts_with("br_")));

    let (small, full) = (small.size - none.size, full.size - none.size);
    println!("code and constants on this host, TLS only: {small} bytes small, {full} bytes full");
    assert!(
        small * 3 < full * 2,
        "{small} bytes small, {full} bytes full"
    );
}
