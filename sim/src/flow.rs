//! The messages of a connection, read from its bytes.

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
/// The handshake message that carries certificates.
const CERTIFICATE: u8 = 11;

/// One message, or one record of another kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// As the RFCs call it.
    pub name: &'static str,
    /// Bytes, without the record's header; of a message that was cut off, those that came.
    pub length: usize,
    /// Where in the stream the record ends that holds its last byte.
    pub end: usize,
    /// Whether all of it came.
    pub is_complete: bool,
}

/// What one side has sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// In order.
    pub messages: Vec<Seen>,
    /// The certificates that came whole, in DER, in the order in which they were sent.
    pub certificates: Vec<Vec<u8>>,
}

impl Flow {
    /// Messages of the handshake, ChangeCipherSpec included.
    pub fn handshake_messages(&self) -> usize {
        let other = ["alert", "application data"];
        let counted = |seen: &&Seen| seen.is_complete && !other.contains(&seen.name);
        self.messages.iter().filter(counted).count()
    }

    /// Reads one direction of a connection. What is not TLS ends it; of a message that is cut off, the part that came is read.
    pub fn read(stream: &[u8]) -> Flow {
        let mut flow = Flow::default();
        let (mut encrypted, mut handshake) = (false, Vec::new());
        let mut rest = stream;
        while let Some((header, behind)) = rest.split_first_chunk::<5>() {
            let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
            let cut_off = behind.len() < len;
            let (payload, behind) = behind.split_at(len.min(behind.len()));
            rest = behind;
            let end = stream.len() - rest.len();
            let name = match (header[0], encrypted) {
                (HANDSHAKE, false) => {
                    handshake.extend_from_slice(payload);
                    flow.take_messages(&mut handshake, end);
                    continue;
                }
                _ if cut_off => break,
                (HANDSHAKE, true) => "Finished",
                (CHANGE_CIPHER_SPEC, _) => {
                    encrypted = true;
                    "ChangeCipherSpec"
                }
                (ALERT, _) => "alert",
                (APPLICATION_DATA, _) => "application data",
                _ => break,
            };
            flow.push(name, len, end, true);
        }
        if let Some((&[kind, ..], body)) = handshake.split_first_chunk::<4>() {
            flow.push(message_name(kind), handshake.len(), stream.len(), false);
            if kind == CERTIFICATE {
                flow.certificates = certificates(body);
            }
        }
        flow
    }

    fn push(&mut self, name: &'static str, length: usize, end: usize, is_complete: bool) {
        self.messages.push(Seen {
            name,
            length,
            end,
            is_complete,
        });
    }

    /// Takes the messages that are complete; the last of them ends there.
    fn take_messages(&mut self, buffer: &mut Vec<u8>, end: usize) {
        while let Some(&[kind, a, b, c]) = buffer.first_chunk::<4>() {
            let len = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
            let Some(body) = buffer.get(4..).and_then(|body| body.get(..len)) else {
                return;
            };
            if kind == CERTIFICATE {
                self.certificates = certificates(body);
            }
            self.push(message_name(kind), 4 + len, end, true);
            buffer.drain(..4 + len);
        }
    }
}

/// RFC 5246 section 7.4, and RFC 5077 and 6066 for the two that came later.
fn message_name(kind: u8) -> &'static str {
    match kind {
        0 => "HelloRequest",
        1 => "ClientHello",
        2 => "ServerHello",
        4 => "NewSessionTicket",
        CERTIFICATE => "Certificate",
        12 => "ServerKeyExchange",
        13 => "CertificateRequest",
        14 => "ServerHelloDone",
        15 => "CertificateVerify",
        16 => "ClientKeyExchange",
        20 => "Finished",
        22 => "CertificateStatus",
        _ => "unknown message",
    }
}

fn certificates(body: &[u8]) -> Vec<Vec<u8>> {
    let mut list = Vec::new();
    let mut rest = body.get(3..).unwrap_or_default();
    while let Some((&[a, b, c], behind)) = rest.split_first_chunk::<3>() {
        let len = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
        let Some((certificate, behind)) = behind.split_at_checked(len) else {
            break;
        };
        list.push(certificate.to_vec());
        rest = behind;
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_put_together_from_records() {
        let certificate = [11, 0, 0, 9, 0, 0, 6, 0, 0, 3, 1, 2, 3];
        let mut stream = vec![22, 3, 3, 0, 5];
        stream.extend_from_slice(&certificate[..5]);
        stream.extend_from_slice(&[22, 3, 3, 0, 12]);
        stream.extend_from_slice(&certificate[5..]);
        stream.extend_from_slice(&[14, 0, 0, 0]);
        stream.extend_from_slice(&[
            20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 2, 9, 9, 21, 3, 3, 0, 2, 9, 9,
        ]);
        let flow = Flow::read(&stream);
        let names: Vec<_> = flow.messages.iter().map(|seen| seen.name).collect();
        assert_eq!(
            names,
            [
                "Certificate",
                "ServerHelloDone",
                "ChangeCipherSpec",
                "Finished",
                "alert"
            ]
        );
        assert_eq!(flow.certificates, [[1, 2, 3]]);
        assert_eq!(flow.handshake_messages(), 4);
    }

    #[test]
    fn of_a_message_that_is_cut_off_the_part_that_came_is_read() {
        let certificates = [0, 0, 3, 1, 2, 3, 0, 0, 3, 4, 5, 6];
        let mut stream = vec![22, 3, 3, 0, 20, 11, 0, 0, 15, 0, 0, 12];
        stream.extend_from_slice(&certificates);
        let flow = Flow::read(&stream[..stream.len() - 1]);
        assert_eq!(flow.certificates, [[1, 2, 3]]);
        assert_eq!(flow.messages.len(), 1);
        assert!(!flow.messages[0].is_complete);
        assert_eq!(
            (flow.messages[0].name, flow.messages[0].length),
            ("Certificate", 18)
        );
        assert_eq!(flow.handshake_messages(), 0);
    }

    #[test]
    fn what_is_not_tls_is_no_message() {
        assert_eq!(Flow::read(b"HTTP/1.1 400 Bad Request\r\n"), Flow::default());
        assert_eq!(Flow::read(&[22, 3, 3, 0]), Flow::default());
    }
}
