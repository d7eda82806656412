//! What Mosquitto, MQTT clients and the network below them print.

use super::{Answer, Topic};

/// By the words in the line; the first phrase is the title.
pub static TOPICS: [Topic; 31] = [
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
            "errno 111",
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
        phrases: &[
            "connection timed out",
            "operation timed out",
            "etimedout",
            "errno 110",
        ],
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
    Topic {
        phrases: &[
            "problem setting tls options file not found",
            "problem setting tls options",
        ],
        happened: "A client (mosquitto_pub, mosquitto_sub, a bridge) was given a file for TLS that it cannot open, or that is not what it should be.",
        causes: [
            "A path after --cafile, --cert or --key is misspelt, or relative to another folder.",
            "The user that runs the client may not read the file; keys are often for root alone.",
            "--cert and --key are not given together, or a folder is given where a file is wanted.",
        ],
        remedy: &[
            "`ls -l` each file as the same user; `bearcub fingerprint FILE` says what it holds.",
        ],
    },
    Topic {
        phrases: &["outgoing messages are being dropped"],
        happened: "The broker has more messages for a client than it keeps, and drops those that come.",
        causes: [
            "The client is away, with a session that is kept, for longer than the queue lasts (max_queued_messages, 1,000).",
            "The client acknowledges slowly or not at all: its loop is busy, or its link is slow.",
            "A filter with wildcards brings it more than it was meant to get.",
        ],
        remedy: &[
            "Let the client poll more often or subscribe to less; raise `max_queued_messages`, or `max_queued_bytes`, at the broker; let an unused session be forgotten (`bearcub subscribe -i NAME -t x -E`).",
        ],
    },
    Topic {
        phrases: &["unknown configuration variable"],
        happened: "A line of Mosquitto's configuration begins with a word that this version does not know.",
        causes: [
            "The word is misspelt, or has a `=` behind it: name and value are separated by a blank.",
            "It belongs to another version: `listener`, `allow_anonymous` and others have changed with Mosquitto 2.",
            "The line is of another file, as an access list or a list of passwords.",
        ],
        remedy: &[
            "The line number is in the next message; `man mosquitto.conf` has all words; `mosquitto -c FILE -v` tries it.",
        ],
    },
    Topic {
        phrases: &[
            "unable to load crl",
            "unable to load certificate revocation file",
        ],
        happened: "Mosquitto cannot read `crlfile`.",
        causes: [
            "The file is DER, or empty: PEM is wanted.",
            "Its user `mosquitto` has no right to read it.",
            "The path is wrong.",
        ],
        remedy: &[
            "`openssl crl -in FILE -noout -text` must work as the user `mosquitto`; `bearcub ca` keeps a list as crl.pem.",
        ],
    },
    Topic {
        phrases: &["starting in local only mode"],
        happened: "Mosquitto 2 without a `listener` line listens on this machine's own address only.",
        causes: [
            "There is no configuration, or it was not given with -c.",
            "The configuration has no `listener` line.",
            "The service reads another file than the one that was edited.",
        ],
        remedy: &["Add `listener 8883` with its certificates, and start the broker again."],
    },
    Topic {
        phrases: &["denied publish", "denied subscribe", "acl denying access"],
        happened: "The broker's access list does not let this client publish or subscribe there.",
        causes: [
            "The topic is not among those of the user in `acl_file`, or the user name is another one than was meant.",
            "With `use_identity_as_username` the user is the certificate's CN.",
            "A `pattern` line has %c where %u is meant, or the other way round.",
        ],
        remedy: &[
            "Read the user name in the log's `New client connected … u'NAME'`; a line like `pattern readwrite plant/%u/#` gives each user its own topics.",
        ],
    },
    Topic {
        phrases: &[
            "has world readable permissions",
            "owner is not",
            "group is not",
        ],
        happened: "A file with passwords, rights or keys can be read by others than the broker; later versions refuse it.",
        causes: [
            "It was copied with the usual mode 0644.",
            "It belongs to root, or to the user who made it.",
            "It lies on a file system without modes.",
        ],
        remedy: &["`chown mosquitto FILE && chmod 600 FILE`."],
    },
    Topic {
        phrases: &[
            "unable to open pwfile",
            "unable to open password file",
            "corrupt password file",
            "invalid password hash",
        ],
        happened: "Mosquitto cannot read the passwords of its users.",
        causes: [
            "The path after `password_file` is wrong, or its user `mosquitto` may not read it.",
            "The file holds passwords in plain text: they are hashed by mosquitto_passwd.",
            "A line was written by hand.",
        ],
        remedy: &[
            "Make it with `mosquitto_passwd -c FILE NAME`, and let the user `mosquitto` read it.",
        ],
    },
    Topic {
        phrases: &[
            "unable to open log file",
            "unable to write pid file",
            "unable to open pid file",
        ],
        happened: "Mosquitto may not write its log or its process number where the configuration says.",
        causes: [
            "It was started by hand, and the folder belongs to the service.",
            "Another run of it, as root, made the file.",
            "The folder does not exist.",
        ],
        remedy: &[
            "Stop the service first, or leave `log_dest file` and `pid_file` out of the configuration that is tried by hand.",
        ],
    },
    Topic {
        phrases: &[
            "no route to host",
            "network is unreachable",
            "errno 113",
            "errno 101",
        ],
        happened: "There is no way to this address.",
        causes: [
            "The device or computer is not in that network, or has no gateway.",
            "The address is wrong, or of IPv6 where there is none.",
            "A firewall answers for the server.",
        ],
        remedy: &[
            "Try from another machine in the same network; look at the address that the name stands for.",
        ],
    },
    Topic {
        phrases: &[
            "connection reset by peer",
            "errno 104",
            "econnreset",
            "broken pipe",
            "errno 32",
        ],
        happened: "The other side threw the connection away.",
        causes: [
            "The server refused the handshake without an alert, or was restarted; its log says why.",
            "Something between (a firewall, a NAT, a load balancer) has forgotten the connection.",
            "The port is for another protocol.",
        ],
        remedy: &[
            "Read the server's log at that time; `bearcub probe HOST:PORT` shows in which step it happens.",
        ],
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
