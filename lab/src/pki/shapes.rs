//! Chains as they are met in the field.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::certificate::{
    AltName, Authority, KeyUsage, Name, Purpose, Template, certificate_timestamps, crl,
    information_access, policy,
};
use super::chain::Chain;
use super::key::{KeyKind, KeyPair, Shared};
use super::time::{Time, Validity};

/// A time at which every chain without a fault in its dates is valid, for tests with a fixed
/// clock.
pub const NOW: Time = Time::utc(2026, 6, 1);

/// The host name of [`aws`].
pub const AWS_HOST: &str = "a1b2c3d4e5f6g7-ats.iot.eu-central-1.amazonaws.com";

/// The host name of the two Let's Encrypt chains.
pub const LETSENCRYPT_HOST: &str = "mqtt.example.org";

/// 2.23.140.1.2.1, domain-validated, of the CA/Browser Forum.
const DOMAIN_VALIDATED: [u32; 6] = [2, 23, 140, 1, 2, 1];
/// anyPolicy.
const ANY_POLICY: [u32; 5] = [2, 5, 29, 32, 0];

/// A chain's shape by name, for loops over all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// [`simple`].
    Simple(KeyKind),
    /// [`aws`].
    Aws,
    /// [`letsencrypt_rsa`].
    LetsEncryptRsa,
    /// [`letsencrypt_ecdsa`].
    LetsEncryptEcdsa,
    /// [`selfsigned`].
    SelfSigned(KeyKind),
    /// [`device`].
    Device(KeyKind),
}

impl Shape {
    /// The chain with the usual validity; the same one every time.
    pub fn chain(self) -> Arc<Chain> {
        static CHAINS: Shared<Shape, Chain> = Shared::new();
        CHAINS.get_or_make(self, || self.build(Validity::DEFAULT))
    }

    /// A new chain (with the shared keys) in which the leaf and all authorities have that
    /// validity.
    pub fn build(self, validity: Validity) -> Chain {
        match self {
            Shape::Simple(kind) => build_simple(kind, validity, |_| {}),
            Shape::Aws => build_aws(validity),
            Shape::LetsEncryptRsa => build_letsencrypt_rsa(validity),
            Shape::LetsEncryptEcdsa => build_letsencrypt_ecdsa(validity),
            Shape::SelfSigned(kind) => PrivateAuthority::new(kind, validity).server(kind),
            Shape::Device(kind) => PrivateAuthority::new(kind, validity).device(kind, "device-1"),
        }
    }
}

/// A root and a leaf with keys of the same kind; the root is not sent. The leaf is good for
/// `localhost`, `broker.test`, `*.wild.test` and 127.0.0.1. An RSA-1024 leaf has an RSA-2048
/// root.
///
/// # Panics
///
/// If `openssl` is missing or fails, as for every other shape.
pub fn simple(kind: KeyKind) -> Arc<Chain> {
    Shape::Simple(kind).chain()
}

/// [`simple`], with the leaf's template changed before it is signed.
///
/// ```
/// use bearcub_lab::pki::{KeyKind, Time, Validity, simple_with};
///
/// let short = Validity::days_from(Time::utc(2026, 5, 1), 45);
/// let chain = simple_with(KeyKind::P256, |leaf| leaf.validity = short);
/// assert!(chain.verify_with_openssl(chain.root(), Time::utc(2026, 6, 1)).is_ok());
/// assert!(chain.verify_with_openssl(chain.root(), Time::utc(2026, 7, 1)).is_err());
/// ```
pub fn simple_with(kind: KeyKind, change: impl FnOnce(&mut Template)) -> Chain {
    build_simple(kind, Validity::DEFAULT, change)
}

/// What AWS IoT sends, four certificates: an RSA-2048 leaf ← "Amazon RSA 2048 M01" ← "Amazon Root
/// CA 1", cross-signed by "Starfield G2" ← "Starfield G2", cross-signed by "Starfield Class 2".
/// The roots are Amazon Root CA 1, Starfield G2 and Starfield Class 2, in this order.
pub fn aws() -> Arc<Chain> {
    Shape::Aws.chain()
}

/// What Let's Encrypt hands out for RSA, three certificates: an RSA-2048 leaf ← "YR1" (RSA-2048)
/// ← "Root YR" (RSA-4096), cross-signed by "ISRG Root X1" (RSA-4096). The roots are ISRG Root X1
/// and Root YR.
pub fn letsencrypt_rsa() -> Arc<Chain> {
    Shape::LetsEncryptRsa.chain()
}

/// What Let's Encrypt hands out for ECDSA, four certificates: a P-256 leaf ← "YE1" (P-384) ←
/// "Root YE" (P-384), cross-signed by "ISRG Root X2" (P-384) ← "ISRG Root X2", cross-signed by
/// "ISRG Root X1" (RSA-4096). The roots are ISRG Root X2, ISRG Root X1 and Root YE.
pub fn letsencrypt_ecdsa() -> Arc<Chain> {
    Shape::LetsEncryptEcdsa.chain()
}

/// The certificate of a user's own Mosquitto under the user's own authority, both with keys of
/// that kind: [`PrivateAuthority::server`].
pub fn selfsigned(kind: KeyKind) -> Arc<Chain> {
    Shape::SelfSigned(kind).chain()
}

/// The identity of a device, "device-1", under the same authority as [`selfsigned`] of that kind:
/// [`PrivateAuthority::device`].
pub fn device(kind: KeyKind) -> Arc<Chain> {
    Shape::Device(kind).chain()
}

/// The authority that a user sets up for one Mosquitto and its devices.
#[derive(Clone, Debug)]
pub struct PrivateAuthority {
    /// Its name, key and certificate, to issue other certificates than those below.
    pub authority: Authority,
    kind: KeyKind,
    validity: Validity,
}

impl PrivateAuthority {
    /// The authority for keys of that kind. Its key is shared within the process, so that every
    /// call gives the same authority.
    pub fn new(kind: KeyKind, validity: Validity) -> PrivateAuthority {
        let name = Name::new().organization("Home").common_name("Home CA");
        let template = Template::authority(name, Some(0)).valid(validity);
        let authority =
            Authority::root(&template, KeyPair::shared(root_kind(kind), "private root"));
        PrivateAuthority {
            authority,
            kind,
            validity,
        }
    }

    /// A server with a key of that kind, good for the names of [`simple`].
    pub fn server(&self, kind: KeyKind) -> Chain {
        let template = Template::server(Name::cn("localhost"), &local_names()).valid(self.validity);
        let key = KeyPair::shared(kind, "private server");
        self.chain(&template, key, "localhost")
    }

    /// A device with a key of that kind and the reduced extensions: at most 800 bytes of DER where
    /// both keys are P-256.
    pub fn device(&self, kind: KeyKind, common_name: &str) -> Chain {
        let template = Template::device(Name::cn(common_name)).valid(self.validity);
        let key = KeyPair::shared(kind, &format!("device {common_name} of {:?}", self.kind));
        self.chain(&template, key, "")
    }

    fn chain(&self, template: &Template, key: Arc<KeyPair>, host: &str) -> Chain {
        Chain {
            certificates: vec![self.authority.issue(template, &key)],
            key,
            roots: vec![self.authority.certificate.clone()],
            host: host.to_owned(),
        }
    }
}

/// The names of a server on this machine.
pub(super) fn local_names() -> [AltName; 4] {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    [
        "localhost".into(),
        "broker.test".into(),
        "*.wild.test".into(),
        loopback.into(),
    ]
}

/// Authorities with RSA-1024 keys are not made: the weak key is the leaf's.
pub(super) fn root_kind(kind: KeyKind) -> KeyKind {
    if kind == KeyKind::Rsa1024 {
        KeyKind::Rsa2048
    } else {
        kind
    }
}

fn build_simple(kind: KeyKind, validity: Validity, change: impl FnOnce(&mut Template)) -> Chain {
    let name = Name::new()
        .organization("Bearcub (lab)")
        .common_name("Lab Root");
    let root_key = KeyPair::shared(root_kind(kind), "simple root");
    let root = Authority::root(&Template::authority(name, None).valid(validity), root_key);
    let key = KeyPair::shared(kind, "simple leaf");
    let mut leaf = Template::server(Name::cn("localhost"), &local_names()).valid(validity);
    change(&mut leaf);
    Chain {
        certificates: vec![root.issue(&leaf, &key)],
        key,
        roots: vec![root.certificate],
        host: "localhost".to_owned(),
    }
}

fn build_aws(validity: Validity) -> Chain {
    let amazon = || Name::new().country("US").organization("Amazon (lab)");
    let starfield = "Starfield Technologies, Inc. (lab)";
    let key = |name| KeyPair::shared(KeyKind::Rsa2048, name);
    let authority = |name: Name, path_length, extensions: Vec<Vec<u8>>| {
        let mut template = Template::authority(name, path_length).valid(validity);
        template.key_usage.insert(0, KeyUsage::DigitalSignature);
        template.extensions = extensions;
        template
    };
    let addresses = |host: &str| {
        let ocsp = format!("http://ocsp.{host}.test");
        let issuer = format!("http://crt.{host}.test/{host}.cer");
        vec![
            information_access(Some(&ocsp), &issuer),
            crl(&format!("http://crl.{host}.test/{host}.crl")),
        ]
    };
    let with_policy = |host: &str, id: &[u32]| [addresses(host), vec![policy(id)]].concat();

    let class_2 = Name::new()
        .country("US")
        .organization(starfield)
        .unit("Starfield Class 2 Certification Authority");
    let class_2 = Authority::root(&authority(class_2, None, vec![]), key("Starfield Class 2"));

    let g2 = Name::new()
        .country("US")
        .state("Arizona")
        .locality("Scottsdale")
        .organization(starfield)
        .common_name("Starfield Services Root Certificate Authority - G2");
    let g2_root = Authority::root(&authority(g2.clone(), None, vec![]), key("Starfield G2"));
    let g2_cross = class_2.intermediate(
        &authority(g2, None, with_policy("o.ss2", &ANY_POLICY)),
        key("Starfield G2"),
    );

    let ca_1 = amazon().common_name("Amazon Root CA 1");
    let ca_1_root = Authority::root(
        &authority(ca_1.clone(), None, vec![]),
        key("Amazon Root CA 1"),
    );
    let ca_1_cross = g2_root.intermediate(
        &authority(ca_1, None, with_policy("rootg2.amazontrust", &ANY_POLICY)),
        key("Amazon Root CA 1"),
    );

    let m01 = amazon().common_name("Amazon RSA 2048 M01");
    let mut m01 = authority(
        m01,
        Some(0),
        with_policy("rootca1.amazontrust", &DOMAIN_VALIDATED),
    );
    m01.purposes = vec![Purpose::ServerAuth, Purpose::ClientAuth];
    let m01 = ca_1_root.intermediate(&m01, key("Amazon RSA 2048 M01"));

    let names = [
        "iot.eu-central-1.amazonaws.com",
        "*.iot.eu-central-1.amazonaws.com",
    ];
    let mut leaf = Template::server(Name::cn(names[1]), &names.map(AltName::from)).valid(validity);
    leaf.purposes = vec![Purpose::ServerAuth, Purpose::ClientAuth];
    leaf.extensions = with_policy("r2m01.amazontrust", &DOMAIN_VALIDATED);
    leaf.extensions.push(certificate_timestamps(3));
    let leaf_key = key("AWS leaf");
    Chain {
        certificates: vec![
            m01.issue(&leaf, &leaf_key),
            m01.certificate,
            ca_1_cross.certificate,
            g2_cross.certificate,
        ],
        key: leaf_key,
        roots: vec![
            ca_1_root.certificate,
            g2_root.certificate,
            class_2.certificate,
        ],
        host: AWS_HOST.to_owned(),
    }
}

/// The templates that the two Let's Encrypt chains have in common.
struct LetsEncrypt {
    validity: Validity,
}

impl LetsEncrypt {
    /// ISRG Root X1, self-signed; the same in both chains.
    fn x1(&self) -> Authority {
        let name = Name::new()
            .country("US")
            .organization("Internet Security Research Group (lab)");
        let template = self.root(name.common_name("ISRG Root X1"));
        Authority::root(&template, KeyPair::shared(KeyKind::Rsa4096, "ISRG Root X1"))
    }

    fn root(&self, name: Name) -> Template {
        Template::authority(name, None).valid(self.validity)
    }

    /// A root's certificate when another root, `by`, signs it.
    fn cross(&self, name: Name, by: &str) -> Template {
        Template {
            extensions: Self::addresses(by, by),
            ..self.root(name)
        }
    }

    fn intermediate(&self, common_name: &str, by: &str) -> Template {
        let name = Name::new()
            .country("US")
            .organization("Let's Encrypt (lab)");
        let mut template =
            Template::authority(name.common_name(common_name), Some(0)).valid(self.validity);
        template.key_usage.insert(0, KeyUsage::DigitalSignature);
        template.purposes = vec![Purpose::ServerAuth];
        template.extensions = Self::addresses(by, by);
        template
    }

    fn leaf(&self, by: &str) -> Template {
        let host = LETSENCRYPT_HOST;
        let mut leaf = Template::server(Name::cn(host), &[host.into()]).valid(self.validity);
        leaf.extensions = Self::addresses(by, &format!("{by}.c"));
        leaf.extensions.push(certificate_timestamps(2));
        leaf
    }

    fn addresses(issuer: &str, crl_host: &str) -> Vec<Vec<u8>> {
        vec![
            information_access(None, &format!("http://{issuer}.i.lencr.test/")),
            policy(&DOMAIN_VALIDATED),
            crl(&format!("http://{crl_host}.lencr.test/11.crl")),
        ]
    }
}

fn build_letsencrypt_rsa(validity: Validity) -> Chain {
    let shared = LetsEncrypt { validity };
    let x1 = shared.x1();
    let yr = Name::new()
        .country("US")
        .organization("ISRG (lab)")
        .common_name("Root YR");
    let yr_key = KeyPair::shared(KeyKind::Rsa4096, "Root YR");
    let yr_root = Authority::root(&shared.root(yr.clone()), yr_key.clone());
    let yr_cross = x1.intermediate(&shared.cross(yr, "x1"), yr_key);
    let yr1_key = KeyPair::shared(KeyKind::Rsa2048, "YR1");
    let yr1 = yr_root.intermediate(&shared.intermediate("YR1", "yr"), yr1_key);
    let key = KeyPair::shared(KeyKind::Rsa2048, "Let's Encrypt leaf");
    let leaf = yr1.issue(&shared.leaf("yr1"), &key);
    Chain {
        certificates: vec![leaf, yr1.certificate, yr_cross.certificate],
        key,
        roots: vec![x1.certificate, yr_root.certificate],
        host: LETSENCRYPT_HOST.to_owned(),
    }
}

fn build_letsencrypt_ecdsa(validity: Validity) -> Chain {
    let shared = LetsEncrypt { validity };
    let x1 = shared.x1();
    let x2 = Name::new()
        .country("US")
        .organization("Internet Security Research Group (lab)")
        .common_name("ISRG Root X2");
    let x2_key = KeyPair::shared(KeyKind::P384, "ISRG Root X2");
    let x2_root = Authority::root(&shared.root(x2.clone()), x2_key.clone());
    let x2_cross = x1.intermediate(&shared.cross(x2, "x1"), x2_key);
    let ye = Name::new()
        .country("US")
        .organization("ISRG (lab)")
        .common_name("Root YE");
    let ye_key = KeyPair::shared(KeyKind::P384, "Root YE");
    let ye_root = Authority::root(&shared.root(ye.clone()), ye_key.clone());
    let ye_cross = x2_root.intermediate(&shared.cross(ye, "x2"), ye_key);
    let ye1_key = KeyPair::shared(KeyKind::P384, "YE1");
    let ye1 = ye_root.intermediate(&shared.intermediate("YE1", "ye"), ye1_key);
    let key = KeyPair::shared(KeyKind::P256, "Let's Encrypt leaf");
    let leaf = ye1.issue(&shared.leaf("ye1"), &key);
    Chain {
        certificates: vec![
            leaf,
            ye1.certificate,
            ye_cross.certificate,
            x2_cross.certificate,
        ],
        key,
        roots: vec![x2_root.certificate, x1.certificate, ye_root.certificate],
        host: LETSENCRYPT_HOST.to_owned(),
    }
}
