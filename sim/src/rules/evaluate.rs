//! Evaluates expressions, statements and templates for one message.

use base64ct::{Base64, Encoding};
use serde_json::value::RawValue;

use super::payload::{Object, Payload};
use super::syntax::{Expression, Item, Piece, Statement, Template};
use super::value::Value;

/// What the publisher of a message is called where nothing says it.
pub const NO_CLIENT: &str = "n/a";

/// What an expression sees.
#[derive(Clone, Debug)]
pub struct Scope<'m> {
    /// The topic of the message.
    pub topic: &'m str,
    /// When it came, in milliseconds since 1970.
    pub received: u64,
    /// The level of the topic that has the client's identifier, from 1.
    pub client_level: Option<usize>,
    /// The payload, as it came.
    pub source: &'m [u8],
    /// The payload, looked into.
    pub payload: Payload<'m>,
}

/// Why nothing is published because of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it would have been.
    pub target: Option<String>,
    /// Why not.
    pub why: String,
}

impl Refused {
    fn new(why: &str) -> Self {
        Refused {
            target: None,
            why: why.to_owned(),
        }
    }

    /// It cannot go to that topic.
    pub fn at(target: String, why: impl Into<String>) -> Self {
        Refused {
            target: Some(target),
            why: why.into(),
        }
    }
}

impl<'m> Scope<'m> {
    fn level(&self, level: usize) -> Option<&'m str> {
        self.topic.split('/').nth(level.checked_sub(1)?)
    }

    fn field(&self, names: &[String]) -> Value<'m> {
        let Payload::Object(object) = &self.payload else {
            return Value::Undefined;
        };
        let Some((first, others)) = names.split_first() else {
            return Value::Undefined;
        };
        let inner = |value: &'m RawValue, name: &String| Object::read(value)?.get(name);
        let first = object.get(first);
        Value::of(first.and_then(|first| others.iter().try_fold(first, inner)))
    }
}

impl Expression {
    /// What it comes to.
    pub fn value<'m>(&'m self, scope: &Scope<'m>) -> Value<'m> {
        match self {
            Expression::Literal(json) => Value::Made(json.as_str().into()),
            Expression::Field(names) => scope.field(names),
            Expression::Topic => Value::text(scope.topic),
            Expression::Level(level) => scope.level(*level).map_or(Value::Undefined, Value::text),
            Expression::Timestamp => Value::Made(scope.received.to_string().into()),
            Expression::ClientId => {
                let level = scope.client_level.and_then(|level| scope.level(level));
                Value::text(level.unwrap_or(NO_CLIENT))
            }
            Expression::EncodedPayload => Value::text(&Base64::encode_string(scope.source)),
            Expression::Get(value, key) => value.value(scope).get(&key.value(scope)),
            Expression::Not(value) => truth(value.value(scope).truth().map(|value| !value)),
            Expression::And(all) => logical(all, scope, |all| all.iter().all(|one| *one)),
            Expression::Or(all) => logical(all, scope, |all| all.iter().any(|one| *one)),
            Expression::Compare(comparison, left, right) => {
                left.value(scope).compare(*comparison, &right.value(scope))
            }
        }
    }
}

fn truth(value: Option<bool>) -> Value<'static> {
    value.map_or(Value::Undefined, Value::boolean)
}

/// AND and OR want every operand to be true or false.
fn logical<'m>(
    all: &'m [Expression],
    scope: &Scope<'m>,
    together: impl Fn(&[bool]) -> bool,
) -> Value<'static> {
    let all: Option<Vec<bool>> = all.iter().map(|one| one.value(scope).truth()).collect();
    truth(all.map(|all| together(&all)))
}

/// A part of the result.
enum Node<'v> {
    Json(&'v str),
    Object(Members<'v>),
}

#[derive(Default)]
struct Members<'v>(Vec<(String, Node<'v>)>);

impl<'v> Members<'v> {
    /// Sets the member that these names lead to; it stays where it was, if it was there.
    fn set(&mut self, names: &[String], json: &'v str) {
        let Some((first, others)) = names.split_first() else {
            return;
        };
        let known = self.0.iter().position(|(name, _)| name == first);
        let index = known.unwrap_or(self.0.len());
        if known.is_none() {
            self.0.push((first.clone(), Node::Json(json)));
        }
        let Some((_, node)) = self.0.get_mut(index) else {
            return;
        };
        if others.is_empty() {
            *node = Node::Json(json);
            return;
        }
        if let Node::Json(_) = node {
            *node = Node::Object(Members::default());
        }
        if let Node::Object(members) = node {
            members.set(others, json);
        }
    }

    fn write(&self, out: &mut String) {
        out.push('{');
        for (index, (name, node)) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(&serde_json::Value::from(name.as_str()).to_string());
            out.push(':');
            match node {
                Node::Json(json) => out.push_str(json),
                Node::Object(members) => members.write(out),
            }
        }
        out.push('}');
    }
}

impl Statement {
    /// Whether WHERE lets a message pass.
    ///
    /// # Errors
    /// If it asks for fields, and the payload has none.
    pub fn picks(&self, scope: &Scope<'_>) -> Result<bool, Refused> {
        let Some(condition) = &self.condition else {
            return Ok(true);
        };
        let is_false = |one: &Expression| one.value(scope).truth() == Some(false);
        match condition.value(scope).truth() {
            Some(answer) => Ok(answer),
            None if matches!(condition, Expression::And(all) if all.iter().any(is_false)) => {
                Ok(false)
            }
            None if condition.has_field()
                && matches!(scope.payload, Payload::Json(_) | Payload::Bytes(_)) =>
            {
                let why = "WHERE asks for fields, and the payload is no JSON object";
                Err(Refused::new(why))
            }
            None => Ok(false),
        }
    }

    /// The payload of the result. What is no JSON object goes through `SELECT *` as it is. With other items it is a member of
    /// the result, `payload` if it is JSON, else `payload_base64`; unless nothing is selected that only an object has.
    pub fn result(&self, scope: &Scope<'_>) -> Vec<u8> {
        let has_all = self.items.contains(&Item::All);
        if has_all && self.items.len() == 1 {
            return scope.source.to_vec();
        }
        let values: Vec<Value<'_>> = self
            .items
            .iter()
            .map(|item| match item {
                Item::All => Value::Undefined,
                Item::Named(expression, _) => expression.value(scope),
            })
            .collect();
        let asks = |item: &Item| match item {
            Item::All => true,
            Item::Named(expression, _) => expression.has_field(),
        };
        let encoded = Value::text(&Base64::encode_string(scope.source));
        let mut members = Members::default();
        let mut set = |name: &str, json| members.set(&[name.to_owned()], json);
        match &scope.payload {
            Payload::Empty => {}
            Payload::Object(object) if has_all => {
                object
                    .members()
                    .for_each(|(name, json)| set(name, json.get()));
            }
            Payload::Object(_) => {}
            Payload::Json(json) if self.items.iter().any(asks) => set("payload", json.get()),
            Payload::Bytes(_) if self.items.iter().any(asks) => {
                set("payload_base64", encoded.json().unwrap_or("null"));
            }
            Payload::Json(_) | Payload::Bytes(_) => {}
        }
        for (item, value) in self.items.iter().zip(&values) {
            if let (Item::Named(_, names), Some(json)) = (item, value.json()) {
                members.set(names, json);
            }
        }
        let mut out = String::new();
        members.write(&mut out);
        out.into_bytes()
    }
}

impl Template {
    /// What of it stands as it is.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Value(_) => None,
        })
    }

    /// The topic that it makes.
    ///
    /// # Errors
    /// If one of its expressions comes to nothing that a topic can have.
    pub fn topic(&self, scope: &Scope<'_>) -> Result<String, Refused> {
        let mut topic = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => topic.push_str(text),
                Piece::Value(expression) => {
                    let text = expression.value(scope).in_topic().ok_or_else(|| {
                        Refused::new("an expression in the topic to republish to comes to no text, number, true or false")
                    })?;
                    topic.push_str(&text);
                }
            }
        }
        Ok(topic)
    }
}
