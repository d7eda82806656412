//! A tape as TCP packets, and back.

use std::time::Duration;

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TcpHeader, TcpSlice, TransportSlice};

use super::container::Packet;
use crate::failure::Failure;
use crate::tape::{Direction, Segment, Tape};

/// Addresses that are reserved for documentation (RFC 5737, RFC 7042).
const CLIENT: End = End {
    mac: [0x00, 0x00, 0x5e, 0x00, 0x53, 0x01],
    ip: [192, 0, 2, 1],
    first: 1000,
};
const SERVER: End = End {
    mac: [0x00, 0x00, 0x5e, 0x00, 0x53, 0x02],
    ip: [192, 0, 2, 2],
    first: 2000,
};
/// The client's port; an ephemeral one.
const CLIENT_PORT: u16 = 49_152;
const WINDOW: u16 = 65_535;
/// Bytes of payload in a packet, at most.
const PAYLOAD_MAX: usize = 1460;

struct End {
    mac: [u8; 6],
    ip: [u8; 4],
    /// The sequence number of its SYN.
    first: u32,
}

/// Sequence numbers of both sides while packets are made.
struct Writer {
    port: u16,
    client: u32,
    server: u32,
    packets: Vec<Packet>,
}

impl Writer {
    fn push(
        &mut self,
        from: Direction,
        at: Duration,
        flags: fn(&mut TcpHeader),
        payload: &[u8],
    ) -> Result<(), Failure> {
        let (source, destination, ports, numbers) = match from {
            Direction::ToServer => (
                CLIENT,
                SERVER,
                (CLIENT_PORT, self.port),
                (self.client, self.server),
            ),
            Direction::ToClient => (
                SERVER,
                CLIENT,
                (self.port, CLIENT_PORT),
                (self.server, self.client),
            ),
        };
        let mut header = TcpHeader::new(ports.0, ports.1, numbers.0, WINDOW);
        header.ack = true;
        header.acknowledgment_number = numbers.1;
        flags(&mut header);
        if !header.ack {
            header.acknowledgment_number = 0;
        }
        let advance = payload.len() as u32 + u32::from(header.syn) + u32::from(header.fin);
        let builder = PacketBuilder::ethernet2(source.mac, destination.mac)
            .ipv4(source.ip, destination.ip, 64)
            .tcp_header(header);
        let mut bytes = Vec::with_capacity(builder.size(payload.len()));
        builder
            .write(&mut bytes, payload)
            .map_err(|error| Failure::Other(format!("a packet of the recording: {error}")))?;
        self.packets.push(Packet { at, bytes });
        let number = match from {
            Direction::ToServer => &mut self.client,
            Direction::ToClient => &mut self.server,
        };
        *number = number.wrapping_add(advance);
        Ok(())
    }
}

/// The packets of a connection: opened, the bytes, closed.
pub(super) fn build(tape: &Tape, port: u16) -> Result<Vec<Packet>, Failure> {
    let mut writer = Writer {
        port,
        client: CLIENT.first,
        server: SERVER.first,
        packets: Vec::new(),
    };
    let start = Duration::ZERO;
    let syn = |header: &mut TcpHeader| (header.syn, header.ack) = (true, false);
    writer.push(Direction::ToServer, start, syn, &[])?;
    writer.push(Direction::ToClient, start, |header| header.syn = true, &[])?;
    writer.push(Direction::ToServer, start, |_| {}, &[])?;
    let mut last = start;
    for segment in &tape.segments {
        for payload in segment.bytes.chunks(PAYLOAD_MAX) {
            writer.push(
                segment.direction,
                segment.at,
                |header| header.psh = true,
                payload,
            )?;
        }
        last = segment.at;
    }
    writer.push(Direction::ToServer, last, |header| header.fin = true, &[])?;
    writer.push(Direction::ToClient, last, |header| header.fin = true, &[])?;
    writer.push(Direction::ToServer, last, |_| {}, &[])?;
    Ok(writer.packets)
}

/// One side of the connection while packets are read.
struct Reader {
    next: u32,
    finished: bool,
}

/// The bytes of the one connection in the packets.
pub(super) fn parse(packets: &[Packet]) -> Result<Tape, Failure> {
    let mut tape = Tape::default();
    let mut client_port = None;
    let mut sides: [Option<Reader>; 2] = [None, None];
    for (index, packet) in packets.iter().enumerate() {
        let wrong = |what: &str| Failure::Recording(format!("packet {}: {what}", index + 1));
        let tcp = tcp_of(&packet.bytes).map_err(|what| wrong(&what))?;
        let ports = (tcp.source_port(), tcp.destination_port());
        let client = *client_port.get_or_insert(ports);
        let direction = if ports == client {
            Direction::ToServer
        } else if ports == (client.1, client.0) {
            Direction::ToClient
        } else {
            return Err(wrong("belongs to another connection"));
        };
        let side = &mut sides[direction as usize];
        let number = tcp.sequence_number();
        if tcp.syn() {
            if side.is_some() || !tcp.payload().is_empty() {
                return Err(wrong("opens the connection again"));
            }
            *side = Some(Reader {
                next: number.wrapping_add(1),
                finished: false,
            });
            continue;
        }
        let side = side
            .as_mut()
            .ok_or_else(|| wrong("comes before the connection is opened"))?;
        if number != side.next {
            return Err(wrong(&format!(
                "has sequence number {number} where {} is next",
                side.next
            )));
        }
        let payload = tcp.payload();
        if side.finished && !payload.is_empty() {
            return Err(wrong("has data after the end of its direction"));
        }
        side.next = side
            .next
            .wrapping_add(payload.len() as u32 + u32::from(tcp.fin()));
        side.finished |= tcp.fin();
        if !payload.is_empty() {
            tape.segments.push(Segment {
                direction,
                at: packet.at,
                bytes: payload.to_vec(),
            });
        }
    }
    if sides.iter().flatten().filter(|side| side.finished).count() != 2 {
        return Err(Failure::Recording(format!(
            "the connection is not closed at the end of its {} packets: the file is cut short",
            packets.len()
        )));
    }
    Ok(tape)
}

fn tcp_of(bytes: &[u8]) -> Result<TcpSlice<'_>, String> {
    let packet = SlicedPacket::from_ethernet(bytes).map_err(|error| error.to_string())?;
    let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) = (packet.net, packet.transport)
    else {
        return Err("is not TCP over IPv4".to_owned());
    };
    let header = ip.header().to_header();
    if header.calc_header_checksum() != header.header_checksum {
        return Err("has a wrong IP checksum".to_owned());
    }
    let checksum = tcp.calc_checksum_ipv4(header.source, header.destination);
    if checksum != Ok(tcp.checksum()) {
        return Err("has a wrong TCP checksum".to_owned());
    }
    Ok(tcp)
}
