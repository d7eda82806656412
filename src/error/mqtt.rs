//! What can go wrong with MQTT, sorted as everything else by who must act.
//!
//! Each entry is a variant, its number, the rule of MQTT 3.1.1 that it stands for, its sentence, cause and remedy. Enum,
//! numbers, `Display` and explanations all come from that one entry.

use core::fmt;

use super::Explanation;

macro_rules! explained {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $( $(#[doc = $doc:literal])* $variant:ident = $code:literal, $rule:expr, $sentence:literal, $cause:literal, $remedy:literal; )*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        #[repr(i16)]
        pub enum $name {
            $( $(#[doc = $doc])* #[doc = concat!("\n\nNumber ", stringify!($code), ".")] $variant = $code, )*
        }

        impl $name {
            /// Every variant, in the order of the list.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];

            /// The normative statement of MQTT 3.1.1 (its appendix B) that this is about, or the section where the
            /// standard has no numbered statement; empty where it is not the standard's matter.
            pub const fn rule(self) -> &'static str {
                match self {
                    $( Self::$variant => $rule, )*
                }
            }

            pub(crate) const fn code(self) -> i32 {
                self as i32
            }

            /// Inlined, so that a caller who knows a range of numbers that are all taken needs no table.
            #[inline(always)]
            pub(crate) const fn from_code(code: i32) -> Option<Self> {
                match code {
                    $( $code => Some(Self::$variant), )*
                    _ => None,
                }
            }

            pub(super) fn explain(self) -> Explanation {
                match self {
                    $( Self::$variant => Explanation { cause: $cause, remedy: $remedy }, )*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $( Self::$variant => $sentence, )*
                })?;
                match self.rule() {
                    "" => Ok(()),
                    rule => write!(f, " ({rule})"),
                }
            }
        }

        impl core::error::Error for $name {}
    };
}

explained! {
    /// Why a broker refused a connection: the return code of its CONNACK (MQTT 3.1.1 section 3.2.2.3).
    pub enum Refusal {
        /// Return code 1.
        ProtocolVersion = -2001, "MQTT-3.1.2-2",
            "the broker does not speak MQTT 3.1.1",
            "The broker speaks another version only, as some brokers for MQTT 5 do when they are so configured.",
            "Allow MQTT 3.1.1 on the broker's listener.";
        /// Return code 2.
        ClientId = -2002, "MQTT-3.1.3-9",
            "the broker refuses the client identifier",
            "The client identifier has characters or a length that the broker does not allow, or is empty where the broker gives none.",
            "Use letters, digits and `-`, at most 23 of them, for an identifier that every broker takes; AWS IoT Core takes 128 bytes.";
        /// Return code 3.
        ServerUnavailable = -2003, "",
            "the broker is unavailable",
            "The broker is up and cannot serve at the moment: it is starting, overloaded, or lost its own backend.",
            "Try again later, with a back-off.";
        /// Return code 4.
        BadCredentials = -2004, "",
            "the broker refuses user name or password",
            "User name or password is malformed or wrong.",
            "Compare both with what the broker has (mosquitto_passwd), and mind invisible characters at their ends.";
        /// Return code 5.
        NotAuthorised = -2005, "",
            "the broker does not authorise this client",
            "The broker wants a user name, a client certificate, or an entry in its access list that this client does not have. Mosquitto says this to wrong passwords too.",
            "Check user name and password, and the broker's rules for this client identifier.";
        /// Return code 7, which AWS IoT Core sends and the standard does not have.
        AwsNotAuthorised = -2007, "",
            "AWS IoT Core does not authorise this client",
            "The policy attached to the certificate does not allow iot:Connect for this client identifier, or the certificate is not active.",
            "Compare the client identifier with the policy's resource (arn:aws:iot:…:client/…), and see that the certificate is active.";
    }
}

explained! {
    /// A broker violated MQTT 3.1.1; the connection has been ended, as MQTT-4.8.0-1 demands.
    pub enum MqttViolation {
        /// A packet of a reserved type, or one that only clients send.
        PacketType = -2100, "MQTT-4.8.0-1",
            "the broker sent a packet that no broker sends",
            "What answers is no MQTT broker, or it speaks another version, or the stream is out of step.",
            "Check host and port: 1883 is MQTT in plain text, 8883 MQTT over TLS; MQTT over WebSocket is another protocol.";
        /// Flags of a packet's first byte are not those of its type.
        Flags = -2101, "MQTT-2.2.2-2",
            "the broker sent a packet with invalid flags",
            "The first byte of a packet has bits set that its type does not allow: what answers is no MQTT broker, or it is faulty.",
            "Check host and port, and the broker's version.";
        /// The remaining length has more than four bytes, or more than it needs.
        RemainingLength = -2102, "section 2.2.3",
            "the broker sent a packet whose length is malformed",
            "A packet's length has a fifth byte, or a longer form than it needs: what answers is no MQTT broker, or it is faulty.",
            "Check host and port, and the broker's version.";
        /// The remaining length is not one that a packet of this type can have.
        PacketLength = -2103, "MQTT-4.8.0-1",
            "the broker sent a packet whose length does not fit its type",
            "A packet is shorter or longer than its type can be: what answers is no MQTT broker, or it is faulty.",
            "Check host and port, and the broker's version.";
        /// A publish with both QoS bits set.
        QoS3 = -2104, "MQTT-3.3.1-4",
            "the broker sent a publish with QoS 3",
            "Both QoS bits of a message are set, which no QoS means: the broker is faulty.",
            "Report it to the broker's makers; another version may behave.";
        /// A publish with QoS 0 that says it is a duplicate.
        DuplicateAtQoS0 = -2105, "MQTT-3.3.1-2",
            "the broker sent a publish with QoS 0 as a duplicate",
            "A message of QoS 0 is never sent again, so that it cannot be a duplicate: the broker is faulty.",
            "Report it to the broker's makers; another version may behave.";
        /// A packet identifier of 0.
        PacketIdZero = -2106, "MQTT-2.3.1-1",
            "the broker sent a packet identifier of 0",
            "A message or an acknowledgement has the identifier 0, which none may have: the broker is faulty.",
            "Report it to the broker's makers; another version may behave.";
        /// A topic that is not UTF-8.
        Utf8 = -2107, "MQTT-1.5.3-1",
            "the broker sent a topic that is not UTF-8",
            "A publisher sent a topic in another encoding, and the broker let it through.",
            "Find the publisher; brokers are to refuse such topics.";
        /// A topic with a NUL.
        Nul = -2108, "MQTT-1.5.3-2",
            "the broker sent a topic with a NUL",
            "A publisher sent a topic with the end of a C string in it, and the broker let it through.",
            "Find the publisher; brokers are to refuse such topics.";
        /// A topic with a wildcard.
        Wildcard = -2109, "MQTT-3.3.2-2",
            "the broker sent a publish whose topic has a wildcard",
            "A publisher sent a filter for a topic, and the broker let it through.",
            "Find the publisher; brokers are to refuse such topics.";
        /// An empty topic.
        EmptyTopic = -2110, "MQTT-4.7.3-1",
            "the broker sent a publish without a topic",
            "A publisher sent it and the broker let it through, or the broker speaks MQTT 5.",
            "Find the publisher; brokers are to refuse such topics.";
        /// Something came before the CONNACK, or a second CONNACK.
        ConnAckOrder = -2111, "MQTT-3.2.0-1",
            "the broker did not begin with CONNACK, or sent it twice",
            "CONNACK is the first packet of a connection and comes once: what answers is no MQTT broker, or it is faulty.",
            "Check host and port, and the broker's version.";
        /// Reserved bits of a CONNACK are set.
        ConnAckFlags = -2112, "section 3.2.2.1",
            "the broker sent a CONNACK with reserved bits set",
            "Only one bit of the byte before the return code has a meaning: what answers is no MQTT broker, or speaks MQTT 5.",
            "Check host and port, and the broker's version.";
        /// A return code that is neither the standard's nor AWS's 7.
        ReturnCode = -2113, "MQTT-3.2.2-6",
            "the broker sent a CONNACK with an unknown return code",
            "The broker speaks MQTT 5, or has codes of its own.",
            "Allow MQTT 3.1.1 on the broker's listener.";
        /// A session present with a refusal.
        SessionWithRefusal = -2114, "MQTT-3.2.2-4",
            "the broker refused the connection and spoke of a session",
            "A refused connection has no session: the broker is faulty.",
            "Report it to the broker's makers; another version may behave.";
        /// A session present although a clean one was asked for.
        SessionNotClean = -2115, "MQTT-3.2.2-1",
            "the broker kept a session although a clean one was asked for",
            "The broker ignores the wish for a clean session: it is faulty, or forced to keep sessions.",
            "Report it to the broker's makers; another version may behave.";
        /// A return code in a SUBACK that the standard does not have.
        GrantedQoS = -2116, "MQTT-3.9.3-2",
            "the broker sent a SUBACK with an unknown return code",
            "Only 0, 1, 2 and 128 are answers to a filter: the broker is faulty, or speaks MQTT 5.",
            "Allow MQTT 3.1.1 on the broker's listener.";
        /// More or fewer return codes than filters.
        GrantedCount = -2117, "MQTT-3.8.4-5",
            "the broker answered another number of filters than it was asked for",
            "Each filter has its own answer, and there are too many or too few: the broker is faulty.",
            "Report it to the broker's makers; another version may behave.";
        /// An acknowledgement of something that was not sent, or of another kind than what was sent.
        UnknownPacketId = -2118, "MQTT-2.3.1-6",
            "the broker acknowledged something that was not sent",
            "The broker is faulty, or two devices share one session.",
            "See that no other device has the same client identifier.";
        /// A PINGRESP that answers nothing.
        UnexpectedPingResp = -2119, "MQTT-4.8.0-1",
            "the broker answered a ping that was not sent",
            "A PINGRESP answers one PINGREQ: what answers is no MQTT broker, or it is faulty.",
            "Check host and port, and the broker's version.";
        /// A packet identifier in use was sent with another message on the same connection.
        PacketIdInUse = -2120, "MQTT-2.3.1-4",
            "the broker used a packet identifier twice at a time",
            "An identifier is free again only when its message is acknowledged: the broker is faulty.",
            "Report it to the broker's makers; another version may behave.";
    }
}

explained! {
    /// The program asked for something that MQTT or its broker does not allow. Nothing has been sent.
    pub enum MqttMisuse {
        /// The server's identity has not been verified on this connection.
        Unverified = -2020, "",
            "the server has not been verified, so that it must not be told secrets",
            "The connection was made with `Trust::learn` or accepts anyone: it is encrypted to somebody unknown.",
            "Store the learned pin and connect again with it. In plain text, say so with `mqtt::PlainText`.";
        /// A string of more than 65,535 bytes.
        StringTooLong = -2200, "MQTT-4.7.3-3",
            "a string or a password has more than 65,535 bytes",
            "The standard gives the length two bytes.",
            "Send it as a payload.";
        /// A string with a NUL.
        Nul = -2201, "MQTT-1.5.3-2",
            "a string has a NUL in it",
            "A string from C with its end, or a buffer that was not filled, was taken for a topic.",
            "Cut the string where its text ends.";
        /// An empty topic or filter.
        EmptyTopic = -2202, "MQTT-4.7.3-1",
            "a topic or filter is empty",
            "A setting is missing.",
            "Give a topic of at least one character.";
        /// A wildcard in the topic of a publish or a will.
        Wildcard = -2203, "MQTT-3.3.2-2",
            "a topic to publish to has a wildcard",
            "A topic to publish to is one place; `+` and `#` have a meaning in filters only.",
            "Publish to one topic; subscribe to many.";
        /// `#` that is not the last level.
        MultiLevelWildcard = -2204, "MQTT-4.7.1-2",
            "`#` is not alone in the last level of a filter",
            "A `#` stands for all that follows: `plant/#` is right, `plant#` and `#/temp` are not.",
            "Put `#` alone into the last level.";
        /// `+` that does not fill its level.
        SingleLevelWildcard = -2205, "MQTT-4.7.1-3",
            "`+` is not alone in its level of a filter",
            "A `+` stands for one whole level: `plant/+/temp` is right, `plant/7+` is not.",
            "Put `+` alone between two slashes.";
        /// A SUBSCRIBE without a filter.
        EmptySubscribe = -2206, "MQTT-3.8.3-3",
            "a subscription has no filter",
            "The list of filters to subscribe to is empty.",
            "Give at least one filter.";
        /// An UNSUBSCRIBE without a filter.
        EmptyUnsubscribe = -2207, "MQTT-3.10.3-2",
            "an unsubscription has no filter",
            "The list of filters to unsubscribe from is empty.",
            "Give at least one filter.";
        /// An empty client identifier with a persistent session.
        EmptyClientId = -2208, "MQTT-3.1.3-7",
            "a persistent session needs a client identifier",
            "Without an identifier the broker cannot find the session again.",
            "Give the device an identifier of its own, or ask for a clean session.";
        /// A password without a user name.
        PasswordAlone = -2209, "MQTT-3.1.2-22",
            "a password needs a user name",
            "The standard does not allow a password alone.",
            "Give a user name; brokers that look at the password only take any.";
        /// A packet of more than 268,435,455 bytes.
        PacketTooLong = -2210, "section 2.2.3",
            "a packet would have more than 268,435,455 bytes",
            "The standard gives the length four bytes of seven bits.",
            "Send it in several messages.";
        /// An acknowledgement for a message of an earlier connection, or one that was acknowledged before.
        StaleAcknowledgement = -2211, "",
            "the message to acknowledge is of an earlier connection, or acknowledged already",
            "The connection was lost in between, and the broker sends the message again.",
            "Acknowledge it when it comes again.";
        /// A filter that is not among the subscriptions.
        NotSubscribed = -2212, "",
            "the filter to unsubscribe from is not among the subscriptions",
            "It was never subscribed to, is spelled differently, or its SUBACK has not come yet.",
            "Unsubscribe with the text that was subscribed with, after it was granted.";
        /// More payload than was announced, or a publish that was given up before its end.
        PayloadLength = -2213, "",
            "the payload is not of the length that was announced",
            "A publish in pieces said another length at its beginning, or was given up before its end.",
            "Supply exactly the bytes announced; after giving up, connect again.";
        /// The payload is larger than the broker takes.
        LimitPayload = -2250, "",
            "the payload is larger than this broker takes",
            "The broker's profile has a limit; AWS IoT Core takes 128 KB.",
            "Send it in several messages.";
        /// The client identifier is longer than the broker takes.
        LimitClientId = -2251, "",
            "the client identifier is longer than this broker takes",
            "The broker's profile has a limit; AWS IoT Core takes 128 bytes.",
            "Give the device a shorter client identifier.";
        /// The topic or filter is longer than the broker takes.
        LimitTopicLength = -2252, "",
            "the topic is longer than this broker takes",
            "The broker's profile has a limit; AWS IoT Core takes 256 bytes.",
            "Shorten the topic, or the names of its levels.";
        /// The topic or filter has more slashes than the broker takes.
        LimitTopicLevels = -2253, "",
            "the topic has more slashes than this broker takes",
            "The broker's profile has a limit; AWS IoT Core takes 7 slashes.",
            "Use fewer levels in topics and filters.";
        /// More filters in one SUBSCRIBE than the broker takes.
        LimitFilters = -2254, "",
            "more filters at once than this broker takes",
            "The broker's profile has a limit; AWS IoT Core takes 8 in one SUBSCRIBE.",
            "Subscribe in several calls.";
        /// More subscriptions than the broker takes.
        LimitSubscriptions = -2255, "",
            "more subscriptions than this broker takes",
            "The broker's profile has a limit; AWS IoT Core takes 50 on a connection.",
            "Cover several topics with one filter, by wildcards.";
        /// The keep-alive is outside what the broker takes.
        LimitKeepAlive = -2256, "",
            "the keep-alive is outside of what this broker takes",
            "The broker's profile has a range; AWS IoT Core takes 30 to 1200 seconds.",
            "Set a keep-alive within the range.";
        /// The broker does not serve this QoS.
        LimitQoS = -2257, "",
            "this broker does not serve this QoS",
            "The broker's profile has a limit; AWS IoT Core has no QoS 2.",
            "Use QoS 1, and make the message harmless to receive twice.";
    }
}

explained! {
    /// What the memory given to an MQTT session has no room for.
    pub enum MqttResource {
        /// All slots for outgoing messages are taken.
        InFlight = -2300, "",
            "all slots for outgoing messages are taken",
            "The broker has not acknowledged what was sent, or the device is offline and its queue is full.",
            "Wait for acknowledgements, choose what an overflowing queue drops, or give the session more slots.";
        /// More unfinished incoming messages of QoS 2 than slots. The others are completed before the connection is ended;
        /// connect again, and the rest comes.
        Incoming = -2301, "",
            "the broker sends more messages of QoS 2 at a time than there are slots",
            "A broker sends as many as its own limit says, or more; Mosquitto's max_inflight_messages is 20. The messages come on the next connections, as many as there are slots on each.",
            "Connect again. Give the session more slots than the broker's limit, lower that limit, or subscribe with QoS 1.";
        /// All slots for subscriptions are taken.
        Subscriptions = -2302, "",
            "all slots for subscriptions are taken",
            "The session remembers each filter, to renew it after a loss.",
            "Give the session more slots for subscriptions, or use wildcards.";
        /// The store has no room for a message.
        StoreFull = -2303, "",
            "the store has no room for the message",
            "Messages of QoS 1 and 2 are kept until they are acknowledged.",
            "Wait for acknowledgements, give the store more memory, or publish in pieces.";
        /// The store failed or holds nonsense.
        Store = -2304, "",
            "the store failed",
            "A write to flash failed, or what the store holds is damaged.",
            "Check the medium; erase the store if it was used by another program before.";
        /// A packet does not fit the input buffer.
        Input = -2305, "",
            "a packet from the broker does not fit the input buffer",
            "A topic, or the answer to a subscription with many filters, is longer than the buffer.",
            "Give a buffer as long as the longest topic that the filters admit, and 8 bytes.";
        /// A message does not fit the output buffer.
        Output = -2306, "",
            "a message of QoS 0 does not fit the output buffer",
            "Messages of QoS 0 are not stored, and wait nowhere else.",
            "Give a larger buffer, send the buffer's content first, or publish in pieces.";
        /// A publish in pieces is under way.
        Busy = -2307, "",
            "a message is being published in pieces",
            "Between its beginning and its end no other packet can be sent.",
            "Supply the rest of its payload first.";
    }
}
