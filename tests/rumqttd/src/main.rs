//! rumqttd on a port of this computer, until it is killed: `second-broker PORT`.

use rumqttd::{Broker, Config};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = std::env::args()
        .nth(1)
        .ok_or("no port was given")?
        .parse()?;
    let config: Config = serde_json::from_value(json!({
        "id": 0,
        "router": {
            "max_connections": 100,
            "max_outgoing_packet_count": 200,
            "max_segment_size": 1 << 20,
            "max_segment_count": 10,
        },
        "v4": { "1": {
            "name": "v4",
            "listen": format!("127.0.0.1:{port}"),
            "next_connection_delay_ms": 1,
            "connections": {
                "connection_timeout_ms": 10_000,
                "max_payload_size": 1 << 20,
                "max_inflight_count": 100,
                "auth": { "plant": "password" },
                "dynamic_filters": true,
            },
        } },
    }))?;
    Broker::new(config).start()?;
    Ok(())
}
