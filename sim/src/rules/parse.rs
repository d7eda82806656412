//! Takes statements and templates apart, by recursive descent.

use super::lexer::{Kind, LONGEST, SyntaxError, Word, word};
use super::syntax::{Comparison, Expression, Item, Piece, Statement, Template};

/// So deep may parentheses, NOT and functions be inside each other.
const DEEPEST: usize = 32;

/// Words that are no names.
const KEYWORDS: [&str; 10] = [
    "select", "from", "where", "as", "and", "or", "not", "true", "false", "null",
];

/// Takes a statement apart.
///
/// # Errors
/// The first thing that is wrong.
pub fn statement(text: &str) -> Result<Statement, SyntaxError> {
    let mut parser = Parser::new(text, 0)?;
    parser.expect_keyword("SELECT")?;
    if let Kind::Name(name) = &parser.next.kind
        && name == "VALUE"
    {
        return Err(parser.wrong("SELECT VALUE is not supported: results are JSON objects"));
    }
    let mut items = vec![parser.item()?];
    while parser.takes(",")? {
        items.push(parser.item()?);
    }
    if items.iter().filter(|item| **item == Item::All).count() > 1 {
        return Err(parser.wrong("there is more than one * before this"));
    }
    parser.expect_keyword("FROM")?;
    let Kind::Text(filter) = parser.next.kind.clone() else {
        return Err(parser.wrong("FROM is followed by a filter in quotation marks, like 'rtjm/#'"));
    };
    parser.advance()?;
    let condition = match parser.takes_keyword("WHERE")? {
        true => Some(parser.expression()?),
        false => None,
    };
    if parser.next.kind != Kind::End {
        let what = match condition {
            Some(_) => "the end, AND or OR",
            None => "WHERE or the end",
        };
        return Err(parser.expected(what));
    }
    Ok(Statement {
        items,
        filter,
        condition,
    })
}

/// Takes a template apart: `${…}` is an expression, and `$$` a dollar sign.
///
/// # Errors
/// The first thing that is wrong.
pub fn template(text: &str) -> Result<Template, SyntaxError> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find('$') {
        plain.push_str(&text[at..at + found]);
        at += found;
        let rest = &text[at + 1..];
        if rest.starts_with('{') {
            let mut parser = Parser::new(text, at + 2)?;
            let value = parser.expression()?;
            if parser.next.kind != Kind::Sign("}") {
                return Err(parser.expected("} after the expression"));
            }
            at = parser.next.at + 1;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Value(value));
        } else {
            plain.push('$');
            at += if rest.starts_with('$') { 2 } else { 1 };
        }
    }
    plain.push_str(&text[at..]);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(Template(pieces))
}

struct Parser<'t> {
    text: &'t str,
    next: Word,
    behind: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, from: usize) -> Result<Self, SyntaxError> {
        if text.len() > LONGEST {
            return Err(SyntaxError::new(0, "it is longer than 65,536 bytes"));
        }
        let (next, behind) = word(text, from)?;
        Ok(Parser {
            text,
            next,
            behind,
            depth: 0,
        })
    }

    fn advance(&mut self) -> Result<(), SyntaxError> {
        // What follows the brace is not a part of the expression.
        if self.next.kind != Kind::Sign("}") {
            (self.next, self.behind) = word(self.text, self.behind)?;
        }
        Ok(())
    }

    fn wrong(&self, what: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.next.at, what)
    }

    fn expected(&self, what: &str) -> SyntaxError {
        self.wrong(format!("expected {what}, found {}", self.next.kind))
    }

    fn takes(&mut self, sign: &'static str) -> Result<bool, SyntaxError> {
        let is_there = self.next.kind == Kind::Sign(sign);
        if is_there {
            self.advance()?;
        }
        Ok(is_there)
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), SyntaxError> {
        match self.takes(sign)? {
            true => Ok(()),
            false => Err(self.expected(sign)),
        }
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(&self.next.kind, Kind::Name(name) if name.eq_ignore_ascii_case(keyword))
    }

    fn takes_keyword(&mut self, keyword: &str) -> Result<bool, SyntaxError> {
        let is_there = self.is_keyword(keyword);
        if is_there {
            self.advance()?;
        }
        Ok(is_there)
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), SyntaxError> {
        match self.takes_keyword(keyword)? {
            true => Ok(()),
            false => Err(self.expected(keyword)),
        }
    }

    /// A name that is no keyword.
    fn name(&mut self, what: &str) -> Result<String, SyntaxError> {
        match self.next.kind.clone() {
            Kind::Name(name) if !is_keyword(&name) => {
                self.advance()?;
                Ok(name)
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Names with dots between them, of which the first has been read.
    fn path(&mut self, first: String) -> Result<Vec<String>, SyntaxError> {
        let mut names = vec![first];
        while self.takes(".")? {
            if names.len() == DEEPEST {
                return Err(self.wrong("there are more than 32 names with dots between them"));
            }
            names.push(match self.next.kind.clone() {
                // Behind a dot a keyword is a name.
                Kind::Name(name) => {
                    self.advance()?;
                    name
                }
                _ => return Err(self.expected("a name")),
            });
        }
        Ok(names)
    }

    fn item(&mut self) -> Result<Item, SyntaxError> {
        if self.takes("*")? {
            return Ok(Item::All);
        }
        let expression = self.expression()?;
        if self.takes_keyword("AS")? {
            let first = self.name("a name")?;
            return Ok(Item::Named(expression, self.path(first)?));
        }
        match &expression {
            Expression::Field(names) => {
                let own = names[names.len() - 1..].to_vec();
                Ok(Item::Named(expression, own))
            }
            _ => Err(self.expected("AS and a name for what is before")),
        }
    }

    fn expression(&mut self) -> Result<Expression, SyntaxError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("this is more than 32 levels deep"));
        }
        let all = self.list("OR", |parser| {
            parser
                .list("AND", Self::negation)
                .map(|all| one_or(all, Expression::And))
        })?;
        self.depth -= 1;
        Ok(one_or(all, Expression::Or))
    }

    fn list(
        &mut self,
        keyword: &str,
        part: impl Fn(&mut Self) -> Result<Expression, SyntaxError>,
    ) -> Result<Vec<Expression>, SyntaxError> {
        let mut all = vec![part(self)?];
        while self.takes_keyword(keyword)? {
            all.push(part(self)?);
        }
        Ok(all)
    }

    fn negation(&mut self) -> Result<Expression, SyntaxError> {
        let mut negations = 0;
        while self.takes_keyword("NOT")? {
            negations += 1;
            if negations > DEEPEST {
                return Err(self.wrong("there are more than 32 NOT before this"));
            }
        }
        let mut expression = self.comparison()?;
        for _ in 0..negations {
            expression = Expression::Not(Box::new(expression));
        }
        Ok(expression)
    }

    fn comparison(&mut self) -> Result<Expression, SyntaxError> {
        let left = self.primary()?;
        let Some(comparison) = self.sign_of_comparison() else {
            return Ok(left);
        };
        self.advance()?;
        let right = self.primary()?;
        if self.sign_of_comparison().is_some() {
            return Err(self.wrong("one comparison cannot follow another without parentheses"));
        }
        Ok(Expression::Compare(
            comparison,
            Box::new(left),
            Box::new(right),
        ))
    }

    fn sign_of_comparison(&self) -> Option<Comparison> {
        Some(match self.next.kind {
            Kind::Sign("=") => Comparison::Equal,
            Kind::Sign("<>") => Comparison::NotEqual,
            Kind::Sign("<") => Comparison::Less,
            Kind::Sign("<=") => Comparison::LessOrEqual,
            Kind::Sign(">") => Comparison::Greater,
            Kind::Sign(">=") => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }

    fn primary(&mut self) -> Result<Expression, SyntaxError> {
        let at = self.next.at;
        match self.next.kind.clone() {
            Kind::Sign("(") => {
                self.advance()?;
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Kind::Sign("-") => {
                self.advance()?;
                let Kind::Number(number) = self.next.kind.clone() else {
                    return Err(self.expected("a number after -"));
                };
                self.number(&format!("-{number}"))
            }
            Kind::Number(number) => self.number(&number),
            Kind::Text(text) => {
                self.advance()?;
                Ok(Expression::Literal(serde_json::Value::from(text).to_string()))
            }
            Kind::Name(name) => {
                let constant = name.to_ascii_lowercase();
                if ["true", "false", "null"].contains(&&*constant) {
                    self.advance()?;
                    return Ok(Expression::Literal(constant));
                }
                let name = self.name("a value")?;
                if self.takes("(")? {
                    return self.function(&name, at);
                }
                Ok(Expression::Field(self.path(name)?))
            }
            Kind::Sign("*") => Err(self.wrong(
                "* stands for the whole payload: beside other items of SELECT, or in encode(*, 'base64')",
            )),
            _ => Err(self.expected("a value")),
        }
    }

    /// A number, which JSON writes without zeros in front.
    fn number(&mut self, text: &str) -> Result<Expression, SyntaxError> {
        if serde_json::from_str::<serde_json::Number>(text).is_err() {
            return Err(self.wrong(format!("`{text}` is no number of JSON")));
        }
        self.advance()?;
        Ok(Expression::Literal(text.to_owned()))
    }

    /// A function, whose name and `(` have been read.
    fn function(&mut self, name: &str, at: usize) -> Result<Expression, SyntaxError> {
        let function = match &*name.to_ascii_lowercase() {
            "topic" => match self.next.kind.clone() {
                Kind::Number(number) => {
                    let level = number.parse().ok().filter(|level| *level > 0);
                    let level = level.ok_or_else(|| {
                        self.wrong("the levels of a topic are counted from 1, as topic(1)")
                    })?;
                    self.advance()?;
                    Expression::Level(level)
                }
                _ => Expression::Topic,
            },
            "timestamp" => Expression::Timestamp,
            "clientid" => Expression::ClientId,
            "encode" => {
                self.expect("*")?;
                self.expect(",")?;
                match &self.next.kind {
                    Kind::Text(text) if text == "base64" => self.advance()?,
                    _ => return Err(self.expected("'base64'")),
                }
                Expression::EncodedPayload
            }
            "get" => {
                let value = self.expression()?;
                self.expect(",")?;
                Expression::Get(Box::new(value), Box::new(self.expression()?))
            }
            _ => {
                let known = "topic(), topic(n), timestamp(), clientid(), get(value, key) and encode(*, 'base64')";
                let what = format!("there is no function `{name}` here; there are {known}");
                return Err(SyntaxError::new(at, what));
            }
        };
        self.expect(")")?;
        Ok(function)
    }
}

fn is_keyword(name: &str) -> bool {
    KEYWORDS
        .iter()
        .any(|keyword| name.eq_ignore_ascii_case(keyword))
}

/// The only one of them, or all of them put together.
fn one_or(
    mut all: Vec<Expression>,
    together: impl FnOnce(Vec<Expression>) -> Expression,
) -> Expression {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            together(all)
        }
    }
}
