//! What Mosquitto, MQTT clients and the network below them print.

use super::{Answer, Topic};

/// By the words in the line; the first phrase is the title.
pub static TOPICS: [Topic; 20] = [
    Topic {
        phrases: &[
            "connection refused not authorised",
            "connection refused not authorized",
            "not authorised",
            "not authorized",
        ],
        happened: "The broker knows who the client is, or that it is nobody, and does not let it in (CONNACK 5).",
        causes: [
            "`allow_anonymous false` and the client sends neither user name nor password.",
            "The user name or password is wrong (MQTT 3.1.1 brokers say so with 5 as well), or the user is not in `password_file`.",
            "`use_identity_as_username` is set and the certificate's CN is not in the access list (AWS: no policy attached, or one without iot:Connect for this client id).",
        ],
        remedy: &[
            "Read the broker's log for the user name that it saw; then correct the password, the access list or the policy.",
        ],
    },
    Topic {
        phrases: &[
            "connection refused bad user name or password",
            "bad username or password",
            "bad user name or password",
        ],
        happened: "The broker does not accept user name and password (CONNACK 4).",
        causes: [
            "A misspelt password, or one with a blank or a shell's special character.",
            "The password file was changed and the broker has not read it again.",
            "User name and password of another broker.",
        ],
        remedy: &[
            "Set the password anew with `mosquitto_passwd`, and let the broker read it (SIGHUP).",
        ],
    },
    Topic {
        phrases: &[
            "connection refused identifier rejected",
            "identifier rejected",
            "client identifier not valid",
        ],
        happened: "The broker does not accept the client identifier (CONNACK 2).",
        causes: [
            "It is empty while a session is to be kept.",
            "It is too long (AWS: 128 bytes) or has other characters than allowed.",
            "A policy of the broker demands a prefix (`clientid_prefixes`).",
        ],
        remedy: &["Give every device its own short identifier of letters, digits and hyphens."],
    },
    Topic {
        phrases: &[
            "connection refused unacceptable protocol version",
            "unacceptable protocol version",
            "unsupported protocol version",
        ],
        happened: "The broker does not speak the version of MQTT that the client asked for (CONNACK 1).",
        causes: [
            "The client speaks MQTT 5 or 3.1, the broker 3.1.1 only (or the other way round).",
            "A bridge with the wrong `bridge_protocol_version`.",
            "Something else than MQTT was sent.",
        ],
        remedy: &["Set the client to MQTT 3.1.1, which every broker has."],
    },
    Topic {
        phrases: &[
            "connection refused broker unavailable",
            "broker unavailable",
            "server unavailable",
        ],
        happened: "The broker runs and does not take clients now (CONNACK 3).",
        causes: [
            "It is starting or shutting down.",
            "It has reached its limit of connections.",
            "Its backend (authentication, database) does not answer.",
        ],
        remedy: &["Try again with a growing pause, and read the broker's log."],
    },
    Topic {
        phrases: &[
            "disconnected protocol error",
            "protocol error",
            "due to protocol error",
        ],
        happened: "The broker received something that breaks the rules of MQTT, or no MQTT at all, and cut the client off.",
        causes: [
            "The TLS handshake failed: the client is `<unknown>` then, and the line before, `OpenSSL Error`, says why.",
            "The client speaks another protocol or version, or a plain client met a TLS port.",
            "The client sent a malformed packet, one before CONNECT, or a topic with a wildcard; often two packets were mixed while sending.",
        ],
        remedy: &[
            "Set `log_type all` at the broker for the packets before it; compare what the client sends with MQTT 3.1.1 section 3.",
        ],
    },
    Topic {
        phrases: &["exceeded timeout disconnecting", "exceeded timeout"],
        happened: "The broker heard nothing from the client for one and a half keep-alive intervals.",
        causes: [
            "The device lost its network or power without saying goodbye.",
            "Its loop is busy for longer than the keep-alive, so that no PINGREQ is sent.",
            "The keep-alive is too short for a device that sleeps.",
        ],
        remedy: &[
            "Call the client's poll more often, or make the keep-alive longer (AWS: 30 to 1200 s).",
        ],
    },
    Topic {
        phrases: &[
            "already connected closing old connection",
            "session taken over",
        ],
        happened: "A client connected with an identifier that was in use; the older connection was closed.",
        causes: [
            "Two devices have the same client identifier: a cloned image, a default that was not changed.",
            "The device reconnects before the broker has noticed that the old connection is dead: harmless if it happens once.",
            "The same program runs twice.",
        ],
        remedy: &["Give every device its own identifier, for example with its MAC address in it."],
    },
    Topic {
        phrases: &[
            "socket error on client",
            "bad socket read write on client",
            "disconnected connection reset by peer",
        ],
        happened: "The connection to a client broke in the middle.",
        causes: [
            "The device was reset, lost its power or its radio.",
            "The TLS handshake failed: the line before it says why.",
            "A NAT or firewall dropped an idle connection.",
        ],
        remedy: &[
            "Read the line before it; make the keep-alive shorter if it happens after the same idle time.",
        ],
    },
    Topic {
        phrases: &["closed its connection"],
        happened: "The client closed the connection without an MQTT DISCONNECT.",
        causes: [
            "The client gave up: no CONNACK in time, or it did not accept the server's certificate.",
            "The device restarts.",
            "A program ended without closing its session.",
        ],
        remedy: &["Look into the client's log at that time; the broker has nothing more to say."],
    },
    Topic {
        phrases: &["a tls error occurred", "tls error"],
        happened: "The TLS handshake or the connection failed; the reason is in a line before or in the broker's log.",
        causes: [
            "The CA file is not that of the server's authority.",
            "The host name is not in the server's certificate.",
            "The server demands a client certificate.",
        ],
        remedy: &[
            "Run mosquitto_pub with `-d`, and `openssl s_client -connect HOST:PORT -CAfile ca.pem` for the reason.",
        ],
    },
    Topic {
        phrases: &[
            "a network protocol error occurred when communicating with the broker",
            "network protocol error",
        ],
        happened: "What the broker answered is not MQTT.",
        causes: [
            "A plain client on a TLS port, or the other way round.",
            "The port belongs to WebSockets or HTTP.",
            "A proxy in between.",
        ],
        remedy: &["Give `--cafile` for TLS ports; check the port."],
    },
    Topic {
        phrases: &[
            "unable to load ca certificates",
            "unable to load certificate authority",
        ],
        happened: "Mosquitto cannot read `cafile` or `capath`.",
        causes: [
            "Its user `mosquitto` has no right to read the file or to enter a folder above it.",
            "The path is wrong, or relative to another folder.",
            "The file holds no PEM certificate.",
        ],
        remedy: &[
            "`sudo -u mosquitto cat FILE` must work; `bearcub fingerprint FILE` says what it is.",
        ],
    },
    Topic {
        phrases: &[
            "unable to load server certificate",
            "unable to load server key file",
            "unable to load server key",
            "unable to load client certificate",
            "unable to load client key file",
        ],
        happened: "Certificate or private key cannot be read, or do not belong together.",
        causes: [
            "The user `mosquitto` may not read the key (keys are for root only after installation).",
            "Key and certificate are of two different pairs.",
            "The key has a passphrase, or a path is wrong.",
        ],
        remedy: &[
            "Make the user `mosquitto` the owner of the key (mode 0600); `bearcub fingerprint` of both must print the same pin.",
        ],
    },
    Topic {
        phrases: &["address already in use"],
        happened: "Another program listens on this port.",
        causes: [
            "Mosquitto runs already, as a service.",
            "Two `listener` lines with the same port.",
            "Another broker or program has the port.",
        ],
        remedy: &["`ss -ltnp` shows who; stop it, or take another port."],
    },
    Topic {
        phrases: &["unable to open config file", "error found at"],
        happened: "Mosquitto's configuration cannot be read.",
        causes: [
            "The path is wrong.",
            "The user may not read it.",
            "A line in it is misspelt, or belongs into a listener's part.",
        ],
        remedy: &["The line number is in the message; `mosquitto -c FILE -v` shows more."],
    },
    Topic {
        phrases: &[
            "connection refused",
            "no connection could be made",
            "econnrefused",
        ],
        happened: "Nothing listens at this address and port.",
        causes: [
            "The server does not run, or listens on 127.0.0.1 only (Mosquitto 2 without a `listener` line).",
            "The port is wrong: 8883 is MQTT over TLS, 1883 is without.",
            "A firewall rejects the connection.",
        ],
        remedy: &["`ss -ltn` on the server shows where it listens; add `listener 8883`."],
    },
    Topic {
        phrases: &["connection timed out", "operation timed out", "etimedout"],
        happened: "No answer came to the attempt to connect.",
        causes: [
            "A firewall or security group drops the packets.",
            "The address is wrong or the server is off.",
            "The network of the device has no way to it.",
        ],
        remedy: &["Try from another machine in the same network: `bearcub fingerprint HOST:PORT`."],
    },
    Topic {
        phrases: &[
            "name or service not known",
            "lookup error",
            "temporary failure in name resolution",
            "nodename nor servname provided",
        ],
        happened: "The host name could not be resolved.",
        causes: [
            "The name is misspelt.",
            "There is no DNS server, or it does not answer.",
            "A name of the local network (.local) without mDNS.",
        ],
        remedy: &[
            "Resolve the name on the same network; on a device, wait until it has an address and a DNS server.",
        ],
    },
    Topic {
        phrases: &["the connection was lost", "connection lost"],
        happened: "The connection ended without a reason being told.",
        causes: [
            "The broker refused the certificate or the CONNECT and closed at once: its log says why.",
            "Another client took over the identifier.",
            "The network broke.",
        ],
        remedy: &["Read the broker's log at that time."],
    },
];

/// What a broker answers to CONNECT (MQTT 3.1.1 section 3.2.2.3), and what Tasmota and PubSubClient print as `rc`.
pub fn mqtt_status(number: i32) -> Option<Answer> {
    let phrase = match number {
        1 => "connection refused unacceptable protocol version",
        2 => "connection refused identifier rejected",
        3 => "connection refused broker unavailable",
        4 => "connection refused bad user name or password",
        5 | 7 => "connection refused not authorised",
        -4 => "connection timed out",
        -3 => "the connection was lost",
        -2 => "connection refused",
        -1 => "closed its connection",
        _ => return None,
    };
    let topic = TOPICS
        .iter()
        .find(|topic| topic.phrases.contains(&phrase))?;
    let mut answer = topic.answer();
    answer.title = format!("MQTT return code {number}: {}", answer.title);
    if number == -2 {
        answer.happened =
            "The client got no connection to the broker: TCP or TLS failed, and MQTT never began."
                .to_owned();
    }
    Some(answer)
}
