//! What an expression comes to.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::value::RawValue;

use super::number::Decimal;
use super::payload::Object;
use super::syntax::Comparison;

/// A value, or none.
#[derive(Clone, Debug)]
pub enum Value<'m> {
    /// None: a field that is not there, a comparison that makes no sense.
    Undefined,
    /// A part of the payload, as it is written there.
    Part(&'m RawValue),
    /// Another one, in JSON.
    Made(Cow<'m, str>),
}

/// A value by its type.
#[derive(Clone, Debug)]
enum Kind<'v> {
    Undefined,
    Null,
    Boolean(bool),
    Number(Decimal),
    Text(String),
    /// A list or an object.
    Structure(&'v str),
}

impl<'m> Value<'m> {
    /// A text.
    pub fn text(text: &str) -> Self {
        Value::Made(serde_json::Value::from(text).to_string().into())
    }

    /// True or false.
    pub fn boolean(value: bool) -> Self {
        Value::Made(if value { "true" } else { "false" }.into())
    }

    /// A value that may be there.
    pub fn of(part: Option<&'m RawValue>) -> Self {
        part.map_or(Value::Undefined, Value::Part)
    }

    /// As JSON, if there is any.
    pub fn json(&self) -> Option<&str> {
        match self {
            Value::Undefined => None,
            Value::Part(part) => Some(part.get()),
            Value::Made(json) => Some(json),
        }
    }

    fn kind(&self) -> Kind<'_> {
        let Some(json) = self.json() else {
            return Kind::Undefined;
        };
        match json.as_bytes().first() {
            Some(b'n') => Kind::Null,
            Some(b't' | b'f') => Kind::Boolean(json == "true"),
            Some(b'"') => serde_json::from_str(json).map_or(Kind::Undefined, Kind::Text),
            Some(b'{' | b'[') => Kind::Structure(json),
            _ => Decimal::parse(json).map_or(Kind::Undefined, Kind::Number),
        }
    }

    /// True or false, also as a text; nothing for other values.
    pub fn truth(&self) -> Option<bool> {
        match self.kind() {
            Kind::Boolean(value) => Some(value),
            Kind::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Kind::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// What stands for it in a topic: texts, numbers, true and false do.
    pub fn in_topic(&self) -> Option<String> {
        match self.kind() {
            Kind::Text(text) => Some(text),
            Kind::Boolean(_) | Kind::Number(_) => self.json().map(str::to_owned),
            _ => None,
        }
    }

    /// The part of an object with that name, or of a list at that index.
    pub fn get(&self, key: &Value<'_>) -> Value<'m> {
        let Value::Part(part) = *self else {
            return Value::Undefined;
        };
        match key.kind() {
            Kind::Text(name) => Value::of(Object::read(part).and_then(|object| object.get(&name))),
            Kind::Number(_) => {
                let index = key.json().and_then(|json| json.parse::<usize>().ok());
                let list: Option<Vec<&'m RawValue>> = serde_json::from_str(part.get()).ok();
                let found = list.zip(index);
                Value::of(found.and_then(|(list, index)| list.get(index).copied()))
            }
            _ => Value::Undefined,
        }
    }

    /// Compares two values. Equality is for all types, and nothing is converted; order is for numbers, and for texts that
    /// are numbers.
    pub fn compare(&self, comparison: Comparison, other: &Value<'_>) -> Value<'static> {
        let (left, right) = (self.kind(), other.kind());
        if let (Comparison::Equal | Comparison::NotEqual, Some(equal)) =
            (comparison, equality(&left, &right))
        {
            return Value::boolean(equal == (comparison == Comparison::Equal));
        }
        let (Some(left), Some(right)) = (as_number(left), as_number(right)) else {
            return Value::Undefined;
        };
        let order = left.cmp(&right);
        Value::boolean(match comparison {
            Comparison::Less => order == Ordering::Less,
            Comparison::LessOrEqual => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            Comparison::GreaterOrEqual => order != Ordering::Less,
            Comparison::Equal | Comparison::NotEqual => return Value::Undefined,
        })
    }
}

fn as_number(kind: Kind<'_>) -> Option<Decimal> {
    match kind {
        Kind::Number(number) => Some(number),
        Kind::Text(text) => Decimal::parse(&text),
        _ => None,
    }
}

/// Whether two values are equal; nothing if one is none, or a structure too deep to be looked into.
fn equality(left: &Kind<'_>, right: &Kind<'_>) -> Option<bool> {
    let parse = |json: &str| serde_json::from_str::<serde_json::Value>(json).ok();
    Some(match (left, right) {
        (Kind::Undefined, _) | (_, Kind::Undefined) => return None,
        (Kind::Null, Kind::Null) => true,
        (Kind::Boolean(left), Kind::Boolean(right)) => left == right,
        (Kind::Number(left), Kind::Number(right)) => left == right,
        (Kind::Text(left), Kind::Text(right)) => left == right,
        (Kind::Structure(left), Kind::Structure(right)) => parse(left)? == parse(right)?,
        _ => false,
    })
}
