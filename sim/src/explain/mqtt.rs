//! The three likeliest causes of errors of MQTT.

use bearcub::Error;
use bearcub::error::{
    ConfigError, MqttMisuse, MqttResource, NetworkError, PeerError, Refusal, ResourceError,
};

/// Of an error, if it is one of MQTT.
pub fn of(error: &Error) -> Option<[&'static str; 3]> {
    Some(match error {
        Error::Peer(PeerError::Refused(refusal)) => refused(*refusal),
        Error::Peer(PeerError::Mqtt(_)) => [
            "What answers is no MQTT broker, or a bridge or proxy that changes packets.",
            "The broker speaks MQTT 5 to this client, or has a fault.",
            "Two programs use one connection, so that packets are mixed.",
        ],
        Error::Config(ConfigError::Mqtt(misuse)) => misused(*misuse),
        Error::Resource(ResourceError::Mqtt(resource)) => lacking(*resource),
        Error::Network(NetworkError::NoConnAck) => [
            "The port speaks something else than MQTT, or MQTT over WebSocket.",
            "The broker is busy, or asks another service about the credentials, which is slow.",
            "A firewall lets the connection through and swallows what follows.",
        ],
        Error::Network(NetworkError::NoPingResp) => [
            "The link is dead: Wi-Fi was lost, or a router has forgotten the connection.",
            "The program did not call the client for longer than the keep-alive.",
            "The broker hangs.",
        ],
        Error::Network(NetworkError::ClosedBeforeConnAck) => [
            "The broker refuses without saying so, as some do for credentials, client identifiers or certificates.",
            "The port wants TLS, or TLS without a name that it knows.",
            "The broker speaks MQTT 5 only.",
        ],
        _ => return None,
    })
}

fn refused(refusal: Refusal) -> [&'static str; 3] {
    match refusal {
        Refusal::ProtocolVersion => [
            "The broker is configured for MQTT 5 alone.",
            "The port belongs to a bridge that speaks another version.",
            "What answers is not the broker that was meant.",
        ],
        Refusal::ClientId => [
            "The client identifier is empty, or longer than the broker takes.",
            "The broker's rules allow certain identifiers only.",
            "An empty identifier was combined with a session that is to be kept.",
        ],
        Refusal::ServerUnavailable => [
            "The broker is starting, stopping or overloaded.",
            "The service that it asks about credentials is down.",
            "Its limit of connections is reached.",
        ],
        _ => [
            "User name or password is wrong, or the password's file ends in a character too many.",
            "The user or the certificate may not connect: the broker's users, access list or policy leaves it out.",
            "The client identifier is not the one that the policy names.",
        ],
    }
}

fn misused(misuse: MqttMisuse) -> [&'static str; 3] {
    match misuse {
        MqttMisuse::Unverified => [
            "The trust learns whoever answers: that is enough to take a pin, and not to tell a password or a will.",
            "The pin that was learned is not stored, so that the device learns every time.",
            "The connection is plain text, and the program does not say that it wants that.",
        ],
        MqttMisuse::LimitPayload
        | MqttMisuse::LimitClientId
        | MqttMisuse::LimitTopicLength
        | MqttMisuse::LimitTopicLevels
        | MqttMisuse::LimitFilters
        | MqttMisuse::LimitSubscriptions
        | MqttMisuse::LimitKeepAlive
        | MqttMisuse::LimitQoS => [
            "The program was written for a broker with other limits.",
            "The profile of the broker is set, and the connection goes to another one.",
            "Topics or payloads are put together from parts that became longer.",
        ],
        _ => [
            "A topic, a filter or an option is put together from parts, one of which is empty or has a wildcard in it.",
            "Calls come in an order that the session does not allow, as after a lost connection.",
            "A name is wrong in the program.",
        ],
    }
}

fn lacking(resource: MqttResource) -> [&'static str; 3] {
    match resource {
        MqttResource::Input => [
            "A topic, or a packet that is no message, is longer than the input buffer.",
            "A filter with a wildcard lets longer topics in than were thought of.",
            "The buffer was sized for payloads, and not for topic and header beside them.",
        ],
        MqttResource::Output => [
            "A message of QoS 0, or its topic, is longer than the output buffer.",
            "The message is to be published in pieces.",
            "The buffer was sized for payloads, and not for topic and header beside them.",
        ],
        _ => [
            "More is published than the link carries: messages pile up while the broker is away.",
            "The store, or the number of slots, is smaller than what waits for its acknowledgement.",
            "The broker does not acknowledge: the connection is dead, and keep-alive has not told yet.",
        ],
    }
}
