//! Rust source with the identity in statics.

use zeroize::Zeroizing;

use super::Device;
use crate::material::private::describe;
use crate::peer::Seen;
use crate::rust;

/// The source file.
pub fn of(device: &Device) -> Zeroizing<String> {
    let kind = describe(&device.key.spki);
    let key_type = if device.key.scalar.is_some() {
        "EcKey"
    } else {
        "RsaKey"
    };
    let lines = [
        format!("The identity of a device, {kind}, written by `bearcub identity`."),
        "It holds a PRIVATE KEY: keep it out of version control, and out of images that others get.".to_owned(),
        String::new(),
        format!("Identity::new(&CHAIN, {key_type}::from_der(&PRIVATE_KEY)?)"),
    ];
    let mut text = Zeroizing::new(rust::comment("//", &lines));
    let mut names = Vec::new();
    for (number, der) in device.chain.iter().enumerate() {
        let seen = Seen::read(der);
        let name = match number {
            0 => "CERTIFICATE".to_owned(),
            _ => format!("ISSUER_{number}"),
        };
        text.push('\n');
        text.push_str(&rust::comment(
            "///",
            &[
                format!("{}, issued by {}.", seen.subject, seen.issuer),
                format!("Valid from {} to {}.", seen.not_before, seen.not_after),
            ],
        ));
        text.push_str(&format!(
            "pub static {name}: [u8; {}] = [\n{}];\n",
            der.len(),
            rust::bytes(der, 4)
        ));
        names.push(format!("&{name}"));
    }
    text.push_str(&format!(
        "\n/// All certificates in DER, the device's own first.\npub static CHAIN: [&[u8]; {}] = [{}];\n",
        names.len(),
        names.join(", ")
    ));
    let form = if device.key.scalar.is_some() {
        "SEC1"
    } else {
        "PKCS#1"
    };
    let array = Zeroizing::new(rust::bytes(&device.key.der, 4));
    text.push_str(&format!(
        "\n/// The private key of [`CERTIFICATE`], {form} in DER.\npub static PRIVATE_KEY: [u8; {}] = [\n",
        device.key.der.len()
    ));
    text.push_str(&array);
    text.push_str("];\n");
    text
}
