//! The payload of a message.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What a payload is.
#[derive(Clone, Debug)]
pub enum Payload<'m> {
    /// Nothing.
    Empty,
    /// A JSON object.
    Object(Object<'m>),
    /// Other JSON: a number, a text, a list.
    Json(&'m RawValue),
    /// No JSON.
    Bytes(&'m [u8]),
}

impl<'m> Payload<'m> {
    /// Looks at bytes.
    pub fn read(bytes: &'m [u8]) -> Self {
        if bytes.is_empty() {
            return Payload::Empty;
        }
        let json = str::from_utf8(bytes)
            .ok()
            .and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
        match json {
            None => Payload::Bytes(bytes),
            Some(json) if json.get().starts_with('{') => {
                Object::read(json).map_or(Payload::Bytes(bytes), Payload::Object)
            }
            Some(json) => Payload::Json(json),
        }
    }
}

/// A JSON object: its members in their order, with their values as they are written.
#[derive(Clone, Debug)]
pub struct Object<'m>(Vec<(String, &'m RawValue)>);

impl<'m> Object<'m> {
    /// Reads one.
    pub fn read(json: &'m RawValue) -> Option<Self> {
        serde_json::from_str(json.get()).ok()
    }

    /// The member with that name; of several the last.
    pub fn get(&self, name: &str) -> Option<&'m RawValue> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| *value)
    }

    /// All members.
    pub fn members(&self) -> impl Iterator<Item = (&str, &'m RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
