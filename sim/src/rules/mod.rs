//! Rules as AWS IoT Core has them: a statement in SQL picks messages and says what becomes of their payloads.
//!
//! In reading order: [`syntax`] is a rule taken apart, which [`parse`](mod@parse) does with the words that [`lexer`] finds;
//! [`payload`] is a message's payload, [`value`] what an expression comes to, [`number`] how numbers are compared;
//! [`evaluate`] puts them together, and [`service`] does it with a broker.
//!
//! The semantics are those that AWS documents for SQL version 2016-03-23, in the part that `sim/TOOLS.md` describes.

pub mod evaluate;
pub mod lexer;
pub mod number;
pub mod parse;
pub mod payload;
pub mod service;
pub mod syntax;
#[cfg(test)]
mod tests;
pub mod value;

use bearcub::mqtt::packet::topic;

use crate::failure::Failure;
use evaluate::{Refused, Scope};
use lexer::SyntaxError;
use payload::Payload;
use syntax::{Statement, Template};

/// What stands for levels in a filter (MQTT 3.1.1 section 4.7.1).
const WILDCARDS: [char; 2] = ['+', '#'];

/// A statement, and where its results go.
#[derive(Clone, Debug)]
pub struct Rule {
    statement: Statement,
    target: Template,
    /// The level of the topic that has the client's identifier, from 1.
    client_level: Option<usize>,
}

/// A message as it came.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'m> {
    /// Its topic.
    pub topic: &'m str,
    /// Its payload.
    pub payload: &'m [u8],
    /// When it came, in milliseconds since 1970.
    pub received: u64,
}

/// What is published because of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
}

impl Rule {
    /// Takes a statement and a template for the topic of its results apart.
    ///
    /// # Errors
    /// What is wrong with one of them and where, or that the rule would be given its own results.
    pub fn new(sql: &str, target: &str, client_level: Option<usize>) -> Result<Rule, Failure> {
        let at = |what: &str, text: &str, error: SyntaxError| {
            Failure::Usage(format!("{what}: {}", error.shown_in(text)))
        };
        let statement = parse::statement(sql).map_err(|error| at("the statement", sql, error))?;
        topic::check_filter(&statement.filter).map_err(|error| {
            Failure::from(bearcub::Error::from(error)).at(format!("FROM '{}'", statement.filter))
        })?;
        let template = parse::template(target)
            .map_err(|error| at("the topic to republish to", target, error))?;
        let rule = Rule {
            statement,
            target: template,
            client_level,
        };
        rule.check_target(target)?;
        Ok(rule)
    }

    /// The filter to subscribe with.
    pub fn filter(&self) -> &str {
        &self.statement.filter
    }

    /// Whether a message with that topic would be given to the rule.
    pub fn takes(&self, name: &str) -> bool {
        topic::matches(self.filter(), name)
    }

    /// Tries the rule with a topic that its filter matches: a template that leads back with this one, or to no topic, does so
    /// with others.
    fn check_target(&self, template: &str) -> Result<(), Failure> {
        let no_topic = |why: &str| {
            Failure::Usage(format!(
                "the topic to republish to, `{template}`, {why}; republish to one topic, like 'stamped/${{topic()}}'"
            ))
        };
        let has_wildcard = "has a wildcard (+ or #), which is for filters";
        if template.is_empty() {
            return Err(no_topic("is empty"));
        }
        if self.target.texts().any(|text| text.contains(WILDCARDS)) {
            return Err(no_topic(has_wildcard));
        }
        let filter = self.filter();
        let example = filter.replace('+', "x").replace('#', "x/x/x/x/x/x/x/x");
        let message = Incoming {
            topic: &example,
            payload: b"",
            received: 0,
        };
        let scope = self.scope(&message);
        match self.target.topic(&scope) {
            Ok(target) if self.takes(&target) => Err(Failure::Usage(format!(
                "the rule would be given its own results, for ever: FROM '{filter}' matches what it republishes to, \
                 `{template}` (with the topic {example} that is {target}); republish to topics that the filter leaves out, \
                 like 'stamped/${{topic()}}'"
            ))),
            Ok(target) if target.contains(WILDCARDS) => Err(no_topic(has_wildcard)),
            Ok(_) => Ok(()),
            // What depends on the payload is looked at with each message.
            Err(_) => Ok(()),
        }
    }

    fn scope<'m>(&self, message: &Incoming<'m>) -> Scope<'m> {
        Scope {
            topic: message.topic,
            received: message.received,
            client_level: self.client_level,
            source: message.payload,
            payload: Payload::read(message.payload),
        }
    }

    /// What is to be published because of a message: nothing if WHERE leaves it out.
    ///
    /// # Errors
    /// Why it cannot be told, or not be published.
    pub fn apply(&self, message: &Incoming<'_>) -> Result<Option<Outgoing>, Refused> {
        let scope = self.scope(message);
        if !self.statement.picks(&scope)? {
            return Ok(None);
        }
        let target = self.target.topic(&scope)?;
        if self.takes(&target) {
            let why = "the rule would be given its own result, for ever: FROM matches the topic";
            return Err(Refused::at(target, why));
        }
        if let Err(error) = topic::check_name(&target) {
            return Err(Refused::at(target, bearcub::Error::from(error).to_string()));
        }
        Ok(Some(Outgoing {
            payload: self.statement.result(&scope),
            topic: target,
        }))
    }
}
