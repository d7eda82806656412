//! What a puppet is told: a list of steps, as bytes that stay a list when they are mutated.

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Do {
    /// Sends a ServerHello; the step's bytes are [edits](edit).
    ServerHello,
    /// Sends the certificates; edits.
    Certificate,
    /// Sends a ServerKeyExchange; edits.
    ServerKeyExchange,
    /// Sends a ServerKeyExchange whose parameters were edited before they were signed.
    SignedKeyExchange,
    /// Asks for a certificate; edits.
    CertificateRequest,
    /// Sends a ServerHelloDone; edits.
    ServerHelloDone,
    /// Sends a ChangeCipherSpec (with the step's bytes, if there are any), and encrypts from now on if it can.
    ChangeCipherSpec,
    /// Sends a Finished; edits.
    Finished,
    /// Sends application data.
    Data,
    /// Sends an alert; the step's bytes are its content.
    Alert,
    /// Sends a HelloRequest.
    HelloRequest,
    /// Sends a record: type, version's second byte, content; encrypted if everything is.
    Record,
    /// Puts bytes on the wire, as they are.
    Raw,
    /// From now on content is split at this length (two bytes; 0 is the largest).
    Split,
    /// Flips bits of the next record on the wire: place, mask.
    Corrupt,
    /// Sends a handshake message: type, content.
    Message,
    /// Leaves out a record's number.
    Skip,
    /// Sends the last record once more.
    Replay,
}

/// All of them, by number.
const ALL: [Do; 18] = [
    Do::ServerHello,
    Do::Certificate,
    Do::ServerKeyExchange,
    Do::SignedKeyExchange,
    Do::CertificateRequest,
    Do::ServerHelloDone,
    Do::ChangeCipherSpec,
    Do::Finished,
    Do::Data,
    Do::Alert,
    Do::HelloRequest,
    Do::Record,
    Do::Raw,
    Do::Split,
    Do::Corrupt,
    Do::Message,
    Do::Skip,
    Do::Replay,
];

/// A step and its bytes.
pub type Step = (Do, Vec<u8>);

/// Reads steps: a number, a length in two bytes, bytes. What is cut off at the end is left out.
pub fn read(mut bytes: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    while let [number, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (body, behind) = rest.split_at(length.min(rest.len()));
        steps.push((ALL[usize::from(*number) % ALL.len()], body.to_vec()));
        bytes = behind;
    }
    steps
}

/// Writes steps.
pub fn write(steps: &[Step]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (what, body) in steps {
        let body = &body[..body.len().min(0xffff)];
        bytes.push(*what as u8);
        bytes.extend((body.len() as u16).to_be_bytes());
        bytes.extend(body);
    }
    bytes
}

/// Mutates: the steps among themselves, or one of them inside.
pub fn mutate(bytes: &[u8], random: &mut crate::random::Random) -> Vec<u8> {
    let mut steps = read(bytes);
    if steps.is_empty() {
        steps.push((ALL[random.below(ALL.len())], Vec::new()));
    }
    let one = random.below(steps.len());
    match random.below(8) {
        0 if steps.len() < 60 => {
            let step = (ALL[random.below(ALL.len())], Vec::new());
            steps.insert(random.below(steps.len() + 1), step);
        }
        1 if steps.len() < 60 => {
            let copy = steps[one].clone();
            steps.insert(random.below(steps.len() + 1), copy);
        }
        2 => drop(steps.remove(one)),
        3 => {
            let other = random.below(steps.len());
            steps.swap(one, other);
        }
        4 => {
            let edit = [
                random.byte() % 2,
                random.byte(),
                random.byte(),
                random.byte(),
            ];
            steps[one].1.extend(edit);
        }
        _ => crate::framing::mutate_part(&mut steps[one].1, 0x4400),
    }
    write(&steps)
}

/// Applies edits of four bytes each: a place in two bytes, what to do (set, insert, delete, flip bits), a value.
pub fn edit(mut message: Vec<u8>, edits: &[u8]) -> Vec<u8> {
    for edit in edits.chunks_exact(4) {
        let at = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % (message.len() + 1);
        match (edit[2] % 4, message.get_mut(at)) {
            (0, Some(byte)) => *byte = edit[3],
            (2, Some(_)) => drop(message.remove(at)),
            (3, Some(byte)) => *byte ^= edit[3],
            _ => message.insert(at, edit[3]),
        }
    }
    message
}
